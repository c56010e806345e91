"""The house rules as functions: each takes source files and gives one sentence for every breach it finds."""

from __future__ import annotations

import ast
import builtins
import io
import re
import statistics
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple, TypeAlias

MAX_FILE_LINES, MEDIAN_FILE_LINES, MAX_FUNCTION_LINES = 300, 100, 40

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_Documented: TypeAlias = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Import(NamedTuple):
    """One name that a file imports, in full; `for_types` where that is under `if TYPE_CHECKING:`."""

    line: int
    name: str
    for_types: bool


@dataclass(frozen=True)
class SourceFile:
    """A Python file: its path from the project's root, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The file's syntax tree."""
        return ast.parse(self.text)

    @property
    def module(self) -> str:
        """The name it is imported under."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def is_test(self) -> bool:
        """Whether it is part of the tests."""
        return self.path.startswith("tests/")

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """What it imports, anywhere in it: by a statement or by `import_module("name")`."""
        guards = [node for node in ast.walk(self.tree) if isinstance(node, ast.If) and _is_type_checking(node.test)]
        for_types = {id(inner) for guard in guards for node in guard.body for inner in ast.walk(node)}
        return tuple(
            Import(node.lineno, name, id(node) in for_types)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom | ast.Call)
            for name in self._imported(node)
        )

    def _imported(self, node: ast.Import | ast.ImportFrom | ast.Call) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            package = self.module.split(".") if self.path.endswith("__init__.py") else self.module.split(".")[:-1]
            start = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*start, *([node.module] if node.module else [])])
            return [f"{origin}.{alias.name}" for alias in node.names]
        if _chain(node.func)[-1] not in ("import_module", "__import__"):
            return []
        return [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)][:1]

    @cached_property
    def mentions(self) -> tuple[tuple[int, str], ...]:
        """Everything it names that it imported, in full (`datetime.datetime.now`), under whatever name it did so."""
        origins: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.name if alias.asname else alias.name.split(".")[0]
                    origins[alias.asname or name] = name
            elif isinstance(node, ast.ImportFrom):
                for alias, name in zip(node.names, self._imported(node), strict=True):
                    origins[alias.asname or alias.name] = name
        found = [(imported.line, imported.name) for imported in self.imports]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name | ast.Attribute):
                root, *rest = _chain(node)
                if root in origins:
                    found.append((node.lineno, ".".join([origins[root], *rest])))
        return tuple(found)


def wrong_directions(files: Iterable[SourceFile], may_import: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Imports from one layer to another that `may_import` does not list; a layer may always import itself."""

    def layer_of(name: str) -> str | None:
        layers = [layer for layer in may_import if name == layer or name.startswith(layer + ".")]
        return max(layers, key=len, default=None)

    for file in files:
        layer = layer_of(file.module)
        if layer is None:
            yield f"{file.path} belongs to no layer"
            continue
        for line, name, _ in file.imports:
            target = layer_of(name)
            if target is not None and target != layer and target not in may_import[layer]:
                yield f"{file.path}:{line} imports {name}: {layer} may not depend on {target}"


def stray_libraries(
    files: Iterable[SourceFile], homes: Mapping[str, tuple[str, ...]], ours: frozenset[str]
) -> Iterator[str]:
    """Imports of libraries outside their homes (a library without a line has none), and lines nobody needs."""
    used: set[tuple[str, str]] = set()
    for file in files:
        imports = [(line, name.split(".")[0]) for line, name, for_types in file.imports if not for_types]
        for line, library in dict.fromkeys(imports):
            if library in ours or (library in sys.stdlib_module_names and library not in homes):
                continue
            patterns = [pattern for pattern in homes.get(library, ()) if fnmatchcase(file.path, pattern)]
            used.update((library, pattern) for pattern in patterns)
            if not patterns:
                home = ", ".join(homes.get(library, ("no file",)))
                yield f"{file.path}:{line} imports {library}, which is at home in {home}"
    for library, patterns_of in homes.items():
        for pattern in patterns_of:
            if (library, pattern) not in used:
                yield f"{library} is said to be at home in {pattern}, which does not import it"


def stray_mentions(files: Iterable[SourceFile], names: Iterable[str], allowed_in: Iterable[str] = ()) -> Iterator[str]:
    """Mentions of `names` (patterns) outside the files of `allowed_in` (patterns)."""
    for file in files:
        if not any(fnmatchcase(file.path, pattern) for pattern in allowed_in):
            for line, mentioned in sorted(set(file.mentions)):
                if any(fnmatchcase(mentioned, name) for name in names):
                    yield f"{file.path}:{line} uses {mentioned}"


