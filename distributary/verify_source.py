"""`distributary verify --source`: whether a table's log is what the table holds (design section 9)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from bridge.dynamodb_items import DynamoDBItems
from consumers.delivery.prepare import Preparation
from consumers.group import Group
from consumers.projection import Projection, one_document
from consumers.read_model import Table
from consumers.writes import Fields
from distributary.adapters import Adapters
from distributary.capture import check_published
from distributary.folding.checks import check_topic
from distributary.folding.findings import Findings
from distributary.folding.gaps_file import Gap, GapsFile
from distributary.folding.held_file import HeldFile
from distributary.folding.partition import Ground, Partition, Scope
from distributary.folding.partition_of_key import by_item_key
from distributary.folding.source_table import SourceTable
from distributary.folding.worker import Range
from distributary.letters import letter_key, open_letters
from distributary.progress import Show, Stage
from distributary.verify import How, counted, folder, ranges
from schemas.attribute_values import Item
from schemas.codec import EventDecoder
from schemas.event_schema import item_key_of
from schemas.topics import Topic

MOST_GAPS = 1000
"""How many gaps are listed; all are counted."""


class SourceFindings(msgspec.Struct):
    """What differs, and the gaps: keys whose events do not follow from one another, so that one is missing."""

    found: Findings
    gap_count: int
    gaps: list[Gap]
    keys: list[str]
    """All keys that differ or have a gap."""


def verify_source(
    adapters: Adapters, home: Path, topic: Topic, passed: Callable[[], object], how: How, samples: int, show: Show
) -> SourceFindings:
    """What differs between a table and its log.

    `passed` returns once the bridge has published all that was written to the table before it was called. Raises
    LogIncomplete, Outage, and what `Items` and `passed` raise.
    """
    check_published(topic, "difference from the table")
    starts = check_topic(adapters.log, topic.name, accept_truncated=how.accept_truncated)
    key = item_key_of(topic)
    source = SourceTable(DynamoDBItems(adapters.stores.dynamodb), topic.table, key)
    group = Group(topic.table, topic.name, Projection("items", 1, one_document(_whole)), Table(topic.table, key))
    scope = Scope(samples=samples, bare=True)
    owner = f"bridge:{topic.table}"
    letters = frozenset(filter(None, (letter_key(owner, one) for one in open_letters(adapters.log, owner))))
    total, keys = SourceFindings(Findings(), 0, [], []), set[str]()
    with folder(home) as place:
        preparation = Preparation(group, EventDecoder(adapters.registry), folding=True)
        ground = Ground(
            adapters.log, preparation, source, adapters.clock, len(key), letters, place, scope, published=passed
        )
        # 1 read the table, 2 wait until the bridge has passed that moment, 3 fix the log's ends
        items = counted(source.scan(), lambda number: show(Stage("items read", number, None)))
        with closing(HeldFile.read(place / "held.sqlite3", items, by_item_key(len(key), len(starts)))) as held:
            passed()
            # 4 fold, compare, look again
            for number, span in ranges(adapters.log, topic.name, starts).items():
                show(Stage("partitions read", number, len(starts)))
                _add(total, keys, ground, held, number, span)
    total.keys = sorted(keys)
    return total


def _add(total: SourceFindings, keys: set[str], ground: Ground, held: HeldFile, number: int, span: Range) -> None:
    """Adds what is found in one partition."""
    gaps_file = GapsFile(ground.folder / f"gaps-{number}.sqlite3", ground.preparation)
    with closing(gaps_file), closing(Partition(ground, number, *span)) as partition:
        partition.fold(through=gaps_file.noting)
        partition.compare(held)
        total.found.add(partition.judge(span.end), ground.scope.samples)
        for found in partition.file.findings():
            keys.update(key.decode() for key in found)
        for gap in gaps_file.gaps():
            total.gap_count += 1
            keys.add(gap.key)
            if len(total.gaps) < MOST_GAPS:
                total.gaps.append(gap)


def _whole(item: Item) -> Fields:
    return dict(item)
