"""The sink of the user search: what a write costs the client, against the obvious sink."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace

from benchmarks.bulk_server import bulk_server
from benchmarks.naive_search import NaiveSink
from benchmarks.rounds import ROUNDS, in_turn, share
from benchmarks.table import Line, line_of
from benchmarks.workload import Record, records
from consumers.groups import GROUPS
from consumers.projections.user_search import found_user
from consumers.projections.workplace_users import workplace_user
from consumers.read_model import Index, WriteStatus
from consumers.read_models.opensearch import OpenSearchIndex, opensearch_client
from consumers.writes import Put, Remove, VersionedWrite, fold
from schemas.attribute_values import Item, attribute_value
from schemas.keys import key_text
from schemas.versions import epoch, version

WRITES = 10_000
_INDEX = GROUPS[2].read_model
_EPOCH = epoch("2026-01-01T00:00:00.000")


class OurSink:
    """The product's index, behind the client that the product makes."""

    def __init__(self, url: str, opened: ExitStack, name: str = "workplace-users") -> None:
        assert isinstance(_INDEX, Index)
        self._client = opened.enter_context(closing(opensearch_client(url, timeout_seconds=60)))
        self.index = opened.enter_context(
            closing(OpenSearchIndex(replace(_INDEX, name=name), self._client, float, replicas=0))
        )

    def made(self) -> OurSink:
        """It, in an index that is new."""
        self._client.indices.delete(index=f"{self.index.name}.g1", params={"ignore_unavailable": "true"})
        self.index.prepare()
        return self

    def __call__(self, writes: Sequence[VersionedWrite]) -> None:
        """Raises AssertionError where a write was not applied."""
        outcomes = self.index.apply(writes)
        others = [outcome for outcome in outcomes if outcome.status is not WriteStatus.APPLIED]
        assert not others, others[:3]


def writes_of(changes: Sequence[Record]) -> list[VersionedWrite]:
    """What the group user-search asks of its index once the group workplace-users has applied the records."""
    return [_write(change["dynamodb"]) for change in changes]


def later(writes: Sequence[VersionedWrite], times: int) -> list[VersionedWrite]:
    """The same for the next years' streams, so that each of them counts again."""
    return [each._replace(version=f"{2027 + times}{each.version[4:]}") for each in writes]


def latest(writes: Sequence[VersionedWrite]) -> list[VersionedWrite]:
    """At most one a key."""
    return [each for _, each in fold(enumerate(writes)).values()]


def measured(rounds: int = ROUNDS) -> list[Line]:
    """The processor time of the client alone: the server is a stand-in in another process."""
    writes = latest(writes_of(records(WRITES)))
    with ExitStack() as opened:
        url = opened.enter_context(bulk_server())
        ours, naive = OurSink(url, opened), opened.enter_context(closing(NaiveSink(url, "workplace-users.g1")))
        took = in_turn({"ours": lambda: ours(writes), "naive": lambda: naive(writes)}, rounds, cpu=True)
    return [line_of("OpenSearch bulk, client CPU, against helpers.bulk", share(took, "ours", "naive"), at_most=0.25)]


def _write(change: Record) -> VersionedWrite:
    key, at = key_text(change["Keys"]), version(_EPOCH, change["SequenceNumber"])
    if "NewImage" not in change:
        return VersionedWrite(Remove(key), at)
    kept = workplace_user(Item(change["NewImage"]))
    return VersionedWrite(Put(key, found_user(Item({name: attribute_value(kept[name]) for name in kept}))), at)
