"""What a pipeline says of itself: the bridge's accounts, each group's outcomes and lag, the read models."""

from __future__ import annotations

from typing import Any

from consumers.delivery.lag import lag
from consumers.errors import Outage
from consumers.read_model import ReadModel
from distributary.pipeline import GroupPart, Pipeline


def status(pipeline: Pipeline) -> dict[str, Any]:
    """The status now; a group that has stopped says why, one that waits for what, since when and why."""
    groups = [
        {**row, **state(consumer, pipeline.stopped.get(consumer.group.name))}
        for row, consumer in zip(group_rows(pipeline), pipeline.parts.consumers, strict=True)
    ]
    return {"on": pipeline.parts.on, "bridge": pipeline.parts.ledger.rows(), "groups": groups}


def state(consumer: GroupPart, stopped: str | None) -> dict[str, Any]:
    """Whether the group is running, waiting (`for`, `since` in epoch seconds, `reason`, `tries`) or stopped."""
    if stopped is not None:
        return {"state": "stopped", "reason": stopped}
    if (waiting := consumer.waiting) is not None:
        found = {"for": waiting.of, "since": waiting.since, "reason": waiting.reason, "tries": waiting.tries}
        return {"state": "waiting", **found}
    return {"state": "running"}


def result(pipeline: Pipeline) -> dict[str, Any]:
    """What a run ends with: the accounts, the outcomes, and how many documents each read model holds."""
    return {
        "bridge": pipeline.parts.ledger.rows(),
        "groups": group_rows(pipeline),
        "read_models": {
            consumer.read_model.name: {"documents": count(consumer.read_model)} for consumer in pipeline.parts.consumers
        },
    }


def group_rows(pipeline: Pipeline) -> list[dict[str, Any]]:
    """A row a group: its outcomes, its lag in events and seconds, its retries, what its turns took, and the difference
    of its accounts, which is 0.
    """
    now = pipeline.parts.clock()
    rows = []
    for consumer in pipeline.parts.consumers:
        behind = _lag(pipeline, consumer, now)
        rows.append(
            {
                "group": consumer.group.name,
                **consumer.outcomes.as_counts(),
                "lag": behind,
                "retries": consumer.retries,
                "unaccounted": consumer.unaccounted,
                **pipeline.parts.turns.mean(consumer.group.name),
            }
        )
    return rows


def _lag(pipeline: Pipeline, consumer: GroupPart, now: float) -> dict[str, float | None]:
    """The group's lag; None where the log cannot say."""
    try:
        return {**lag(pipeline.parts.log, consumer.group.name, consumer.group.topic, now)._asdict()}
    except Outage:
        return {"events": None, "seconds": None}


def count(read_model: ReadModel) -> int:
    """How many documents a read model holds."""
    return sum(1 for _ in read_model.scan())
