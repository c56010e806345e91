"""Dead letters: kept whole, whatever is in them, under the names that Kafka Connect's tools look for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.dead_letters import MAX_ERROR_BYTES, DeadLetter, read_dead_letter
from tests.items import texts

LETTER = DeadLetter(
    place="users.changes/3/42",
    value=b"\0original",
    stage="decode",
    error="UndecodableEvent",
    message="the value does not decode",
    first_seen=1767225600123,
    topic="users.changes",
    partition=3,
    offset=42,
    version="2026-01-01T00:00:00.000#7",
    attempts=2,
    original_key=b"\xff7",
)
whole = st.integers(0, 2**63 - 1)
letters = st.builds(
    DeadLetter,
    place=texts,
    value=st.none() | st.binary(),
    stage=texts,
    error=texts,
    message=texts,
    first_seen=whole,
    topic=st.none() | texts,
    partition=st.none() | whole,
    offset=st.none() | whole,
    version=st.none() | texts,
    attempts=st.integers(1, 1000),
    original_key=st.none() | st.binary(),
)


def read_again(letter: DeadLetter) -> DeadLetter:
    return read_dead_letter(letter.key, letter.value, letter.headers())


@given(letters)
def test_a_letter_comes_back_from_its_message_as_it_was(letter: DeadLetter) -> None:
    assert read_again(letter) == letter


def test_the_headers_bear_kafka_connects_names() -> None:
    """Source: org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter."""
    assert dict(LETTER.headers()) == {
        "__connect.errors.topic": b"users.changes",
        "__connect.errors.partition": b"3",
        "__connect.errors.offset": b"42",
        "__connect.errors.stage": b"decode",
        "__connect.errors.exception.class.name": b"UndecodableEvent",
        "__connect.errors.exception.message": b"the value does not decode",
        "distributary.version": b"2026-01-01T00:00:00.000#7",
        "distributary.attempts": b"2",
        "distributary.first_seen": b"1767225600123",
        "distributary.key": b"\xff7",
    }
    assert LETTER.key == b"users.changes/3/42"


def test_what_is_not_known_has_no_header() -> None:
    letter = DeadLetter("sha256:00", b"", "check", "UnconvertibleRecord", "no ARN", 0)
    assert {name for name, _ in letter.headers()} == {
        "__connect.errors.stage",
        "__connect.errors.exception.class.name",
        "__connect.errors.exception.message",
        "distributary.attempts",
        "distributary.first_seen",
    }


@given(st.text("a\u00e4\u2713\U0001f600", min_size=1, max_size=4), st.integers(-8, 8))
def test_a_long_message_is_cut_at_4_kib_between_two_characters(character: str, around: int) -> None:
    message = "x" * (MAX_ERROR_BYTES - around) + character * 3
    read = read_again(replace(LETTER, message=message)).message
    assert message.startswith(read)
    size = len(read.encode())
    assert size <= MAX_ERROR_BYTES
    assert read == message or size > MAX_ERROR_BYTES - 4


def test_a_message_that_utf8_cannot_spell_is_written_all_the_same() -> None:
    letter = replace(LETTER, message="found '\ud800'", place="\udfff", error="\ud800", version="\ud800")
    read = read_again(letter)
    assert (read.message, read.place) == ("found '\\ud800'", "\\udfff")


_names = st.sampled_from([name for name, _ in LETTER.headers()]) | st.text()


@given(st.binary(), st.none() | st.binary(), st.lists(st.tuples(_names, st.binary() | st.just("²".encode()))))
def test_any_message_of_a_dead_letter_topic_reads_as_a_letter(
    key: bytes, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    letter = read_dead_letter(key, value, headers)
    assert letter.value == value
    assert letter.attempts >= 1


def test_a_message_without_headers_is_a_letter_that_says_nothing() -> None:
    assert read_dead_letter(b"place", b"value", ()) == DeadLetter("place", b"value", "", "", "", 0)
