"""librdkafka's own mock cluster as a Kafka to test against: it runs in this process and can be made to fail.

The functions are librdkafka's C interface (`rdkafka_mock.h`), reached through the client that bundles it.
"""

from __future__ import annotations

import ctypes
import logging
import time
from threading import Event
from types import TracebackType
from typing import Any, cast

import confluent_kafka
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition, cimpl

from bridge.publisher import Message
from schemas.dead_letters import Headers

__all__ = ["INIT_PRODUCER_ID", "PRODUCE", "KafkaError", "MockKafka"]

PRODUCE = 0
INIT_PRODUCER_ID = 22

_log = logging.getLogger(__name__)

_PRODUCER_HANDLE = 0
_TIMEOUT = 10.0
"""Seconds after which a read counts as hung; never waited for when all is well."""


def _library() -> ctypes.CDLL:
    # The extension's own handle finds librdkafka's symbols too, wherever the wheel keeps that library.
    library = ctypes.CDLL(cimpl.__file__)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_conf_set_log_cb": (None, [pointer, pointer]),
        "rd_kafka_new": (pointer, [ctypes.c_int, pointer, text, ctypes.c_size_t]),
        "rd_kafka_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, ctypes.c_int]),
        "rd_kafka_mock_cluster_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_topic_create": (ctypes.c_int, [pointer, text, ctypes.c_int, ctypes.c_int]),
        "rd_kafka_mock_partition_set_leader": (ctypes.c_int, [pointer, text, number, number]),
        "rd_kafka_mock_broker_set_down": (ctypes.c_int, [pointer, number]),
        "rd_kafka_mock_broker_set_up": (ctypes.c_int, [pointer, number]),
        "rd_kafka_mock_broker_set_rtt": (ctypes.c_int, [pointer, number, ctypes.c_int]),
        "rd_kafka_mock_start_request_tracking": (None, [pointer]),
        "rd_kafka_mock_get_requests": (ctypes.POINTER(pointer), [pointer, ctypes.POINTER(ctypes.c_size_t)]),
        "rd_kafka_mock_request_api_key": (ctypes.c_int16, [pointer]),
        "rd_kafka_mock_request_destroy_array": (None, [ctypes.POINTER(pointer), ctypes.c_size_t]),
        "rd_kafka_mock_push_request_errors_array": (
            None,
            [pointer, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)],
        ),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class MockKafka:
    """One broker on a free port of the loopback. Use it as a context, or `close` it."""

    def __init__(self) -> None:
        self._library = _library()
        settings = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set_log_cb(settings, None)  # it would write to standard error
        self._handle = self._library.rd_kafka_new(_PRODUCER_HANDLE, settings, None, 0)
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._handle, 1)
        self._library.rd_kafka_mock_start_request_tracking(self._cluster)
        self.bootstrap: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def __enter__(self) -> MockKafka:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stops the broker and frees its port."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)

    def create_topic(self, topic: str, partitions: int) -> None:
        """Creates a topic; one that is published to without it gets four partitions."""
        self._call("topic_create", topic.encode(), partitions, 1)

    def down(self) -> None:
        """Disconnects everybody and lets nobody in again until `up`."""
        self._call("broker_set_down", 1)

    def up(self) -> None:
        """Lets clients in again."""
        self._call("broker_set_up", 1)

    def delay(self, milliseconds: int) -> None:
        """Holds every answer back for so long."""
        self._call("broker_set_rtt", 1, milliseconds)

    def leaderless(self, topic: str, partition: int) -> None:
        """Takes the partition's leader away; a client that has sent to it before would crash the mock cluster."""
        self._call("partition_set_leader", topic.encode(), partition, -1)

    def lead(self, topic: str, partition: int) -> None:
        """Gives the partition its leader back."""
        self._call("partition_set_leader", topic.encode(), partition, 1)

    def answer(self, request: int, *errors: int) -> None:
        """The next requests of that kind get these error codes, in order, instead of being carried out."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, request, len(errors), codes)

    def wait_for(self, request: int) -> None:
        """Returns once a client has made a request of that kind."""
        pause, deadline = Event(), time.monotonic() + _TIMEOUT
        while request not in self._requests():
            assert time.monotonic() < deadline, f"no client made a request {request}"
            pause.wait(0.005)

    def taken(self, topic: str) -> list[Message]:
        """Every message that the topic holds now, partition by partition, in offset order."""
        return [message for messages in self.partitions(topic).values() for message in messages]

    def partitions(self, topic: str) -> dict[int, list[Message]]:
        """The same, by partition."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "-"}, logger=_log)
        try:
            numbers = consumer.list_topics(topic, timeout=_TIMEOUT).topics[topic].partitions
            ends = {
                number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=_TIMEOUT)[1]
                for number in numbers
            }
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number, end in ends.items() if end])
            found: dict[int, list[Message]] = {number: [] for number in numbers}
            for _ in range(sum(ends.values())):
                record = consumer.poll(_TIMEOUT)
                assert record is not None, "the mock cluster stopped answering"
                assert record.error() is None, record.error()
                found[cast("int", record.partition())].append(_message(record))
            return found
        finally:
            consumer.close()

    def _requests(self) -> set[int]:
        count = ctypes.c_size_t()
        requests = self._library.rd_kafka_mock_get_requests(self._cluster, ctypes.byref(count))
        kinds = {self._library.rd_kafka_mock_request_api_key(request) for request in requests[: count.value]}
        self._library.rd_kafka_mock_request_destroy_array(requests, count)
        return kinds

    def _call(self, function: str, *arguments: object) -> None:
        code = getattr(self._library, f"rd_kafka_mock_{function}")(self._cluster, *arguments)
        if code:
            raise AssertionError(f"the mock cluster: {function} gave {KafkaError(code)}")


def _message(record: confluent_kafka.Message) -> Message:
    value = record.value()
    assert value is not None, "a null where a value was published"
    headers = cast("Headers", tuple(record.headers() or ()))
    return Message(cast("str", record.topic()), cast("bytes", record.key()), value, headers)
