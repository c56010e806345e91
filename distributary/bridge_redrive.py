"""The bridge's dead letters, relayed again (design section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bridge.errors import UnconvertibleRecord
from bridge.memory import MemoryPublisher
from bridge.publisher import Message, Publisher, Receipt, Status
from bridge.relay import Relay
from bridge.stream_record import check, parse
from consumers.delivery.dead_letters import DeadLetters
from consumers.delivery.redrive import Fate, Verdict, too_old
from consumers.errors import Outage
from distributary.adapters import PUBLISH_SECONDS
from distributary.ledger import Ledger
from schemas.dead_letters import DeadLetter, read_dead_letter
from schemas.topics import DEAD_LETTERS_SUFFIX

_WAY = "it goes the way of `distributary rebuild GROUP --keys`, in every group, before it is published"


class BridgeRedrive:
    """The way of the letters in `topic` through a relay that `relay_on` makes on a publisher; `publisher`: the log's.

    `ledger` is told what the relay did; `clock` gives epoch seconds. Raises what `relay_on` raises.
    """

    def __init__(
        self,
        topic: str,
        relay_on: Callable[[Publisher], Relay],
        publisher: Publisher,
        dead_letters: DeadLetters,
        ledger: Ledger,
        clock: Callable[[], float],
    ) -> None:
        self._topic = topic
        self._relay_on = relay_on
        self._dead_letters = dead_letters
        self._ledger = ledger
        self._clock = clock
        self._sent = _Shown(publisher)
        self._relay = relay_on(self._sent)

    def redrive(self, letters: Sequence[DeadLetter]) -> Iterator[Verdict]:
        """Publishes the letters' events, and says what became of each once that is durable.

        One that has to become a dead letter again is written anew under its place. Raises Outage, DeadLetterLost.
        """
        for letter in letters:
            if (old := self._too_old(letter)) is not None:
                yield old
                continue
            # 1 check, translate, filter, publish, wait for the acknowledgement
            self._sent.message = None
            result = self._relay.redrive(letter, lambda: PUBLISH_SECONDS)
            self._ledger.observe(result)
            if result.returned is not None:
                raise Outage("the log", result.reason)
            # 2 resolve it, unless it was written again in the same topic
            if self._sent.message is None or self._sent.message.topic != self._topic:
                self._dead_letters.resolve(letter)
            yield self._verdict(letter, self._sent.message)

    def foretell(self, letters: Sequence[DeadLetter]) -> Iterator[Verdict]:
        """What `redrive` would make of the letters, touching nothing; only the log can refuse one beyond that."""
        sent = _Shown(MemoryPublisher())
        relay = self._relay_on(sent)
        for letter in letters:
            sent.message = None
            old = self._too_old(letter)
            if old is None:
                relay.redrive(letter, lambda: PUBLISH_SECONDS)
            yield old or self._verdict(letter, sent.message)

    def _too_old(self, letter: DeadLetter) -> Verdict | None:
        try:
            committed_at = check(parse(letter.body)).committed_at
        except UnconvertibleRecord:
            committed_at = None
        committed = letter.first_seen / 1000 if committed_at is None else committed_at.timestamp()
        reason = too_old(committed, self._clock())
        return None if reason is None else Verdict(letter, Fate.TOO_OLD, f"{reason}; {_WAY}")

    def _verdict(self, letter: DeadLetter, sent: Message | None) -> Verdict:
        """What became of the letter, by the message that was acknowledged for it; None: its record was filtered."""
        if sent is None:
            return Verdict(letter, Fate.FILTERED)
        if not sent.topic.endswith(DEAD_LETTERS_SUFFIX):
            return Verdict(letter, Fate.PUBLISHED)
        reason = read_dead_letter(sent.key, sent.value, sent.headers).message
        moved = "" if sent.topic == self._topic else f"it belongs to {sent.topic} now: "
        return Verdict(letter, Fate.STILL_POISON, moved + reason)


class _Shown:
    """A publisher that shows the `message` that was acknowledged last."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self.message: Message | None = None

    def publish(self, messages: Sequence[Message], timeout: float) -> list[Receipt]:
        receipts = self._publisher.publish(messages, timeout)
        for message, receipt in zip(messages, receipts, strict=True):
            if receipt.status is Status.ACKNOWLEDGED:
                self.message = message
        return receipts

    def close(self) -> None:
        self._publisher.close()
