"""What is legal in a pattern and hardly ever meant. Each finding says what happens, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from schemas.filters.branch_lint import Found, contradictions, never_together
from schemas.filters.uses import FIELDS, TYPES, Use, uses_of
from schemas.filters.whole import AllOf, Pattern, Whole

_TEXTUAL = frozenset({"prefix", "suffix", "wildcard", "equals-ignore-case", "matches"})
_NUMBERS = frozenset({"N", "NS"})


class PatternWarning(msgspec.Struct, frozen=True):
    """Something hardly meant: `rule` names the kind of it, `path` the field, `message` says what to write instead."""

    rule: str
    path: str
    message: str


def lint(whole: Whole, table_schema: Mapping[str, str]) -> list[PatternWarning]:
    """The warnings about a filter; `table_schema`: the table's attributes and their type letters.

    A pattern that names a field of records (and no attribute of that name is in the schema) is about records, any other
    about an item's attributes.
    """
    return [PatternWarning(*found) for found in dict.fromkeys(_whole(whole, table_schema))]


def _whole(whole: Whole, schema: Mapping[str, str]) -> Iterator[Found]:
    if isinstance(whole, Pattern):
        for branch in whole.branches:
            yield from _branch(uses_of(branch), schema)
        return
    for part in whole.parts:
        yield from _whole(part, schema)
    if isinstance(whole, AllOf):
        simple = (part for part in whole.parts if isinstance(part, Pattern) and len(part.branches) == 1)
        uses = (use for part in simple for use in uses_of(*part.branches))
        yield from never_together(use for use in uses if not use.may_be_several(schema))


def _branch(uses: list[Use], schema: Mapping[str, str]) -> Iterator[Found]:
    about_records = any(use.keys[0] in FIELDS - schema.keys() for use in uses)
    for use in uses:
        for rule in _OF_RECORDS if about_records else _OF_ITEMS:
            yield from rule(use, schema)
    if about_records:
        yield from contradictions(uses)


_Rule = Callable[[Use, Mapping[str, str]], Iterator[Found]]


def _without_type_letter(use: Use, _schema: Mapping[str, str]) -> Iterator[Found]:
    if use.image and len(use.keys) == 3 and not use.changes:
        name = use.keys[2]
        if "exists" in use.operators:
            what = "`exists` under an attribute without its type letter looks for a scalar there, and never finds one: "
            what += "true never matches, false always"
        else:
            what = "a condition on an attribute without its type letter never matches: an image has {type: value} there"
        yield "no-type-letter", use.path, f'{what}; write {{"{name}": {{"S": [...]}}}}, with the type that {name} has'


def _another_type(use: Use, schema: Mapping[str, str]) -> Iterator[Found]:
    if use.image and len(use.keys) > 3:
        name, letter = use.keys[2:4]
        if letter not in TYPES:
            types = ", ".join(sorted(TYPES))
            message = f"{letter} is no type of DynamoDB; between an attribute and its value stands one of {types}"
            yield "no-type-letter", use.path, message
        elif schema.get(name, letter) not in (letter, "ANY"):
            message = f"{name} is {schema[name]} in the table's schema, so {letter} is never there"
            yield "another-type", use.path, f"{message}; write {schema[name]}"


def _number_as_number(use: Use, _schema: Mapping[str, str]) -> Iterator[Found]:
    if use.letter in _NUMBERS and ("numeric" in use.operators or use.has_numbers):
        yield (
            "numeric-on-text",
            use.path,
            'AWS carries numbers as text, so this never matches; write {"number": [">=", 5]} where we evaluate, or '
            'the digits as text, such as "5", for an event source mapping',
        )


def _text_of_number(use: Use, schema: Mapping[str, str]) -> Iterator[Found]:
    is_number = use.letter in _NUMBERS or (len(use.keys) == 1 and schema.get(use.keys[0]) in _NUMBERS)
    if is_number and (names := _TEXTUAL & use.operators):
        yield (
            "text-of-a-number",
            use.path,
            f"{' and '.join(sorted(names))} looks at a number's digits as text (1 is a prefix of 10), or at nothing; "
            'write {"number": [">=", 1, "<", 2]}',
        )


def _unknown_field(use: Use, _schema: Mapping[str, str]) -> Iterator[Found]:
    if use.keys[0] not in FIELDS:
        known = ", ".join(sorted(FIELDS))
        yield "unknown-field", use.path, f"no record has a field {use.keys[0]}; write one of {known}"


def _unknown_in_image(use: Use, schema: Mapping[str, str]) -> Iterator[Found]:
    for attribute in (*(use.keys[2:3] if use.image else ()), *use.ignored):
        yield from _unknown(attribute, use, schema)


def _unknown_attribute(use: Use, schema: Mapping[str, str]) -> Iterator[Found]:
    yield from _unknown(use.keys[0], use, schema)


def _unknown(attribute: str, use: Use, schema: Mapping[str, str]) -> Iterator[Found]:
    if schema and attribute not in schema:
        known = ", ".join(sorted(schema))
        message = f"the table's schema has no attribute {attribute}; check its spelling ({known}), or declare it"
        yield "unknown-attribute", use.path, message


_OF_RECORDS: tuple[_Rule, ...] = (
    _without_type_letter,
    _another_type,
    _number_as_number,
    _text_of_number,
    _unknown_field,
    _unknown_in_image,
)
_OF_ITEMS: tuple[_Rule, ...] = (_text_of_number, _unknown_attribute)
