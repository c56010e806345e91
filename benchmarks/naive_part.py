"""One part of the obvious pipeline in a process of its own, until SIGTERM.

`python -m benchmarks.naive_part PART KAFKA REGISTRY_URL OPENSEARCH_URL DYNAMODB_URL`; PART is poller or a group's name.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import closing
from threading import Event

from benchmarks.naive_bridge import NaiveBridge
from benchmarks.naive_consumer import NaiveConsumer
from benchmarks.naive_groups import NaiveMember, keep_app_users, keep_workplace_users
from benchmarks.naive_index import NaiveIndex
from benchmarks.naive_poller import NaivePoller
from benchmarks.naive_table import NaiveTable
from distributary.settings import Endpoints
from schemas.event_schema import packaged
from schemas.registry_http import HttpRegistry
from schemas.topics import TOPICS, Topic

USERS, WORKPLACE_USERS = TOPICS
INDEX = "workplace-users.g1"


def naive_bridge(at: Endpoints, topic: Topic) -> NaiveBridge:
    """The obvious bridge of a table."""
    return NaiveBridge(at.kafka, topic.name, *_schema(at, topic))


def _schema(at: Endpoints, topic: Topic) -> tuple[str, int]:
    text = packaged(topic.item_record)
    with closing(HttpRegistry(at.registry_url)) as registry:
        return text, registry.id_of(topic.subject, text)


def _member(at: Endpoints, group: str, topic: Topic) -> NaiveMember:
    return NaiveMember(at.kafka, group, topic.name, NaiveConsumer(topic.name, *_schema(at, topic)))


def run(part: str, at: Endpoints, stop: Event) -> None:
    """Works as that part until `stop` is set."""
    if part == "poller":
        NaivePoller(at.dynamodb_url, WORKPLACE_USERS.table, naive_bridge(at, WORKPLACE_USERS)).run(stop)
        return
    with closing(_member(at, part, WORKPLACE_USERS if part == "user-search" else USERS)) as member:
        match part:
            case "app-users":
                member.keep_table(keep_app_users(NaiveTable(at.dynamodb_url, "AppUsers_V2"), time.time), stop)
            case "workplace-users":
                table = NaiveTable(at.dynamodb_url, WORKPLACE_USERS.table)
                member.keep_table(keep_workplace_users(table, time.time), stop)
            case "user-search":
                member.keep_index(NaiveIndex(at.opensearch_url, INDEX), time.time, stop)


def main() -> None:
    """The program."""
    part, *addresses = sys.argv[1:]
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    run(part, Endpoints(*addresses), stop)


if __name__ == "__main__":
    main()
