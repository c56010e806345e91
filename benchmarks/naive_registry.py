"""Confluent's registry client with one schema in it, so that no registry is measured."""

from __future__ import annotations

from typing import Any

from confluent_kafka.schema_registry import RegisteredSchema, Schema, SchemaRegistryClient


class OneSchema(SchemaRegistryClient):
    """Knows one schema under one id."""

    def __init__(self, schema_text: str, schema_id: int) -> None:
        super().__init__({"url": "http://localhost"})
        self._schema = Schema(schema_text, "AVRO")
        self._found = RegisteredSchema(None, None, schema_id, None, self._schema)

    def lookup_schema(self, *_: Any, **__: Any) -> RegisteredSchema:
        """The one schema."""
        return self._found

    def get_schema(self, *_: Any, **__: Any) -> Schema:
        """The one schema."""
        return self._schema
