"""Conditions that belong together and cannot hold together, or that leave out more than is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from schemas.filters.uses import TYPES, Use

Found: TypeAlias = tuple[str, str, str]
"""The rule, the path, and what to write instead."""
_OPERATIONS = ("INSERT", "MODIFY", "REMOVE", "SNAPSHOT")
_WITHOUT = {"NewImage": frozenset({"REMOVE"}), "OldImage": frozenset({"INSERT", "SNAPSHOT"})}
"""The operations whose records never have that image."""


def contradictions(branch: list[Use]) -> Iterator[Found]:
    """What is wrong with one of the ways in which a record may match a pattern."""
    operations = _operations(branch)
    for rule in _RULES:
        yield from rule(branch, operations)


def never_together(uses: Iterable[Use]) -> Iterator[Found]:
    """Fields that all of these, together, want to be different texts."""
    wanted: dict[tuple[str, ...], frozenset[str]] = {}
    for use in (use for use in uses if use.texts):
        wanted[use.keys] = wanted.get(use.keys, use.texts) & use.texts
        if not wanted[use.keys]:
            field = ".".join(use.keys)
            yield "never", use.path, f"no value is all that the parts of all_of want of {field}; take one out"


def _operations(branch: list[Use]) -> frozenset[str]:
    """Those that the branch lets through."""
    for use in branch:
        if use.keys == ("eventName",):
            return frozenset(filter(use.condition.takes, _OPERATIONS))
    return frozenset(_OPERATIONS)


def _of_image(branch: list[Use], side: str) -> list[Use]:
    return [use for use in branch if use.keys[:2] == ("dynamodb", side) and not use.changes and not use.absent]


def _drops_removes(branch: list[Use], operations: frozenset[str]) -> Iterator[Found]:
    for use in _of_image(branch, "NewImage"):
        if "REMOVE" in operations and len(operations) > 1:
            yield (
                "drops-removes",
                use.path,
                "a REMOVE has no NewImage, so none passes and what it removes stays where it was copied to; write "
                '"eventName": ["INSERT", "MODIFY"] if that is meant, or give a group a `where` in place of a filter',
            )


def _image_that_is_not_there(branch: list[Use], operations: frozenset[str]) -> Iterator[Found]:
    for side, without in _WITHOUT.items():
        if operations and operations <= without:
            named = " or ".join(sorted(operations))
            for use in _of_image(branch, side):
                yield "never", use.path, f"{side} is in no {named}; ask {_other(side)}, or another eventName"


def _other(side: str) -> str:
    return "OldImage" if side == "NewImage" else "NewImage"


def _removes_only(branch: list[Use], operations: frozenset[str]) -> Iterator[Found]:
    if operations == {"REMOVE"}:
        path = next(use.path for use in branch if use.keys == ("eventName",))
        yield (
            "removes-only",
            path,
            "only removals pass: a read model that hears of nothing else stays empty; a group says what it holds by "
            "`where`, and takes removals by itself",
        )


def _unknown_operation(branch: list[Use], _operations: frozenset[str]) -> Iterator[Found]:
    for use in branch:
        if use.keys == ("eventName",) and (unknown := use.texts - set(_OPERATIONS)):
            yield (
                "never",
                use.path,
                f"no event is {' or '.join(sorted(unknown))}; write one of {', '.join(_OPERATIONS)}",
            )


def _two_types(branch: list[Use], _operations: frozenset[str]) -> Iterator[Found]:
    letters: dict[tuple[str, ...], str] = {}
    for use in branch:
        if use.image and len(use.keys) > 3 and use.keys[3] in TYPES and not (use.absent or use.changes):
            first = letters.setdefault(use.keys[:3], use.keys[3])
            if first != use.keys[3]:
                yield (
                    "never",
                    use.path,
                    f"{use.keys[2]} cannot be {first} and {use.keys[3]} at once; put them in an $or",
                )


_RULES: tuple[Callable[[list[Use], frozenset[str]], Iterator[Found]], ...] = (
    _drops_removes,
    _image_that_is_not_there,
    _removes_only,
    _unknown_operation,
    _two_types,
)
