"""librdkafka's mock broker in its own process, `python -m benchmarks.broker`."""

from __future__ import annotations

from contextlib import AbstractContextManager

from confluent_kafka import Producer

from benchmarks.stand_ins import stand_in, stay


def mock_broker() -> AbstractContextManager[str]:
    """The bootstrap servers of a broker that keeps nothing, until the context ends."""
    return stand_in("benchmarks.broker")


def main() -> None:
    """Serves until standard input ends."""
    owner = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 0})
    metadata = owner.list_topics(timeout=10)
    (broker,) = metadata.brokers.values()
    stay(f"{broker.host}:{broker.port}")


if __name__ == "__main__":
    main()
