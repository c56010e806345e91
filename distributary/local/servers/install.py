"""A program's folder in the cache, fetched through `mvn` or built by `cargo` where it is not there yet."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape

from distributary.errors import NotFetched
from distributary.local.servers.artifacts import DEPENDENCY_PLUGIN, Artifact, Crate, MavenProgram, Program, sums_of
from distributary.local.servers.cache import Cache
from distributary.local.servers.checksums import check_files
from distributary.local.servers.tools import Tools

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>distributary</groupId><artifactId>{name}</artifactId><version>{version}</version><packaging>pom</packaging>
  <dependencies>
{dependencies}
  </dependencies>
</project>
"""
_ALONE = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"


class Installer:
    """The programs' folders in `cache`; what is not there is installed with `tools`, and `tell` hears of it."""

    def __init__(self, cache: Cache, tools: Tools, tell: Callable[[str], None] = lambda _: None) -> None:
        self._cache = cache
        self._tools = tools
        self._tell = tell

    def check_tools(self, program: Program) -> None:
        """Nothing, where `program` is installed or can be. Raises ToolMissing."""
        if not self._cache.holds(folder_name(program)):
            self._tools.program("cargo" if isinstance(program, Crate) else "mvn")

    def folder(self, program: Program) -> Path:
        """The program's folder. Raises ToolMissing, NotFetched, WrongChecksum, UnusableFolder."""

        def install(folder: Path) -> None:
            verb = "building" if isinstance(program, Crate) else "fetching"
            self._tell(f"{verb} {program.name} {program.version} (once; it is kept in {self._cache.folder})")
            if isinstance(program, Crate):
                self._build(program, folder)
            else:
                self._fetch(program, folder)

        lock = "cargo" if isinstance(program, Crate) else "maven"  # neither likes a second one beside it
        return self._cache.installed(folder_name(program), lock, install)

    def _fetch(self, program: MavenProgram, folder: Path) -> None:
        # 1. fetch
        pom, fetched = folder / "pom.xml", folder / "fetched"
        pom.write_text(pom_of(program), "utf-8")
        options = ["--batch-mode", "--quiet", "--file", str(pom), f"{DEPENDENCY_PLUGIN}:copy-dependencies"]
        properties = [f"-DoutputDirectory={fetched}", "-DincludeScope=runtime"]
        java = {"JAVA_HOME": str(self._tools.java_home)}
        self._run([self._tools.program("mvn"), *options, *properties], java, program)
        # 2. check, before anything looks into it
        fetched.mkdir(exist_ok=True)
        check_files(fetched, sums_of(program), f"{program.name} {program.version}")
        # 3. put in place
        for file in sorted(fetched.iterdir()):
            if file.suffix == ".jar":
                file.rename(folder / file.name)
            else:
                unpack(file, folder, program.strip)
        shutil.rmtree(fetched)

    def _build(self, crate: Crate, folder: Path) -> None:
        target = folder / "target"
        self._run(
            [self._tools.program("cargo"), *cargo_arguments(crate), "--root", str(folder), "--target-dir", str(target)],
            {},
            crate,
        )
        shutil.rmtree(target, ignore_errors=True)

    def _run(self, command: Sequence[str], variables: Mapping[str, str], program: Program) -> None:
        ended = subprocess.run(
            command,
            env={**self._tools.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if ended.returncode:
            said = ended.stdout.decode(errors="replace").strip().splitlines()
            errors = [line for line in said if "error" in line.lower()] or said[-1:]
            raise NotFetched(
                f"{program.name} {program.version} was not fetched: {Path(command[0]).name} ended with "
                f"{ended.returncode} and said {errors[0] if errors else 'nothing'!r}; "
                "see whether it reaches its repository, and start again"
            )


def folder_name(program: Program) -> str:
    """The name of a program's folder: program, version, and a digest of all that decides what is in it."""
    if isinstance(program, Crate):
        manifest = " ".join(cargo_arguments(program))
    else:
        manifest = pom_of(program) + str(sorted(sums_of(program).items()))
    return f"{program.name}-{program.version}-{sha256(manifest.encode()).hexdigest()[:12]}"


def cargo_arguments(crate: Crate) -> list[str]:
    """What `cargo` is asked for."""
    version = ["--version", crate.version, "--locked"]
    return ["install", crate.name, *version, "--no-default-features", "--features", crate.features]


def pom_of(program: MavenProgram) -> str:
    """A Maven project that has nothing but the program as its dependencies."""
    dependencies = "\n".join(_dependency(artifact) for artifact in program.artifacts)
    return _POM.format(name=program.name, version=program.version, dependencies=dependencies)


def _dependency(artifact: Artifact) -> str:
    fields = {
        "groupId": artifact.group,
        "artifactId": artifact.name,
        "version": artifact.version,
        "type": artifact.kind,
        "classifier": artifact.classifier,
    }
    elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items() if value)
    return f"    <dependency>{elements}{_ALONE if artifact.alone else ''}</dependency>"


def unpack(archive: Path, folder: Path, strip: int) -> None:
    """Puts an archive's files (zip, or tar.gz) into `folder`, without the first `strip` folders of their paths."""
    inside = folder / "unpacked"
    inside.mkdir()
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(inside)
    else:
        with tarfile.open(archive) as opened_tar:
            opened_tar.extractall(inside, filter="data")
    roots = [inside]
    for _ in range(strip):
        roots = [entry for root in roots for entry in root.iterdir() if entry.is_dir()]
    for root in roots:
        for entry in root.iterdir():
            entry.rename(folder / PurePosixPath(entry.name))
    shutil.rmtree(inside)
