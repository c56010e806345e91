"""What a pipeline says of itself: the bridge's accounts, each group's outcomes and lag, the read models."""

from __future__ import annotations

from typing import Any

from consumers.delivery.lag import lag
from consumers.read_model import ReadModel
from distributary.pipeline import Pipeline


def status(pipeline: Pipeline) -> dict[str, Any]:
    """The status now; a group that has stopped says why."""
    groups = group_rows(pipeline)
    for row in groups:
        reason = pipeline.stopped.get(row["group"])
        row.update({"state": "running"} if reason is None else {"state": "stopped", "reason": reason})
    return {"on": pipeline.parts.on, "bridge": pipeline.parts.ledger.rows(), "groups": groups}


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
    """A row a group: its outcomes, and its lag in events and seconds."""
    now = pipeline.parts.clock()
    rows = []
    for consumer in pipeline.parts.consumers:
        behind = lag(pipeline.parts.log, consumer.group.name, consumer.group.topic, now)
        rows.append({"group": consumer.group.name, **consumer.outcomes.as_counts(), "lag": {**behind._asdict()}})
    return rows


def count(read_model: ReadModel) -> int:
    """How many documents a read model holds."""
    return sum(1 for _ in read_model.scan())
