"""Keys whose read models, or whose log, are not what their table says: stated anew, in the order of design section 9.

Why the order is safe: an event of the key that was committed before the item was read is in the log by step 4. If the
log's version of the key is then still the one it was in step 1, none has come in between: whatever comes later was
committed after the read, and is above the repair; whatever is below it is older than what was read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from typing import NamedTuple, Protocol

from bridge.dynamodb_items import DynamoDBItems
from bridge.items import ItemReader
from bridge.statements import Statement
from bridge.streams import Stream
from distributary.adapters import Adapters
from distributary.capture import statements_of
from distributary.key_versions import KeyVersions
from schemas.attribute_values import Attributes
from schemas.codec import EventDecoder
from schemas.topics import Topic
from schemas.versions import repair_version

BATCH = 1000
"""Keys that go through the steps together."""
ROUNDS = 10
"""How often a key whose version changed meanwhile is begun again."""
PUBLISH_SECONDS = 60.0


class Versions(Protocol):
    """The highest version that the log holds of a key. See `KeyVersions`."""

    def read_on(self) -> None:
        """Reads the log on to its present end."""
        ...

    def of(self, key: bytes) -> str | None:
        """The version, as far as the log was read."""
        ...


class Stating(Protocol):
    """What states items in the log. See `Statements`."""

    def publish(self, statements: Sequence[Statement], timeout: float) -> list[str]:
        """States them; for each, why it became a dead letter instead, or nothing."""
        ...


class Fate(StrEnum):
    """What becomes of a key."""

    REPAIRED = "repaired"
    """Its item was stated."""
    REMOVED = "removed"
    """It has no item, and that was stated."""
    NOTHING_TO_DO = "nothing to do"
    """It has no item, and the log does not speak of it."""
    KEPT_CHANGING = "kept changing"
    """Something new about it came into the log each time."""
    DEAD_LETTERED = "dead-lettered"
    """Its item cannot become an event."""


class Verdict(NamedTuple):
    """What became of a key, and why where that does not say it."""

    key: str
    fate: Fate
    reason: str = ""


class Repair:
    """Repairs keys of one table, given by their canonical text with the attributes of the key.

    `passed` returns once the bridge has relayed all that was committed before the call, or raises; `clock` gives epoch
    seconds.
    """

    def __init__(
        self,
        table: str,
        items: ItemReader,
        versions: Versions,
        passed: Callable[[], None],
        statements: Stating,
        clock: Callable[[], float],
    ) -> None:
        self._table = table
        self._items = items
        self._versions = versions
        self._passed = passed
        self._statements = statements
        self._clock = clock

    def repair(self, keys: Mapping[str, Attributes]) -> Iterator[Verdict]:
        """What became of each key, once that is durable. Raises what the ports raise: the rest is as it was then."""
        for batch in _batches(keys):
            left, rounds = batch, 0
            while left and rounds < ROUNDS:
                done = self._round(left)
                yield from done
                left = _without(left, {verdict.key for verdict in done})
                rounds += 1
            yield from (Verdict(key, Fate.KEPT_CHANGING, f"in each of {ROUNDS} rounds") for key in left)

    def foretell(self, keys: Mapping[str, Attributes]) -> Iterator[Verdict]:
        """What would become of each key if none changed meanwhile, touching nothing; dead letters are not foreseen."""
        for batch in _batches(keys):
            self._versions.read_on()
            for key, item in self._read(batch).items():
                yield Verdict(key, _fate(item, self._versions.of(key.encode())))

    def _round(self, batch: Mapping[str, Attributes]) -> list[Verdict]:
        """One round for all the keys together: what became of those that did not change meanwhile."""
        # 1 the highest version of each key in the log
        self._versions.read_on()
        before = {key: self._versions.of(key.encode()) for key in batch}
        # 2 its item, by a consistent read
        read_at = self._clock()
        items = self._read(batch)
        # 3 wait until the bridge has passed that moment
        self._passed()
        # 4 the version again: where it is the same, state the item right above it
        self._versions.read_on()
        fates = {
            key: _fate(items[key], version)
            for key, version in before.items()
            if self._versions.of(key.encode()) == version
        }
        due = [key for key, fate in fates.items() if fate is not Fate.NOTHING_TO_DO]
        stated = [Statement(batch[key], items[key], repair_version(before[key]), read_at) for key in due]
        reasons = self._statements.publish(stated, PUBLISH_SECONDS) if stated else []
        refused = {key: reason for key, reason in zip(due, reasons, strict=True) if reason}
        return [
            Verdict(key, Fate.DEAD_LETTERED if key in refused else fate, refused.get(key, ""))
            for key, fate in fates.items()
        ]

    def _read(self, batch: Mapping[str, Attributes]) -> dict[str, Attributes | None]:
        return dict(zip(batch, self._items.get(self._table, list(batch.values())), strict=True))


@contextmanager
def repairing(
    adapters: Adapters,
    topic: Topic,
    stream: Stream,
    keys: Collection[str],
    passed: Callable[[], None],
    *,
    accept_truncated: bool = False,
) -> Iterator[Repair]:
    """The repair of these keys of the topic's table.

    Raises LogIncomplete, UnknownSchema, RegistryUnavailable, Outage.
    """
    wanted = [key.encode() for key in keys]
    decoder = EventDecoder(adapters.registry)
    versions = KeyVersions(adapters.log, topic, wanted, decoder, accept_truncated=accept_truncated)
    items = DynamoDBItems(adapters.stores.dynamodb)
    with closing(statements_of(adapters, topic, stream)()) as statements:
        yield Repair(topic.table, items, versions, passed, statements, adapters.clock)


def _fate(item: Attributes | None, version: str | None) -> Fate:
    if item is not None:
        return Fate.REPAIRED
    return Fate.NOTHING_TO_DO if version is None else Fate.REMOVED


def _batches(keys: Mapping[str, Attributes]) -> Iterator[dict[str, Attributes]]:
    names = list(keys)
    return ({name: keys[name] for name in names[at : at + BATCH]} for at in range(0, len(names), BATCH))


def _without(keys: Mapping[str, Attributes], done: Collection[str]) -> dict[str, Attributes]:
    return {key: attributes for key, attributes in keys.items() if key not in done}
