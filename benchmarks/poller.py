"""The poller: from GetRecords to what the relay takes."""

from __future__ import annotations

from contextlib import closing

from benchmarks.dynamodb_server import dynamodb_server
from benchmarks.naive_dynamodb import NaiveStreams
from benchmarks.rounds import ROUNDS, in_turn, times_faster
from benchmarks.table import Line, line_of
from bridge.dynamodb_streams import DynamoDBStreams
from distributary.dynamodb_clients import local_clients

PAGES = 5
_ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/Users/stream/2026-01-01T00:00:00.000"


def measured(rounds: int = ROUNDS) -> list[Line]:
    """The processor time of the client alone: the server is a stand-in in another process."""
    with dynamodb_server() as url, closing(local_clients(url)) as clients, closing(local_clients(url)) as others:
        ours, naive = DynamoDBStreams(*clients), NaiveStreams(others.streams)
        assert ours.read(_ARN, "one").records == naive.read(_ARN, "one")
        variants = {
            "ours": lambda: [ours.read(_ARN, "one") for _ in range(PAGES)],
            "naive": lambda: [naive.read(_ARN, "one") for _ in range(PAGES)],
        }
        took = in_turn(variants, rounds, cpu=True)
    faster = times_faster(took, "ours", "naive")
    return [line_of("poller, get records to relay, client CPU, against get_records", faster, at_least=3)]
