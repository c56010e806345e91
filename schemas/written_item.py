"""An image as it stands in an event's bytes: each attribute value is made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schemas.attribute_values import AttributeValue
from schemas.decoding import broken, undecodable
from schemas.json_values import from_json

Fields = Mapping[str, tuple[int, Callable[[bytes, int], AttributeValue]]]
"""For each declared attribute, its number among the places and what reads a value of it."""

_SHOWN_NAME = 60


class WrittenAttributes(Mapping[str, AttributeValue]):
    """The attributes of the image `side`, which a walk through `data` has found whole.

    `places` say where the value of each declared attribute begins, 0 where it is absent; `others` are the attributes
    that no field holds, as JSON. To ask for a value that is none of its type raises UndecodableEvent.
    """

    __slots__ = ("_data", "_fields", "_others", "_places", "_side")

    def __init__(
        self, side: str, data: bytes, fields: Fields, places: tuple[int, ...], others: Mapping[str, str]
    ) -> None:
        self._side = side
        self._data = data
        self._fields = fields
        self._places = places
        self._others = others

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an attribute, `default` where it is absent."""
        try:
            if (field := self._fields.get(name)) is None or self._others:
                return self._other(name, default)
            return field[1](self._data, at) if (at := self._places[field[0]]) else default
        except Exception as error:  # noqa: BLE001 - whatever comes of hostile bytes
            raise undecodable(broken(broken(error, f".{name[:_SHOWN_NAME]}"), self._side)) from None

    def _other(self, name: str, default: Any) -> Any:
        """The same where it may be no field's; what a field holds too counts for less."""
        if (text := self._others.get(name)) is not None:
            return from_json(text.encode())
        if (field := self._fields.get(name)) is not None and (at := self._places[field[0]]):
            return field[1](self._data, at)
        return default

    def __getitem__(self, name: str) -> AttributeValue:
        if (value := self.get(name)) is None:
            raise KeyError(name)
        found: AttributeValue = value
        return found

    def __contains__(self, name: object) -> bool:
        if (field := self._fields.get(name)) is not None and self._places[field[0]]:  # type: ignore[call-overload]
            return True
        return name in self._others

    def __iter__(self) -> Iterator[str]:
        for name, (number, _) in self._fields.items():
            if self._places[number] and name not in self._others:
                yield name
        yield from self._others

    def __len__(self) -> int:
        return sum(1 for _ in self)
