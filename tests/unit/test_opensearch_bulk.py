"""What OpenSearch says of each write is an outcome: poison by a closed list, everything else an outage."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from threading import Barrier
from typing import Any

import msgspec
import pytest

from consumers.read_model import APPLIED, STALE, WriteStatus
from consumers.read_models.opensearch_answers import BulkItem
from consumers.read_models.opensearch_bulk import (
    MOST_BYTES,
    MOST_WRITES,
    WORTH_TWO,
    Answer,
    BulkWriter,
    SideBySide,
    outcome_of,
)

REFUSED, FAILED = WriteStatus.REFUSED, WriteStatus.FAILED


def item(status: int, **said: Any) -> BulkItem:
    return msgspec.convert({"_index": "users.g1", "_id": "1", "status": status, **said}, BulkItem)


def error(status: int, kind: str, reason: str | None, caused_by: dict[str, str] | None = None) -> BulkItem:
    cause = {"caused_by": caused_by} if caused_by else {}
    return item(status, error={"type": kind, "reason": reason, **cause})


CREATED = item(201, result="created")


@pytest.mark.parametrize(
    ("answered", "outcome"),
    [
        (CREATED, APPLIED),
        (item(200, result="updated"), APPLIED),
        (item(200, result="noop"), STALE),
    ],
)
def test_a_result_is_an_outcome(answered: BulkItem, outcome: object) -> None:
    assert outcome_of(answered) == outcome


POISON = [
    error(400, "strict_dynamic_mapping_exception", "mapping set to strict, dynamic introduction of [x] is not allowed"),
    error(400, "mapper_parsing_exception", "failed to parse field [n] of type [double] in document with id '1'"),
    error(400, "illegal_argument_exception", 'Document contains at least one immense term in field="k"'),
]
OUTAGES = [
    error(409, "version_conflict_engine_exception", "[1]: version conflict, current version [2] is different"),
    error(404, "index_not_found_exception", "no such index [users.g1]"),
    error(400, "illegal_argument_exception", "Creating indices with soft-deletes disabled is no longer supported."),
    error(
        400,
        "illegal_argument_exception",
        "failed to execute script",
        caused_by={"type": "script_exception", "reason": "compile error"},
    ),
    error(400, "illegal_argument_exception", "script cannot be compiled"),
    error(400, "script_exception", "runtime error"),
    error(400, "index_closed_exception", "closed"),
    error(400, "a_new_exception", None),
    error(401, "security_exception", "missing authentication credentials"),
    error(403, "security_exception", "no permissions for [indices:data/write/update]"),
    error(403, "cluster_block_exception", "index [users.g1] blocked by: [FORBIDDEN/8/index write (api)];"),
    error(404, "document_missing_exception", "[1]: document missing"),
    error(429, "cluster_block_exception", "disk usage exceeded flood-stage watermark"),
    error(429, "rejected_execution_exception", "rejected execution of coordinating operation"),
    error(429, "circuit_breaking_exception", "[parent] Data too large"),
    error(500, "mapper_parsing_exception", "an internal error that only looks like poison"),
    error(503, "unavailable_shards_exception", "[users.g1][0] primary shard is not active"),
    item(200, result="a new result"),
    item(200),
]


@pytest.mark.parametrize("answered", POISON)
def test_what_is_said_of_a_document_refuses_it(answered: BulkItem) -> None:
    outcome = outcome_of(answered)
    assert outcome == (REFUSED, str(answered.error))


@pytest.mark.parametrize("answered", OUTAGES)
def test_whatever_else_is_said_is_an_outage_with_a_reason(answered: BulkItem) -> None:
    outcome = outcome_of(answered)
    assert outcome.status is FAILED
    assert outcome.reason


def test_a_missing_index_is_called_so_and_says_what_to_do() -> None:
    assert {outcome.reason for outcome in map(outcome_of, OUTAGES[1:3])} == {
        "the index is missing, and no write makes one; restore or rebuild it"
    }


def test_a_reason_gives_what_it_was_caused_by() -> None:
    outcome = outcome_of(OUTAGES[3])
    assert outcome.reason == ("illegal_argument_exception: failed to execute script (script_exception: compile error)")


def test_one_writes_failure_touches_no_neighbour() -> None:
    answered = [CREATED, *POISON, *OUTAGES, CREATED]
    statuses = [outcome.status for outcome in map(outcome_of, answered)]
    assert statuses == [WriteStatus.APPLIED, *[REFUSED] * len(POISON), *[FAILED] * len(OUTAGES), WriteStatus.APPLIED]


class Store:
    """Answers bulk requests of one-letter lines as `answers` says, then with success; remembers how many lines came."""

    def __init__(self, answers: Sequence[Answer] = ()) -> None:
        self.answers = list(answers)
        self.requests: list[int] = []

    def __call__(self, body: bytes) -> Answer:
        self.requests.append(len(body))
        return self.answers.pop(0) if self.answers else Answer([CREATED] * len(body))


def statuses(writer: BulkWriter, lines: bytes) -> str:
    """The outcomes of one-letter lines: their first letters."""
    return "".join(outcome.status.name[0] for outcome in writer.write([bytes([letter]) for letter in lines]))


def test_nothing_is_sent_where_there_is_nothing_to_write() -> None:
    store = Store()
    assert BulkWriter(store).write([]) == []
    assert store.requests == []


def test_a_request_holds_a_thousand_writes_at_most() -> None:
    store = Store()
    assert statuses(BulkWriter(store), b"a" * (2 * MOST_WRITES + 1)) == "A" * (2 * MOST_WRITES + 1)
    assert store.requests == [MOST_WRITES, MOST_WRITES, 1]


def test_a_request_holds_five_megabytes_at_most_and_a_larger_write_goes_alone() -> None:
    sizes: list[int] = []

    def send(body: bytes) -> Answer:
        sizes.append(len(body))
        return Answer([CREATED] * body.count(b"\n"))

    lines = [b"x" * (size - 1) + b"\n" for size in (MOST_BYTES - 10, 10, 1, MOST_BYTES + 1, 5, 6)]
    assert BulkWriter(send).write(lines) == [APPLIED] * 6
    assert sizes == [MOST_BYTES, 1, MOST_BYTES + 1, 11]


@pytest.mark.parametrize(
    "answer", [Answer([], 413, "too large"), Answer([], 400, "[1:312] [script] failed to parse field [params]")]
)
def test_a_request_that_is_refused_as_a_whole_goes_in_halves_until_the_one_write_is_found(answer: Answer) -> None:
    requests: list[bytes] = []

    def send(body: bytes) -> Answer:
        requests.append(body)
        return answer if b"x" in body else Answer([CREATED] * len(body))

    outcomes = BulkWriter(send).write([bytes([letter]) for letter in b"abcdxfgh"])
    assert [outcome.status for outcome in outcomes].count(REFUSED) == 1
    assert outcomes[4] == (REFUSED, answer.reason)
    assert [requests[0], requests[1]] == [b"abcdxfgh", b"abcd"]
    assert len(requests) < 10


def test_a_bad_request_that_is_no_documents_fault_is_an_outage() -> None:
    store = Store([Answer([], 400, "illegal_argument_exception: unknown parameter")])
    assert statuses(BulkWriter(store), b"ab") == "FF"


@pytest.mark.parametrize("status", [0, 200, 401, 403, 404, 408, 429, 500, 502, 503])
def test_without_an_answer_every_write_not_yet_answered_fails_and_no_more_is_sent(status: int) -> None:
    lines = b"a" * (3 * MOST_WRITES)
    store = Store([Answer([CREATED] * MOST_WRITES), Answer([], status, "gone")])
    assert statuses(BulkWriter(store), lines) == "A" * MOST_WRITES + "F" * (2 * MOST_WRITES)
    assert len(store.requests) == 2


@pytest.mark.parametrize("items", [0, 1, 3])
def test_an_answer_of_another_number_of_items_is_none(items: int) -> None:
    (first, second) = BulkWriter(Store([Answer([CREATED] * items)])).write([b"a", b"b"])
    assert first == second == (FAILED, "the answer has not one item a write")


@pytest.mark.parametrize(
    "answer",
    [
        *(Answer([], status, "too much") for status in (408, 429, 503)),
        Answer([CREATED] * (MOST_WRITES - 1) + [error(429, "rejected_execution_exception", "rejected")]),
    ],
)
def test_requests_get_half_as_large_where_it_is_too_much_and_grow_back_slowly(answer: Answer) -> None:
    store = Store([answer])
    writer = BulkWriter(store)
    writer.write([b"a"] * MOST_WRITES)
    assert statuses(writer, b"a" * 10_000) == "A" * 10_000
    assert store.requests == [5000, 2500, 2750, 3025, 1725]
    for _ in range(10):
        writer.write([b"a"] * MOST_WRITES)
    assert writer.most_writes == MOST_WRITES


def test_requests_get_half_as_large_where_one_was_too_large() -> None:
    store = Store([Answer([], 413, "too large")] * 2)
    assert statuses(BulkWriter(store), b"a" * 1000) == "A" * 1000
    assert store.requests == [1000, 500, 250, 275, 302, 173]


def test_requests_do_not_get_smaller_where_the_store_is_away_or_refuses_documents() -> None:
    writer = BulkWriter(Store([Answer([], 0, "refused"), Answer([], 401, "who?"), Answer([POISON[0]] * 2)]))
    for _ in range(3):
        writer.write([b"a", b"b"])
    assert writer.most_writes == MOST_WRITES


def test_a_request_of_one_write_is_the_smallest() -> None:
    writer = BulkWriter(Store([Answer([], 429, "too much")] * 20))
    for _ in range(20):
        writer.write([b"a"] * 1000)
    assert writer.most_writes == 1
    writer.write([b"a"])
    assert writer.most_writes == 2


def test_many_writes_go_in_two_requests_at_a_time_and_keep_their_places() -> None:
    both = Barrier(2, timeout=30)

    def send(body: bytes) -> Answer:
        both.wait()  # broken, were they sent one after the other
        return Answer([CREATED if letter == ord("c") else item(200, result="noop") for letter in body])

    lines = [b"c"] * WORTH_TWO + [b"n"] * WORTH_TWO
    with closing(SideBySide(send)) as writer:
        assert writer.write(lines) == [APPLIED] * WORTH_TWO + [STALE] * WORTH_TWO


def test_what_becomes_of_one_request_is_nothing_to_the_one_beside_it() -> None:
    def send(body: bytes) -> Answer:
        return Answer([], 503, "too busy") if b"x" in body else Answer([CREATED] * len(body))

    with closing(SideBySide(send)) as writer:
        outcomes = writer.write([b"a"] * WORTH_TWO + [b"x"] * WORTH_TWO)
        assert outcomes == [APPLIED] * WORTH_TWO + [(FAILED, "too busy")] * WORTH_TWO
        assert [half.most_writes for half in writer.halves] == [MOST_WRITES, WORTH_TWO // 2]


def test_few_writes_go_in_one_request() -> None:
    store = Store()
    with closing(SideBySide(store)) as writer:
        assert writer.write([b"a"] * (WORTH_TWO - 1)) == [APPLIED] * (WORTH_TWO - 1)
    assert store.requests == [WORTH_TWO - 1]
