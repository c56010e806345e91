"""The four real servers: one address each, on loopback alone, with state that outlives them."""

from __future__ import annotations

from urllib.request import urlopen


def test_every_server_of_the_run_answers(
    kafka_bootstrap: str, registry_url: str, opensearch_url: str, dynamodb_url: str
) -> None:
    with urlopen(f"{registry_url}/subjects") as subjects:
        assert subjects.status == 200
    with urlopen(opensearch_url) as about:
        assert b"3.6.0" in about.read()
