"""Redriving a group's dead letters: applied under their own version, superseded, or still poison; and ends right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from consumers.delivery.memory import MemoryDeadLetters
from consumers.delivery.prepare import Poison, Preparation, Prepared
from consumers.delivery.redrive import Fate, GroupRedrive, Verdict, foretold
from consumers.errors import DeadLetterLost, Outage
from consumers.group import Group
from consumers.read_model import REMOVALS_KEPT_SECONDS, WriteOutcome, WriteStatus
from consumers.read_models.memory import MemoryReadModel
from consumers.writes import Put, VersionedWrite
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.dead_letters import DeadLetter
from schemas.errors import InvalidKey, RegistryUnavailable
from schemas.keys import key_text
from tests.bench import COPY, DECODER
from tests.events import REGISTRY, encoded, event

COMMITTED = datetime(2026, 1, 1, tzinfo=UTC)
NOW = COMMITTED.timestamp() + 3600


def letter(value: ChangeEvent | bytes | None, offset: int = 0, **fields: Any) -> DeadLetter:
    """The dead letter of an event, or of bytes that are none."""
    made = DeadLetter(
        place=f"users.changes/0/{offset}",
        value=encoded(value) if isinstance(value, ChangeEvent) else value,
        stage="project",
        error="KeyError",
        message="'Username'",
        first_seen=int(NOW * 1000) - 1000,
        topic="users.changes",
        partition=0,
        offset=offset,
        original_key=b"1",
    )
    return structs.replace(made, **fields)


class Bench:
    """The redrive of a group in memory."""

    def __init__(
        self,
        *letters: DeadLetter,
        group: Group = COPY,
        read_model: MemoryReadModel | None = None,
        decoder: EventDecoder = DECODER,
        together: int = 500,
    ) -> None:
        self.now = NOW
        self.read_model = read_model or MemoryReadModel("copy")
        self.dead_letters = MemoryDeadLetters()
        for each in letters:
            self.dead_letters.record(each)
        preparation = Preparation(group, decoder)
        self.way = GroupRedrive(preparation, self.read_model, self.dead_letters, lambda: self.now, together)

    @property
    def open(self) -> list[DeadLetter]:
        return self.dead_letters.letters

    def fates(self) -> list[str]:
        """Redrives every open letter, once its dry run has said the same and touched nothing."""
        before = (self.documents(), list(self.open))
        told = _plain(self.way.foretell(list(self.open)))
        assert (self.documents(), self.open) == before
        done = _plain(self.way.redrive(list(self.open)))
        assert sorted(done) == sorted(told)
        return [fate for _, fate, _ in done]

    def documents(self) -> dict[str, Any]:
        return {found.key: (found.source_version, found.document) for found in self.read_model.scan()}


def _plain(verdicts: Any) -> list[tuple[str, str, str]]:
    found: list[Verdict] = list(verdicts)
    return [(verdict.letter.place, verdict.fate.value, verdict.reason) for verdict in found]


def applied(*changes: ChangeEvent) -> MemoryReadModel:
    """A read model to which the events were applied in order."""
    read_model = MemoryReadModel("copy")
    for change in changes:
        read_model.apply([VersionedWrite(write, change.version) for write in COPY.projection.project(change)])
    return read_model


def test_a_letter_is_applied_under_its_own_version_and_is_open_no_longer() -> None:
    insert = event(after={"Username": "ann"})
    bench = Bench(letter(insert))
    assert bench.fates() == ["applied"]
    assert bench.documents() == {"1": (insert.version, {"UserId": 1, "Username": "ann"})}
    assert bench.open == []


@pytest.mark.parametrize(
    "later",
    [event(sequence=1, after={"x": 1}), event("MODIFY", 2, before={}, after={"x": 2}), event("REMOVE", 2, before={})],
    ids=["the same version", "a newer document", "a newer removal"],
)
def test_what_the_read_model_has_had_supersedes_a_letter_which_changes_nothing(later: ChangeEvent) -> None:
    bench = Bench(letter(event(sequence=1, after={"x": 0})), read_model=applied(later))
    before = bench.documents()
    assert bench.fates() == ["superseded"]
    assert bench.documents() == before
    assert bench.open == []


def test_a_letter_that_the_group_filters_is_resolved() -> None:
    bench = Bench(letter(event("MODIFY", 2, before={}, after={})), group=replace(COPY, filter=lambda _: False))
    assert bench.fates() == ["filtered"]
    assert (bench.documents(), bench.open) == ({}, [])


@pytest.mark.parametrize(
    ("value", "said"), [(b"poison", "no change event"), (None, "no value"), (b"", "no change event")]
)
def test_what_is_still_poison_stays_open_under_its_place_with_one_more_attempt(value: bytes | None, said: str) -> None:
    before = letter(value, attempts=3)
    bench = Bench(before)
    bench.dead_letters.letters.clear()
    (verdict,) = bench.way.redrive([before])
    (after,) = bench.open
    assert verdict.fate is Fate.STILL_POISON
    assert said in after.message == verdict.reason
    assert (after.stage, after.error, after.attempts) == ("decode", "UndecodableEvent", 4)
    kept = {"stage": before.stage, "error": before.error, "message": before.message, "attempts": 3}
    assert structs.replace(after, **kept) == before


def test_one_that_is_still_poison_costs_no_neighbour() -> None:
    bench = Bench(letter(b"poison", 1), letter(event(after={}), 2))
    assert sorted(bench.fates()) == ["applied", "still poison"]
    assert {open_letter.place for open_letter in bench.open} == {"users.changes/0/1"}


class Refusing(MemoryReadModel):
    """Refuses documents with an `x` of 2, and is away for `away` calls."""

    store = "OpenSearch"
    away = 0

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        if self.away:
            self.away -= 1
            return [WriteOutcome(WriteStatus.FAILED, "connection refused")] * len(writes)
        refused = [isinstance(one.write, Put) and one.write.document.get("x") == 2 for one in writes]
        return [
            WriteOutcome(WriteStatus.REFUSED, "too large") if no else super(Refusing, self).apply([one])[0]
            for no, one in zip(refused, writes, strict=True)
        ]


def test_a_letter_that_the_store_refuses_stays_and_an_older_one_of_its_key_counts_instead() -> None:
    old, new = event(sequence=1, after={"x": 1}), event("MODIFY", 2, before={}, after={"x": 2})
    bench = Bench(letter(old, 1), letter(new, 2), read_model=Refusing("copy"))
    verdicts = {verdict.letter.offset: verdict for verdict in bench.way.redrive(list(bench.open))}
    assert (verdicts[1].fate, verdicts[2].fate, verdicts[2].reason) == (Fate.APPLIED, Fate.STILL_POISON, "too large")
    assert bench.documents() == {"1": (old.version, {"UserId": 1, "x": 1})}


def test_an_outage_ends_it_and_leaves_open_what_is_not_done() -> None:
    store = Refusing("copy")
    letters = [letter(event(user_id=number, after={}), number) for number in (1, 2, 3)]
    bench = Bench(*letters, read_model=store, together=1)
    done = bench.way.redrive(letters)
    assert next(done).fate is Fate.APPLIED
    store.away = 1
    with pytest.raises(Outage, match="OpenSearch cannot be used just now: connection refused"):
        next(done)
    assert [open_letter.place for open_letter in bench.open] == [letters[1].place, letters[2].place]
    assert bench.fates() == ["applied", "applied"]


def test_a_registry_that_is_away_is_an_outage_and_nothing_is_resolved() -> None:
    class Away:
        def schema(self, _: int) -> str:
            raise RegistryUnavailable("http://registry", "does not answer")

        def id_of(self, subject: str, text: str) -> int:
            return REGISTRY.id_of(subject, text)

    bench = Bench(letter(event(after={})), decoder=EventDecoder(Away()))
    for way in (bench.way.redrive, bench.way.foretell):
        with pytest.raises(Outage, match="the schema registry cannot be used just now"):
            list(way(list(bench.open)))
    assert len(bench.open) == 1


def test_who_dies_before_a_letter_is_resolved_finds_it_superseded_the_next_time() -> None:
    class Dying(MemoryDeadLetters):
        def resolve(self, letter: DeadLetter) -> None:
            raise DeadLetterLost(f"{letter.place}: killed")

    insert = letter(event(after={"x": 1}))
    bench = Bench(insert)
    dying = GroupRedrive(Preparation(COPY, DECODER), bench.read_model, Dying(), lambda: NOW)
    with pytest.raises(DeadLetterLost):
        list(dying.redrive([insert]))
    assert bench.open == [insert]
    assert bench.fates() == ["superseded"]
    assert bench.open == []


@pytest.mark.parametrize(
    "old",
    [
        letter(event(after={})),
        letter(structs.replace(event(after={}), committed_at=None), first_seen=int(COMMITTED.timestamp() * 1000)),
        letter(b"poison", first_seen=int(COMMITTED.timestamp() * 1000)),
    ],
    ids=["by its event", "by the letter, where the event does not say", "by the letter, where there is no event"],
)
def test_what_is_older_than_removals_are_remembered_is_left_as_it_is_with_the_way_to_go(old: DeadLetter) -> None:
    bench = Bench(old)
    bench.now = COMMITTED.timestamp() + REMOVALS_KEPT_SECONDS
    (told,), (done,) = bench.way.foretell([old]), bench.way.redrive([old])
    assert told == done
    assert done.fate is Fate.TOO_OLD
    assert done.reason == (
        "it is 30 days old, and removals are remembered for 30 days; it goes the way of "
        "`distributary rebuild copy --keys`"
    )
    assert (bench.documents(), bench.open) == ({}, [old])


def test_one_second_before_its_removal_is_forgotten_a_letter_is_applied() -> None:
    bench = Bench(letter(event(after={})))
    bench.now = (COMMITTED + timedelta(seconds=REMOVALS_KEPT_SECONDS - 1)).timestamp()
    assert bench.fates() == ["applied"]


def test_a_key_that_the_store_does_not_have_is_foretold_as_poison() -> None:
    class Strict(MemoryReadModel):
        def version(self, key: str) -> str | None:
            raise InvalidKey(f"{key} is no key")

    (verdict,) = Bench(read_model=Strict("copy")).way.foretell([letter(event(after={}))])
    assert (verdict.fate, verdict.reason) == (Fate.STILL_POISON, "1 is no key")


def test_a_letter_counts_if_any_of_its_writes_does() -> None:
    writes = tuple(VersionedWrite(Put(key, {}), "2") for key in ("1|a", "1|b"))
    known = {"1|a": "3", "1|b": "1"}
    prepared: list[Prepared] = [writes[:1], writes, (), Poison("decode", "UndecodableEvent", "no")]
    assert foretold(prepared, known) == [
        (Fate.SUPERSEDED, ""),
        (Fate.APPLIED, ""),
        (Fate.FILTERED, ""),
        (Fate.STILL_POISON, "no"),
    ]


changes = st.lists(st.tuples(st.integers(1, 2), st.booleans()), min_size=1, max_size=6)


@given(changes, st.data())
def test_whatever_is_redriven_twice_in_any_order_it_ends_as_if_all_had_been_applied_in_theirs(
    history: list[tuple[int, bool]], data: st.DataObject
) -> None:
    events = [
        event(
            "MODIFY" if stays else "REMOVE", sequence, user_id=user, before={}, after={"n": sequence} if stays else None
        )
        for sequence, (user, stays) in enumerate(history, start=1)
    ]
    numbers = range(len(events))
    lost = data.draw(st.sets(st.sampled_from(numbers)), "became dead letters")
    together = data.draw(st.integers(1, 3), "together")
    bench = Bench(read_model=applied(*(events[number] for number in numbers if number not in lost)), together=together)

    for number in data.draw(st.permutations([*lost, *lost]), "redriven in this order"):
        some = data.draw(st.sets(st.sampled_from(sorted(lost))), "together with") | {number}
        letters = [letter(events[other], other) for other in data.draw(st.permutations(sorted(some)))]
        told, done = _plain(bench.way.foretell(letters)), _plain(bench.way.redrive(letters))
        assert told == done

    expected = applied(*events)
    assert bench.documents() == {found.key: (found.source_version, found.document) for found in expected.scan()}
    for key in {key_text(change.key.attributes) for change in events}:
        assert bench.read_model.version(key) == expected.version(key)
