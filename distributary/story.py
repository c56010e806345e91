"""The demo, told: each act, and how the read models have followed it."""

from __future__ import annotations

from itertools import islice
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from consumers.read_model import ReadModel
from distributary.display import Display
from distributary.local.demo import Act, Demo
from distributary.pipeline import Pipeline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FOLLOW_SECONDS = 10.0
"""How long an act waits for the read models before the next one comes anyway."""


class Story:
    """Carries out acts on the source table, one after the other, and tells what became of each."""

    def __init__(self, pipeline: Pipeline, client: DynamoDBClient, display: Display, ended: Event) -> None:
        self._pipeline = pipeline
        self._client = client
        self._display = display
        self._ended = ended

    def tell(self, demo: Demo, acts: int | None, pace_seconds: float) -> None:
        """Tells so many acts (None: for ever), a pause after each, until the end is called."""
        for act in islice(demo.acts(), acts):
            if self._ended.is_set():
                return
            self._tell(act)
            self._ended.wait(pace_seconds)

    def _tell(self, act: Act) -> None:
        begun = monotonic()
        act.write(self._client)
        while not self._pipeline.drained(1.0) and not self._ended.is_set() and monotonic() < begun + FOLLOW_SECONDS:
            self._ended.wait(0.005)
        seconds = monotonic() - begun
        models = [consumer.read_model for consumer in self._pipeline.parts.consumers]
        documents = {model.name: _document(model, str(act.user_id)) for model in models}
        self._display.followed(act.sentence, documents, seconds)


def _document(model: ReadModel, key: str) -> str:
    found = model.get(key)
    if found is None:
        return "-"
    values = (found.document.get(name) for name in ("DisplayName", "display_name", "WorkplaceId", "workplace_id"))
    return " @ ".join(str(value) for value in values if value is not None)
