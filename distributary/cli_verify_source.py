"""`distributary verify --source`: whether a table's log is what the table holds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributary.cli_bridge import Pages
from distributary.cli_terminal import DEFAULT_HOME, environment, topic_of, until_told
from distributary.errors import Differs

if TYPE_CHECKING:
    from distributary.verify import How
    from distributary.verify_source import SourceFindings
    from schemas.topics import Topic


def verify_table(
    table: str, how: How, sample: int, keys_to: Path | None, pages: Pages, *, json: bool, home: Path | None
) -> None:
    """Verifies a table against its log. Raises Differs."""
    from distributary.cli_progress import print_line, showing
    from distributary.cli_verify import writing_keys
    from distributary.reach import connected, find
    from distributary.verify_source import verify_source

    topic, told, settings, folder = topic_of(table), until_told(), environment(), home or DEFAULT_HOME
    found = find(folder, settings)
    passed = pages.passing(found, table, told)
    with connected(found, settings, time.time) as adapters, showing(json=json) as show, writing_keys(keys_to) as keys:
        result = verify_source(adapters, folder, topic, passed, how, sample, show)
        keys(key.encode() for key in result.keys)
    if json:
        print_line(_report(topic, result))
    else:
        _print(topic, result)
    if result.keys:
        raise Differs(
            f"the log of {table} is not what the table holds under {len(result.keys)} keys; write them down with "
            f"--keys-to FILE, and `distributary repair {table} --keys FILE`"
        )


def _report(topic: Topic, result: SourceFindings) -> dict[str, Any]:
    from distributary.cli_verify import counted_kinds

    found = result.found
    return {
        "table": topic.table,
        "topic": topic.name,
        "events": found.events,
        "items": found.keys,
        "differences": found.differences,
        "counts": counted_kinds(found),
        "gaps": result.gap_count,
        "gap_samples": [gap._asdict() for gap in result.gaps],
        "keys": len(result.keys),
        "samples": found.samples,
    }


def _print(topic: Topic, result: SourceFindings) -> None:
    from distributary.cli_verify import print_counts, say

    found = result.found
    say(f"{topic.name}: {found.events:,} events, folded to {found.keys:,} items, against {topic.table}")
    print_counts(found)
    say(f"  {'gaps: an event does not follow from the one before':<52}{result.gap_count:>8,}")
    for gap in result.gaps:
        say(f"gap: {gap.key}  (between {gap.previous} and {gap.version})")
    if not result.keys:
        say("the log is what the table holds")
