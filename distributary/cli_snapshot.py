"""`distributary snapshot` and `repair`: what a table holds, stated in its topic (design section 9)."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from distributary.cli_bridge import PASS_SECONDS, BridgeOption, Pages, WaitOption
from distributary.cli_progress import showing
from distributary.cli_terminal import (
    DEFAULT_HOME,
    HomeOption,
    environment,
    err,
    named_input,
    read_input,
    topic_of,
    until_told,
)
from distributary.errors import KeysLeft, Stopped, UnreadableKeys

if TYPE_CHECKING:
    from distributary.repair import Verdict
    from distributary.snapshot import Totals

TableArgument = Annotated[str, typer.Argument(metavar="TABLE", help="The table, as its line in schemas/topics.py.")]
TruncatedOption = Annotated[bool, typer.Option("--accept-truncated", help="Go by a topic that has lost its beginning.")]


def snapshot(
    table: TableArgument,
    segments: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Parts that are read side by side; 4 if none is unfinished.")
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.1, help="Read units a second, at the most.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Start over, whatever an unfinished one has done.")] = False,
    capture_checked: Annotated[
        bool, typer.Option("--capture-checked", help="You have seen that the table's changes are captured (Lambda).")
    ] = False,
    bridge: BridgeOption = None,
    json: Annotated[bool, typer.Option("--json", help="JSON lines: how far it is, and last the result.")] = False,
    home: HomeOption = None,
) -> None:
    """State every item of a table in its topic, for what was there before its stream. Goes on where it was stopped."""
    from bridge.dynamodb_items import DynamoDBItems
    from distributary.capture import captured_stream, check_captured, check_published
    from distributary.progress import Stage
    from distributary.reach import connected, find
    from distributary.snapshot import Choice, take_snapshot

    topic, told, settings = topic_of(table), until_told(), environment()
    check_published(topic, "snapshot")
    found = find(home or DEFAULT_HOME, settings)
    with connected(found, settings, time.time) as adapters:
        about = DynamoDBItems(adapters.stores.dynamodb).count(table)
        stream = captured_stream(topic, adapters.streams)
        if not capture_checked:
            check_captured(topic, Pages(bridge).of(found), PASS_SECONDS, told)
        with showing(json=json) as show:
            choice = Choice(segments, rate, anew)
            totals = take_snapshot(
                adapters, topic, stream, choice, told, lambda now: show(Stage("items", now.items, about or None))
            )
    _print_totals(table, totals, json=json)


def repair(
    table: TableArgument,
    keys: Annotated[str, typer.Option("--keys", metavar="FILE", help="A key a line, or `verify --json`; - is stdin.")],
    wait: WaitOption = None,
    bridge: BridgeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each key.")] = False,
    accept_truncated: TruncatedOption = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    home: HomeOption = None,
) -> None:
    """State items of a table anew, right above what the log says of them; that they are gone where they are."""
    from distributary.capture import captured_stream, check_published
    from distributary.key_file import read_keys
    from distributary.reach import connected, find
    from distributary.repair import repairing
    from schemas.event_schema import item_key_of

    topic, told, settings = topic_of(table), until_told(), environment()
    check_published(topic, "repair")
    wanted = read_keys(read_input(keys, UnreadableKeys), item_key_of(topic), named_input(keys))
    found = find(home or DEFAULT_HOME, settings)
    passed = _nothing if dry_run else Pages(bridge, wait).passing(found, table, told)
    verdicts: list[Verdict] = []
    with connected(found, settings, time.time) as adapters:
        stream = captured_stream(topic, adapters.streams)
        with repairing(adapters, topic, stream, wanted, passed, accept_truncated=accept_truncated) as way:
            try:
                for verdict in way.foretell(wanted) if dry_run else way.repair(wanted):
                    verdicts.append(verdict)
            finally:
                # Also where something is away: what is done is done.
                _print(verdicts, dry_run=dry_run, json=json)
    _tell_what_is_left(verdicts)


def _nothing() -> None:
    """Waits for nothing: nothing is published."""


def _print(verdicts: list[Verdict], *, dry_run: bool, json: bool) -> None:
    from distributary.repair import Fate

    counts = Counter(verdict.fate for verdict in verdicts)
    if json:
        rows = [{"key": one.key, "fate": one.fate.value, "reason": one.reason} for one in verdicts]
        named = {fate.name.lower(): counts[fate] for fate in Fate}
        typer.echo(msgspec.json.encode({"dry_run": dry_run, **named, "keys": rows}))
        return
    for one in verdicts:
        typer.echo("  ".join(part for part in (one.key, one.fate.value, one.reason) if part))
    said = ", ".join(f"{count} {fate}" for fate, count in counts.items()) or "no keys"
    err.print(f"dry run, nothing was changed: {said}" if dry_run else said, highlight=False)


def _tell_what_is_left(verdicts: list[Verdict]) -> None:
    from distributary.repair import Fate

    left = [verdict.key for verdict in verdicts if verdict.fate in (Fate.KEPT_CHANGING, Fate.DEAD_LETTERED)]
    if left:
        raise KeysLeft(f"{len(left)} of {len(verdicts)} keys are not repaired, each for the reason given")


def _print_totals(table: str, totals: Totals, *, json: bool) -> None:
    if not totals.ended:
        raise Stopped(f"stopped after {totals.items} items of {table}; the same command goes on from there")
    result = {name: value for name, value in totals._asdict().items() if name != "ended"}
    if json:
        typer.echo(msgspec.json.encode(result))
    else:
        typer.echo(f"{table}: {totals.published} items published, {totals.consumed:g} read units")
    if totals.dead_lettered:
        letters = f"`distributary dead-letters list bridge:{table}`"
        err.print(f"{totals.dead_lettered} items cannot become events; see {letters}", highlight=False, soft_wrap=True)