def too_long(files: Iterable[SourceFile]) -> Iterator[str]:
    """Files and functions over their limit, and a median file that is."""
    lengths = []
    for file in files:
        lines = len(file.text.splitlines())
        if lines > MAX_FILE_LINES:
            yield f"{file.path} has {lines} lines, at most {MAX_FILE_LINES}"
        if lines and not file.is_test:
            lengths.append(lines)
        for node in ast.walk(file.tree):
            if isinstance(node, Function) and (length := _length(node)) > MAX_FUNCTION_LINES:
                place = f"{file.path}:{node.lineno}"
                yield f"{place} the function {node.name} has {length} lines, at most {MAX_FUNCTION_LINES}"
    if lengths and statistics.median(lengths) >= MEDIAN_FILE_LINES:
        yield f"the median file has {statistics.median(lengths):g} lines, less than {MEDIAN_FILE_LINES}"


def forbidden_names(files: Iterable[SourceFile]) -> Iterator[str]:
    """Modules and classes with a name that says nothing, and notes of things left undone."""
    for file in files:
        for part in PurePosixPath(file.path).with_suffix("").parts:
            if part in ("utils", "common", "helpers", "base"):
                yield f"{file.path}: {part} is no name for a module"
        for node in ast.walk(file.tree):
            if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Impl")):
                yield f"{file.path}:{node.lineno} {node.name} is no name for a class"
        for line, text in _prose(file):
            if note := re.search(r"\b(TODO|FIXME|XXX)\b", text):
                yield f"{file.path}:{line} has a {note.group()}"


def undocumented(files: Iterable[SourceFile]) -> Iterator[str]:
    """Public modules, classes, functions and methods without a docstring."""

    def visit(file: SourceFile, node: _Documented, name: str) -> Iterator[str]:
        if not ast.get_docstring(node):
            yield f"{file.path}:{getattr(node, 'lineno', 1)} {name} has no docstring"
        if not isinstance(node, Function):
            for child in node.body:
                if isinstance(child, _Documented) and not child.name.startswith("_"):
                    yield from visit(file, child, child.name)

    for file in files:
        yield from visit(file, file.tree, file.module)


def stray_errors(files: Iterable[SourceFile]) -> Iterator[str]:
    """Public exceptions outside an `errors.py`, ones without "Raised when", and an `errors.py` of several bases."""
    classes = [(file, node) for file in files for node in ast.walk(file.tree) if isinstance(node, ast.ClassDef)]
    exceptions = {
        name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
    }
    while more := {node.name for _, node in classes if _bases(node) & exceptions} - exceptions:
        exceptions |= more
    bases: dict[str, list[str]] = {}
    for file, node in classes:
        if node.name not in exceptions or node.name.startswith("_"):
            continue
        if PurePosixPath(file.path).name != "errors.py":
            yield f"{file.path}:{node.lineno} {node.name} is an exception; it belongs in an errors.py"
        elif not _bases(node) & {other.name for one, other in classes if one == file}:
            bases.setdefault(file.path, []).append(node.name)
        elif not re.match(r"Raised\b.*\bwhen\b", ast.get_docstring(node) or ""):
            yield f"{file.path}:{node.lineno} the docstring of {node.name} does not begin with 'Raised when'"
    for path, names in bases.items():
        if len(names) > 1:
            yield f"{path} has several bases: {', '.join(names)}"


def unpinned(constraints: str) -> Iterator[str]:
    """Requirements that are not one exact version with its hashes, and addresses to fetch them from."""
    exact = re.compile(r"[\w.-]+(\[[\w,-]+\])?==[\w.!+]+( ; [^#@]+?)?( --hash=sha256:[0-9a-f]{64})+", re.ASCII)
    for requirement in constraints.replace("\\\n", " ").splitlines():
        text = " ".join(requirement.split())
        if not exact.fullmatch(text) or "://" in text:
            yield f"constraints.txt: {text[:80]!r} is not one exact version with its hashes"


def _chain(node: ast.expr) -> list[str]:
    """`a.b.c` as its names; what does not begin with a name begins with nothing."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else "", *reversed(names)]


def _is_type_checking(test: ast.expr) -> bool:
    return _chain(test)[-1] == "TYPE_CHECKING"


def _length(function: Function) -> int:
    first = function.body[0]
    has_docstring = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def _bases(node: ast.ClassDef) -> set[str]:
    return {_chain(base)[-1] for base in node.bases}


def _prose(file: SourceFile) -> Iterator[tuple[int, str]]:
    """The comments and docstrings of a file."""
    for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(file.tree):
        if isinstance(node, _Documented) and (docstring := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), docstring
