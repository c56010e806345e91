"""What a pipeline, or a part of one, tells Prometheus: the same figures as `status`, read when it asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge.accounts import Accounts
from consumers.delivery.outcomes import Outcome
from distributary.pipeline import Pipeline
from distributary.status import status

CONTENT_TYPE = CONTENT_TYPE_LATEST
_ENDS = ("published", "filtered", "dead_lettered", "returned")


def metrics_text(pipeline: Pipeline) -> bytes:
    """All figures in Prometheus's text form."""
    registry = CollectorRegistry()
    registry.register(PipelineCollector(pipeline))
    return generate_latest(registry) + generate_latest(pipeline.parts.turns.registry)


class PipelineCollector(Collector):
    """The pipeline's figures; the histograms of its turns are in `parts.turns.registry`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def collect(self) -> Iterator[Metric]:
        """Every figure, as it is now."""
        found = status(self._pipeline)
        yield from _bridge(found["bridge"])
        yield from _groups(found["groups"])
        trimmed = CounterMetricFamily(
            "distributary_poller_trimmed", "Times that records left the stream before they were read.", labels=["table"]
        )
        for poller in self._pipeline.parts.pollers:
            trimmed.add_metric([poller.topic.table], poller.trimmed)
        yield trimmed


def _bridge(rows: Sequence[dict[str, Any]]) -> Iterator[Metric]:
    read = CounterMetricFamily("distributary_bridge_read", "Stream records read.", labels=["table"])
    ends = CounterMetricFamily("distributary_bridge_records", "What became of them.", labels=["table", "outcome"])
    unaccounted = GaugeMetricFamily(
        "distributary_bridge_unaccounted", "Records read less those with an outcome: always 0.", labels=["table"]
    )
    for row in rows:
        table = row["table"] or ""
        accounts = Accounts(**{name: count for name, count in row.items() if name != "table"})
        read.add_metric([table], accounts.read)
        for end in _ENDS:
            ends.add_metric([table, end], row[end])
        unaccounted.add_metric([table], accounts.unaccounted)
    yield from (read, ends, unaccounted)


def _groups(rows: Sequence[dict[str, Any]]) -> Iterator[Metric]:
    deliveries = CounterMetricFamily(
        "distributary_group_deliveries", "Deliveries by outcome.", labels=["group", "outcome"]
    )
    waiting = GaugeMetricFamily(
        "distributary_group_waiting_since_seconds",
        "Since when it waits; absent while it does not.",
        labels=["group", "of"],
    )
    stopped = GaugeMetricFamily("distributary_group_stopped", "1 where it cannot go on.", labels=["group"])
    retries = CounterMetricFamily("distributary_group_retries", "Turns that an outage ended.", labels=["group"])
    unaccounted = GaugeMetricFamily(
        "distributary_group_unaccounted", "Deliveries polled less those with an outcome: always 0.", labels=["group"]
    )
    events = GaugeMetricFamily("distributary_group_lag_events", "Deliveries not yet committed.", labels=["group"])
    seconds = GaugeMetricFamily(
        "distributary_group_lag_seconds", "How long the oldest of them has waited.", labels=["group"]
    )
    for row in rows:
        labels = [row["group"]]
        for outcome in Outcome:
            deliveries.add_metric([*labels, outcome.value], row[outcome.value])
        if row["state"] == "waiting":
            waiting.add_metric([*labels, row["for"]], row["since"])
        stopped.add_metric(labels, row["state"] == "stopped")
        retries.add_metric(labels, row["retries"])
        unaccounted.add_metric(labels, row["unaccounted"])
        if row["lag"]["events"] is not None:
            events.add_metric(labels, row["lag"]["events"])
            seconds.add_metric(labels, row["lag"]["seconds"])
    yield from (deliveries, waiting, stopped, retries, unaccounted, events, seconds)
