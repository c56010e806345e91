"""What a read model would hold had its group made it from the beginning, and whether it does."""

from __future__ import annotations

from collections.abc import Sequence

from consumers.delivery.batch import Batch
from consumers.delivery.prepare import Preparation
from consumers.group import Group
from consumers.read_model import ReadModel
from consumers.read_models.memory import MemoryReadModel
from consumers.subscription import Delivery, Log
from consumers.writes import Fields, Put
from schemas.codec import EventDecoder

Held = dict[str, tuple[str | None, Fields]]
"""By key, the version and the document."""


def assert_as_fresh(log: Log, decoder: EventDecoder, group: Group, read_model: ReadModel) -> None:
    """Fails where the read model does not hold what the group would have made of the log from the beginning."""
    made = MemoryReadModel("fresh")
    deliver(logged(log, group.topic), decoder, group, made)
    assert holds(read_model) == {
        key: (version, read_model.given_back(Put(key, document))) for key, (version, document) in holds(made).items()
    }


def logged(log: Log, topic: str) -> list[Delivery]:
    """All that the topic holds."""
    return [one for partition, end in log.ends(topic).items() for one in log.read(topic, partition, 0, end)]


def deliver(
    deliveries: Sequence[Delivery], decoder: EventDecoder, group: Group, read_model: ReadModel, *, together: int = 5
) -> None:
    """Lets a member of the group take them, so many at a time."""
    preparation = Preparation(group, decoder)
    for start in range(0, len(deliveries), together):
        Batch(deliveries[start : start + together]).work(preparation, read_model)


def holds(read_model: ReadModel) -> Held:
    """What it holds."""
    return {found.key: (found.source_version, found.document) for found in read_model.scan()}
