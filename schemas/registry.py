"""Which schema id stands for which schema: the port, and the schemas of this package as its default."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from schemas.errors import SettingsError, UnknownSchema
from schemas.event_schema import packaged
from schemas.schema_text import same_meaning
from schemas.settings import Secret
from schemas.topics import TOPICS, Topic


class Registry(Protocol):
    """Schemas by id and by subject (`<topic>-value`).

    An id never changes its meaning. A schema that was fetched once stays available to the process whatever becomes of
    the registry.
    """

    def schema(self, schema_id: int) -> str:
        """The schema's text. Raises UnknownSchema only where the registry answers and does not know the id,
        InvalidSchema where what it knows is too long to be a change event's, RegistryUnavailable otherwise.
        """
        ...

    def id_of(self, subject: str, text: str) -> int:
        """The id under which the subject holds exactly this schema, however it is spelled.

        Raises UnknownSchema where the registry answers and the subject holds none such, RegistryUnavailable.
        """
        ...


class RegistryConnection(msgspec.Struct, frozen=True, kw_only=True):
    """Where the registry is; without a URL, the schemas of this package serve. User, password and CA file as needed."""

    registry_url: str = ""
    registry_user: str = ""
    registry_password: Secret = Secret()
    registry_ca_file: str = ""


class PackagedRegistry:
    """The schemas of this package. An id is the start of the schema's SHA-256: the same in every release."""

    def __init__(self, topics: Iterable[Topic] = TOPICS) -> None:
        self._subjects = {topic.subject: packaged(topic.item_record) for topic in topics}
        self._schemas = {schema_id_of(text): text for text in self._subjects.values()}

    def schema(self, schema_id: int) -> str:
        """See `Registry.schema`."""
        try:
            return self._schemas[schema_id]
        except KeyError:
            raise UnknownSchema(f"the schema id {schema_id} is none of this release's packaged schemas") from None

    def id_of(self, subject: str, text: str) -> int:
        """See `Registry.id_of`."""
        try:
            held = self._subjects[subject]
        except KeyError:
            raise UnknownSchema(f"the subject {subject} is none of {', '.join(sorted(self._subjects))}") from None
        if not same_meaning(held, text):
            raise UnknownSchema(f"the subject {subject} holds another schema, the one packaged with this release")
        return schema_id_of(held)


def schema_id_of(text: str) -> int:
    """The packaged id of a schema: 31 bits of its text's SHA-256."""
    import hashlib  # slow to load, and a bridge with a registry of its own has no need of it

    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") & 0x7FFFFFFF


def open_registry(connection: RegistryConnection) -> Registry:
    """The registry behind the connection's URL; without one, the schemas of this package. Raises SettingsError."""
    if not connection.registry_url:
        return PackagedRegistry()
    from schemas.registry_http import HttpRegistry

    try:
        return HttpRegistry(
            connection.registry_url,
            user=connection.registry_user,
            password=connection.registry_password.value,
            ca_file=connection.registry_ca_file or None,
        )
    except ValueError as error:
        raise SettingsError("registry_url", f"is {connection.registry_url!r}: {error}") from None
