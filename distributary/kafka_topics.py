"""The topics in Kafka, made where they are not there yet, with the design's settings (design section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from consumers.groups import GROUPS
from distributary.errors import TopicsUnusable
from schemas.kafka import FRAMING_BYTES, Settings
from schemas.topics import BRIDGE_DEAD_LETTERS, TOPICS, dead_letters_of, max_bytes

ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DeclaredTopic:
    """A topic as it shall be. A compacted one keeps the last message of each key: dead letters, by their place."""

    name: str
    partitions: int
    compacted: bool

    def config(self, replicas: int) -> dict[str, str]:
        """Its settings on the brokers."""
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": "-1",
            "retention.bytes": "-1",
            "max.message.bytes": str(max_bytes(self.name) + FRAMING_BYTES),
            "min.insync.replicas": str(min(2, replicas)),
            "unclean.leader.election.enable": "false",
            "message.timestamp.type": "CreateTime",
        }


def declared_topics() -> list[DeclaredTopic]:
    """The topics of every table, the dead letters of each one's bridge and of every group."""
    letters = [
        *(dead_letters_of(topic.name) for topic in TOPICS),
        *(dead_letters_of(group.name) for group in GROUPS),
        BRIDGE_DEAD_LETTERS,
    ]
    return [
        *(DeclaredTopic(topic.name, topic.partitions, compacted=False) for topic in TOPICS),
        *(DeclaredTopic(name, 1, compacted=True) for name in letters),
    ]


def create_topics(settings: Settings, topics: Iterable[DeclaredTopic], replicas: int = 3) -> None:
    """Makes those that are not there; `settings` are a client's properties, `replicas` the replication factor.

    Raises TopicsUnusable where one has another partition count, or the brokers refuse.
    """
    admin = AdminClient(dict(settings))
    wanted = {topic.name: topic for topic in topics}
    new = [NewTopic(topic.name, topic.partitions, replicas, config=topic.config(replicas)) for topic in wanted.values()]
    try:
        for name, created in admin.create_topics(new, operation_timeout=ANSWER_SECONDS).items():
            try:
                created.result(ANSWER_SECONDS)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise TopicsUnusable(f"the topic {name} cannot be made: {error.args[0].str()}") from None
        there = admin.list_topics(timeout=ANSWER_SECONDS).topics
    except (KafkaException, TimeoutError) as error:
        reason = error.args[0].str() if isinstance(error, KafkaException) else "no answer"
        raise TopicsUnusable(f"Kafka at {settings['bootstrap.servers']} cannot be used: {reason}") from None
    for name, topic in wanted.items():
        found = len(there[name].partitions) if name in there else topic.partitions
        if found != topic.partitions:
            raise TopicsUnusable(
                f"the topic {name} has {found} partitions in Kafka and {topic.partitions} where it is declared "
                "(schemas/topics.py), and a topic's partition count never changes; declare what is there"
            )
