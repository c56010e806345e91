from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import httpx
import msgspec
import pytest

from schemas.errors import IncompatibleSchema, InvalidSchema
from schemas.registry import PackagedRegistry
from schemas.registry_http import HttpRegistry
from schemas.topics import Topic
from tests.contracts.registry import TEXT, RegistryContract


class TestPackagedRegistry(RegistryContract):
    @pytest.fixture
    def subject(self) -> str:
        return f"{uuid4().hex}-value"

    @pytest.fixture
    def registry(self, subject: str) -> PackagedRegistry:
        return PackagedRegistry([Topic("Users", subject.removesuffix("-value"), item_record="users")])


class TestHttpRegistry(RegistryContract):
    """Against a real one; how it takes trouble is told in `tests/unit/test_registry_http.py`."""

    @pytest.fixture
    def registry(self, registry_url: str) -> Iterator[HttpRegistry]:
        with closing(HttpRegistry(registry_url)) as registry:
            yield registry

    @pytest.fixture
    def subject(self, registry: HttpRegistry) -> str:
        subject = f"{uuid4().hex}-value"
        registry.register(subject, TEXT)
        return subject

    def test_registering_a_schema_again_gives_the_same_id(self, registry: HttpRegistry, subject: str) -> None:
        assert registry.register(subject, TEXT) == registry.id_of(subject, TEXT)

    def test_another_property_of_ours_makes_another_schema(self, registry: HttpRegistry, subject: str) -> None:
        another = TEXT.replace(',"dynamodb":"SS"', ',"dynamodb":"L"')
        second = registry.register(subject, another)
        assert registry.id_of(subject, another) == second != registry.id_of(subject, TEXT)

    def test_what_is_no_schema_is_not_registered(self, registry: HttpRegistry, subject: str) -> None:
        with pytest.raises(InvalidSchema, match="takes the schema for none"):
            registry.register(subject, '{"type": "nonsense"}')

    def test_a_schema_goes_with_itself_and_with_a_subject_that_is_not_there(
        self, registry: HttpRegistry, subject: str
    ) -> None:
        assert registry.check(subject, TEXT) == []
        assert registry.check(f"{uuid4().hex}-value", TEXT) == []

    def test_a_field_that_earlier_events_lack_is_refused_with_the_registrys_reason(
        self, registry: HttpRegistry, registry_url: str, subject: str
    ) -> None:
        level = {"compatibility": "BACKWARD"}
        httpx.put(f"{registry_url}/config/{subject}", json=level, trust_env=False).raise_for_status()
        schema = msgspec.json.decode(TEXT)
        schema["fields"].append({"name": "needed", "type": "string"})
        needy = msgspec.json.encode(schema).decode()
        assert registry.check(subject, needy) != []
        with pytest.raises(IncompatibleSchema, match="needed") as refused:
            registry.register(subject, needy)
        assert refused.value.subject == subject
