"""Settings from `DISTRIBUTARY_*` variables: typed, checked at start, each mistake a sentence that names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from schemas.errors import SettingsError

PREFIX = "DISTRIBUTARY_"
Kind = TypeVar("Kind", bound=msgspec.Struct)


class Secret(msgspec.Struct, frozen=True):
    """A text that no message, log line or `repr` shows."""

    value: str = ""

    def __repr__(self) -> str:
        return "Secret(***)" if self.value else "Secret()"

    __str__ = __repr__


class Batching(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is taken at once: `size`, and for how many seconds after the first more are waited for (`window`). None:
    as it is for all.
    """

    size: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    window: Annotated[float, msgspec.Meta(ge=0, le=300)] | None = None


def variable(name: str) -> str:
    """The variable of a setting."""
    return PREFIX + name.upper()


def read_settings(kind: type[Kind], environment: Mapping[str, str]) -> Kind:
    """The settings of `kind` in the environment; an empty variable is as good as none. Raises SettingsError.

    A field that is itself a struct of settings is read from the same environment.
    """
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct) and field.type is not Secret:
            values[field.name] = read_settings(field.type, environment)
            continue
        text = environment.get(variable(field.name), "")
        if text:
            values[field.name] = _value(field, text)
    return kind(**values)


def _value(field: msgspec.structs.FieldInfo, text: str) -> Any:
    if field.type is Secret:
        return Secret(text)
    try:
        if field.type in (int, float, bool) or (isinstance(field.type, type) and issubclass(field.type, str)):
            return msgspec.convert(text, field.type, strict=False)
        return msgspec.json.decode(text, type=field.type)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise SettingsError(field.name, f"is {text[:60]!r}: {error}") from None
