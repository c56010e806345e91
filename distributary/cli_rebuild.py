"""`distributary rebuild` and `replay`: read models made from their log again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from distributary.cli_terminal import HomeOption, JsonOption, group_of, named_input, reached, read_input
from distributary.cli_verify import (
    PatienceOption,
    SampleOption,
    TruncatedOption,
    WorkersOption,
    print_findings,
    reach_of,
    report,
    say,
)
from distributary.errors import NotRebuilt, UnreadableKeys

if TYPE_CHECKING:
    from consumers.group import Group
    from distributary.folding.findings import Findings
    from distributary.folding.partition import Scope
    from distributary.rebuild import Rebuilt

ThrottleOption = Annotated[float | None, typer.Option("--writes-per-second", min=0.1, help="No more writes than that.")]
KeysOption = Annotated[
    str | None,
    typer.Option("--keys", metavar="FILE", help="Only these item keys, one a line, however old; - is stdin."),
]
GenerationOption = Annotated[
    int | None, typer.Option("--generation", min=1, help="Which generation; by itself the one that is to be built.")
]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME|OFFSETS", help="As it was then: by commit time, or up to those offsets."),
]
IntoOption = Annotated[
    str | None, typer.Option("--into", metavar="NAME", help="The new table or index that the past is built into.")
]
USD_A_MILLION_WRITE_UNITS = 0.625
"""DynamoDB's price on demand in us-east-1, since November 2024."""


def rebuild(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The group whose read model is made anew.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only the plan.")] = False,
    keys: KeysOption = None,
    generation: GenerationOption = None,
    until: UntilOption = None,
    into: IntoOption = None,
    writes_per_second: ThrottleOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    sample: SampleOption = 5,
    workers: WorkersOption = None,
    patience: PatienceOption = 5.0,
    accept_truncated: TruncatedOption = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make a group's read model what its log says: only what differs is written, while live traffic goes on.

    The same command on another machine takes part. It may be killed at any moment, and run again.
    """
    from distributary.cli_progress import showing
    from distributary.generations import to_rebuild
    from distributary.past import Past
    from distributary.rebuild import Rebuild
    from distributary.verify import How, verify

    if (until is None) != (into is None):
        raise typer.BadParameter("--until and --into go together: the past is built into a new place")
    how = How(workers, patience, accept_truncated, writes_per_second)
    with reached(home) as adapters, showing(json=json) as show:
        meant, reach = to_rebuild(adapters, group, generation), reach_of(home)
        scope = _scope(keys, meant, sample)
        if until is not None and into is not None:
            rebuilt = Past(adapters, reach, meant, how, show, into).run(until)
        elif dry_run:
            return _print_plan(meant, verify(adapters, reach, meant, scope, how, show), json=json)
        else:
            approve = _approval(meant, ask=not yes and not json, json=json)
            rebuilt = Rebuild(adapters, reach, meant, scope, how, show, approve).run()
    return _print_rebuilt(meant, rebuilt, into or meant.read_model.name, json=json)


def _scope(keys: str | None, group: Group, sample: int) -> Scope:
    """What of the log is folded. Raises UnreadableKeys."""
    from distributary.folding.partition import Scope

    if keys is None:
        return Scope(samples=sample)
    return Scope(keys=_item_keys(keys, group), every_removal=True, samples=sample)


def _item_keys(file: str, group: Group) -> frozenset[bytes]:
    """The message keys of the items that a file names. Raises UnreadableKeys."""
    from distributary.key_file import read_keys
    from schemas.event_schema import item_key_of
    from schemas.topics import topic_named

    keys = read_keys(read_input(file, UnreadableKeys), item_key_of(topic_named(group.topic)), named_input(file))
    if not keys:
        raise UnreadableKeys(f"{named_input(file)} names no key; give a file with an item key a line")
    return frozenset(key.encode() for key in keys)


def _approval(group: Group, *, ask: bool, json: bool) -> Callable[[Findings], None]:
    """Prints the plan, and on a terminal asks whether it shall be."""

    def approve(found: Findings) -> None:
        _print_plan(group, found, json=json)
        if found.to_write and ask and sys.stdin.isatty():
            typer.confirm(f"Write {found.to_write:,} keys of {group.read_model.name}?", abort=True, err=True)

    return approve


def _print_plan(group: Group, found: Findings, *, json: bool) -> None:
    from consumers.read_model import Table
    from distributary.cli_progress import print_line

    on_dynamodb = isinstance(group.read_model, Table)
    cost = found.write_units * USD_A_MILLION_WRITE_UNITS / 1_000_000
    if json:
        units = {"write_units": found.write_units, "usd": round(cost, 6)} if on_dynamodb else {}
        plan = {**report(group, found), "writes": found.to_write, "write_bytes": found.write_bytes, **units}
        print_line({"plan": plan})
        return
    print_findings(group, found)
    said = f"to write: {found.to_write:,} keys, about {found.write_bytes:,} bytes"
    if on_dynamodb:
        said += f", {found.write_units:,} write units (about USD {cost:,.4f} on demand)"
    say(said)


def _print_rebuilt(group: Group, rebuilt: Rebuilt, name: str, *, json: bool) -> None:
    """The result. Raises NotRebuilt where something is left."""
    from distributary.cli_progress import print_line

    written = rebuilt.written
    if json:
        told = {"group": group.name, "read_model": name, "events": rebuilt.found.events}
        print_line({"result": told | msgspec.structs.asdict(written)})
    else:
        say(f"{name}: {written.put:,} keys put, {written.removed:,} removed, {written.writes:,} writes")
        for reason in written.reasons:
            say(f"refused: {reason}")
    if written.kept_changing:
        raise NotRebuilt(
            f"{written.kept_changing} keys of {name} changed each time they were looked at; they are live traffic's: "
            f"`distributary verify {group.name}` says whether they are right"
        )


def replay(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The group whose read model is written.")],
    start: Annotated[
        str, typer.Option("--from", metavar="TIME|OFFSETS", help="An ISO instant, 2h ago, 1200 or 0=1200,1=1250.")
    ],
    writes_per_second: ThrottleOption = None,
    workers: WorkersOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Read a part of the log again into the same read model, under the version guard: after it was set back, say.

    Keys whose events are older than removals are remembered (30 days) are rebuilt from the whole log instead.
    """
    from distributary.cli_progress import print_line, showing
    from distributary.replay import Replay
    from distributary.verify import How

    meant = group_of(group)
    how = How(workers=workers, writes_per_second=writes_per_second)
    with reached(home) as adapters, showing(json=json) as show:
        command = Replay(adapters, reach_of(home), meant, how, show)
        replayed, rebuilt = command.run(command.starts(start))
    if json:
        result = msgspec.structs.asdict(replayed) | {"rebuilt": None if rebuilt is None else rebuilt.written}
        print_line({"result": {"group": meant.name, **result}})
        return
    say(
        f"{meant.read_model.name}: {replayed.events:,} events read again; {replayed.applied:,} keys applied, "
        f"{replayed.stale:,} stale, {replayed.refused:,} refused"
    )
    if rebuilt is not None:
        say(f"{len(replayed.old):,} keys are older than removals are remembered, and were rebuilt")
        _print_rebuilt(meant, rebuilt, meant.read_model.name, json=False)
