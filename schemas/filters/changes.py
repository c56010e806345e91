"""`{"changed": ...}`: what differs between a record's two images.

It stands under `dynamodb.NewImage`, where the attribute does: `true` (or `false`) for an attribute or any part of it,
`{"from": [...], "to": [...]}` for the scalar there, `{"except": [...]}` for the image as a whole, undeclared attributes
included. INSERT, REMOVE and SNAPSHOT count as changed. So does what cannot be known, because the stream does not carry
an image; that side then takes whatever is asked. Images are compared as they are written.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.filters.condition import Condition
from schemas.filters.language import Conditions
from schemas.filters.pattern_text import canonical_text
from schemas.filters.place import Place, quoted, shown
from schemas.filters.walk import found, is_scalar

CHANGED = "changed"
_IMAGE = ("dynamodb", "NewImage")
_MODIFY = "MODIFY"
_EXPECTED_ON_IMAGE = 'true, false or {"except": [names of attributes]}'
_EXPECTED_ON_ATTRIBUTE = 'true, false or {"from": [...], "to": [...]}'


class Changed(msgspec.Struct, frozen=True):
    """Whether what lies at `steps` in the images differs (`wanted` False: does not).

    `ignored` are attributes that may differ. `before` and `after` say what it has to be on each side, None: anything.
    """

    field: str
    steps: tuple[str, ...]
    wanted: bool = True
    ignored: frozenset[str] = frozenset()
    before: Condition | None = None
    after: Condition | None = None

    @property
    def reads(self) -> frozenset[str]:
        """The operation and the images."""
        return frozenset({"eventName", _IMAGE[0]})

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those of either side."""
        return tuple(side for side in (self.before, self.after) if side is not None)

    def holds(self, value: dict[str, Any]) -> bool:
        """See Computed."""
        try:
            return self._holds(value)
        except (RecursionError, ArithmeticError):
            # Nothing that DynamoDB has: too deep to be compared, or a Decimal that refuses to be.
            return self.wanted

    def _holds(self, value: dict[str, Any]) -> bool:
        change, operation = value.get("dynamodb"), value.get("eventName")
        change = change if isinstance(change, dict) else {}
        old, new = change.get("OldImage"), change.get("NewImage")
        if operation == _MODIFY and isinstance(old, dict) and isinstance(new, dict) and not self._differs(old, new):
            return not self.wanted
        return (
            self.wanted
            and self._side(self.before, old, known=operation == "INSERT")
            and self._side(self.after, new, known=operation == "REMOVE")
        )

    def _differs(self, old: dict[str, Any], new: dict[str, Any]) -> bool:
        if self.ignored:
            return old != new and any(
                old.get(name) != new.get(name) for name in {**old, **new} if name not in self.ignored
            )
        return list(found(old, self.steps)) != list(found(new, self.steps))

    def _side(self, condition: Condition | None, image: Any, *, known: bool) -> bool:
        if condition is None or not (known or isinstance(image, dict)):
            return True
        scalars = list(filter(is_scalar, found(image, self.steps)))
        return any(map(condition.takes, scalars)) if scalars else condition.absent


def parse_changed(operand: Any, keys: tuple[str, ...], place: Place, conditions: Conditions) -> Changed:
    """What `changed` computes. Raises PatternError."""
    path = ".".join(keys)
    steps = tuple(path.split("."))
    if steps[: len(_IMAGE)] != _IMAGE:
        where = quoted(path).strip('"')
        raise place.refuse(f"{CHANGED} on {where}", "dynamodb.NewImage, or something in it")
    steps = steps[len(_IMAGE) :]
    # A name for the answer that says all of the question, and is no field of any value.
    asked = canonical_text([CHANGED, path, operand]).replace(".", "\0")
    changed = Changed(f"\0{asked}", steps)
    if isinstance(operand, bool):
        return msgspec.structs.replace(changed, wanted=operand)
    if not isinstance(operand, dict) or not operand:
        raise place.refuse(shown(operand), _EXPECTED_ON_ATTRIBUTE if steps else _EXPECTED_ON_IMAGE)
    if not steps:
        return msgspec.structs.replace(changed, ignored=_names(operand, place))
    if not operand.keys() <= {"from", "to"}:
        raise place.refuse(shown(operand), _EXPECTED_ON_ATTRIBUTE)
    sides = {side: _side(operand[side], keys, place.at(side), conditions) for side in operand}
    return msgspec.structs.replace(changed, before=sides.get("from"), after=sides.get("to"))


def _names(operand: dict[str, Any], place: Place) -> frozenset[str]:
    names = operand.get("except")
    if len(operand) > 1 or not isinstance(names, list) or not names:
        raise place.refuse(shown(operand), _EXPECTED_ON_IMAGE)
    for index, name in enumerate(names):
        if not isinstance(name, str):
            raise place.at("except").at(index).refuse(shown(name), "the name of an attribute")
    return frozenset(names)


def _side(listed: Any, keys: tuple[str, ...], place: Place, conditions: Conditions) -> Condition:
    if not isinstance(listed, list):
        raise place.refuse(shown(listed), "a list of what the value may be")
    return conditions(listed, keys, place)
