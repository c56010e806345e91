"""Kafka as the log: a publisher by way of confluent_kafka (librdkafka).

Sources: librdkafka's CONFIGURATION.md and INTRODUCTION.md ("Idempotent Producer"), Kafka's protocol error codes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from confluent_kafka import KafkaError, KafkaException, Producer

from bridge.errors import InvalidBridgeSettings
from bridge.publisher import ACKNOWLEDGED, Message, Receipt, Status, too_large
from schemas.kafka import PRODUCER, Settings

Reports: TypeAlias = dict[int, KafkaError | None]

_log = logging.getLogger(__name__)

# Closed: anything else may pass. INVALID_MSG (a wrong checksum) is not among them: Kafka calls it retriable.
_REFUSALS = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_RECORD})
_REFUSALS_OF_ANOTHER = frozenset({KafkaError._INVALID_DIFFERENT_RECORD})


class KafkaPublisher:
    """Publishes to Kafka, idempotently, and believes nothing but the broker's acknowledgement of each message.

    `settings` are a client's properties (`KafkaConnection.client`). Connects in the background, so build it
    early. Raises InvalidBridgeSettings for settings that the client does not take.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = {**PRODUCER, **settings}
        self._clock = clock
        self._trouble = ""
        self._producer = self._built()

    def publish(self, messages: Sequence[Message], timeout: float) -> list[Receipt]:
        """See `Publisher.publish`.

        1 refuse what its topic does not take, 2 send the rest and wait for a report of each, 3 send again, alone, what
        was refused in company, 4 let go of a producer that may have something left to send.
        """
        deadline = self._clock() + timeout
        self._trouble = ""
        try:
            receipts = [too_large(message) for message in messages]  # 1
            sent = {number: message for number, message in enumerate(messages) if receipts[number] is None}
            reports = self._delivered(sent, deadline)  # 2
            if len(sent) > 1:
                self._tell_apart(sent, reports, deadline)  # 3
        except BaseException:
            self._start_over()
            raise
        unheard = KafkaError(KafkaError._TIMED_OUT, f"not acknowledged within {timeout:.3g} s")
        answers = [receipt or self._receipt(reports.get(number, unheard)) for number, receipt in enumerate(receipts)]
        if any(answer.status is Status.FAILED for answer in answers):  # 4
            self._start_over()
        return answers

    def close(self) -> None:
        """See `Publisher.close`."""
        # Without the purge `close` would go on sending.
        self._producer.purge()
        # A fatal error that nobody has heard of yet is raised here, sometimes dressed up; it is too late for it.
        with suppress(KafkaException, SystemError):
            self._producer.close()

    def _delivered(self, messages: Mapping[int, Message], deadline: float) -> Reports:
        """What became of each message, by number; one that nothing was heard of before the deadline is missing."""
        reports: Reports = {}
        try:
            for number, message in messages.items():
                self._produce(number, message, reports, deadline)
            if (left := deadline - self._clock()) > 0:
                # Not `poll`, which comes back for every few reports. What it answers proves nothing; the reports do.
                self._producer.flush(left)
            if any(reports.values()):
                self._producer.poll(0)
        except KafkaException as error:
            # So `poll` tells of a fatal error: the producer is done for, and whatever was not acknowledged fails by it.
            reports.update({number: error.args[0] for number in messages if reports.get(number, error) is not None})
        return reports

    def _produce(self, number: int, message: Message, reports: Reports, deadline: float) -> None:
        def report(error: KafkaError | None, _: object) -> None:
            reports[number] = error

        while (left := deadline - self._clock()) > 0:
            try:
                self._producer.produce(
                    message.topic, message.value, message.key, headers=list(message.headers), on_delivery=report
                )
            except BufferError:
                self._producer.poll(left)
            except KafkaException as error:
                if error.args[0].code() == KafkaError._FATAL:
                    self._producer.poll(0)  # raises what was fatal, if nobody has heard of it yet
                reports[number] = error.args[0]
                return
            else:
                return

    def _tell_apart(self, sent: Mapping[int, Message], reports: Reports, deadline: float) -> None:
        """Sends again, each alone, the messages refused in company: the broker answers for a whole batch, so that says
        nothing of any one. Those that such a message would now stand behind, under its key, follow it again.
        """
        overtaken = set()
        for number, message in sent.items():
            place = message.topic, message.key
            if place in overtaken or _is(reports.get(number), _REFUSALS | _REFUSALS_OF_ANOTHER):
                reports.pop(number, None)
                reports.update(self._delivered({number: message}, deadline))
                if not _is(reports.get(number), _REFUSALS):
                    overtaken.add(place)

    def _receipt(self, error: KafkaError | None) -> Receipt:
        if error is None:
            return ACKNOWLEDGED
        if error.code() in _REFUSALS:
            return Receipt(Status.REFUSED, error.str())
        return Receipt(Status.FAILED, ": ".join(filter(None, (error.str(), self._trouble))))

    def _start_over(self) -> None:
        self.close()
        self._producer = self._built()

    def _built(self) -> Producer:
        try:
            return Producer({**self._settings, "error_cb": self._note}, logger=_log)
        except KafkaException as error:
            raise InvalidBridgeSettings(f"Kafka's client does not take its settings: {error.args[0].str()}") from None

    def _note(self, error: KafkaError) -> None:
        self._trouble = error.str()


def _is(error: KafkaError | None, codes: frozenset[int]) -> bool:
    return error is not None and error.code() in codes
