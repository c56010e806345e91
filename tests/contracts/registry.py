"""What every registry does, as tests: subclass `RegistryContract`, name the class `Test...`, give two fixtures."""

from __future__ import annotations

from uuid import uuid4

import msgspec
import pytest

from schemas.codec import EventDecoder
from schemas.errors import UnknownSchema
from schemas.event_encoder import EventEncoder
from schemas.event_schema import packaged
from schemas.registry import Registry
from schemas.schema_text import same_meaning
from tests.items import Attribute, event

TEXT = packaged("users")
ITEM: dict[str, Attribute] = {
    "UserId": {"N": "42"},
    "Roles": {"SS": ["admin"]},
    "Skills": {"L": [{"S": "avro"}]},
    "Preferences": {"M": {"theme": {"S": "dark"}}},
    "undeclared": {"NULL": True},
}


class RegistryContract:
    """A subclass gives the fixtures `registry`, and `subject`: one of the registry's that holds `TEXT`."""

    def test_the_id_of_a_schema_leads_back_to_it(self, registry: Registry, subject: str) -> None:
        schema_id = registry.id_of(subject, TEXT)
        assert same_meaning(registry.schema(schema_id), TEXT)
        assert registry.id_of(subject, TEXT) == schema_id
        assert 0 <= schema_id < 2**31

    def test_a_schema_is_found_however_it_is_spelled(self, registry: Registry, subject: str) -> None:
        spaced = msgspec.json.format(TEXT)
        assert spaced != TEXT
        assert registry.id_of(subject, spaced) == registry.id_of(subject, TEXT)

    def test_an_event_written_under_the_id_is_read_by_the_schema_that_the_registry_gives(
        self, registry: Registry, subject: str
    ) -> None:
        """Our own properties stand in that text, so a registry that dropped one would show here."""
        written = event({"UserId": {"N": "42"}}, None, ITEM)
        data = EventEncoder(registry.id_of(subject, TEXT), TEXT).encode(written)
        assert EventDecoder(registry).decode(data) == written

    @pytest.mark.parametrize(
        ("part", "instead"),
        [
            (',"dynamodb":"SS"', ',"dynamodb":"L"'),
            ('"type":["null","bytes"]', '"type":["null","string"]'),
            ('"name":"Avatar"', '"name":"Picture"'),
            ('{"name":"Phone",', '{"name":"Phone","attribute":"Telephone",'),
        ],
        ids=["our property", "type", "name", "mapped name"],
    )
    def test_a_schema_that_reads_otherwise_is_not_the_one_that_the_subject_holds(
        self, registry: Registry, subject: str, part: str, instead: str
    ) -> None:
        another = TEXT.replace(part, instead)
        assert another != TEXT
        with pytest.raises(UnknownSchema, match=subject):
            registry.id_of(subject, another)

    def test_a_subject_that_is_not_there_is_unknown(self, registry: Registry) -> None:
        nobody = f"{uuid4().hex}-value"
        with pytest.raises(UnknownSchema, match=nobody):
            registry.id_of(nobody, TEXT)

    @pytest.mark.parametrize("schema_id", [0, 2**31 - 1, 2**31, 2**32 - 1])
    def test_an_id_that_stands_for_nothing_is_unknown(self, registry: Registry, schema_id: int) -> None:
        """Up to the last id that four bytes hold: any of them may stand in hostile bytes."""
        with pytest.raises(UnknownSchema, match=str(schema_id)):
            registry.schema(schema_id)
