"""`distributary filter`: event patterns tried, looked over, and written for an event source mapping."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from distributary.cli_terminal import JsonOption, err, out, topic_of
from distributary.errors import UnknownName, UnreadableFeed

if TYPE_CHECKING:
    from distributary.filter_trial import Tested
    from schemas.filters import Filter

filters = typer.Typer(
    help="Event patterns: which events, which items (docs/filters.md).", no_args_is_help=True, rich_markup_mode=None
)

PatternArgument = Annotated[str, typer.Argument(help="A pattern's JSON, or @FILE with it.")]


@filters.command("test")
def try_pattern(
    pattern: PatternArgument,
    records: Annotated[
        str,
        typer.Option("--records", metavar="FILE", help="Stream records as `feed` takes them; - is standard input."),
    ],
    where: Annotated[
        bool, typer.Option("--where", help="The pattern is a group's `where`: over items, not records.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say by which condition a record does not match.")] = False,
    now: Annotated[
        str | None, typer.Option(metavar="TIME", help="From when relative times count: an ISO instant. Default: now.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say which records of a file a pattern matches."""
    from distributary.feed.records import read_records
    from distributary.filter_trial import try_items, try_records

    compiled, at = _compiled(pattern), _instant(now)
    read = read_records(_bytes_of(records), "standard input" if records == "-" else records)
    tested = list((try_items if where else try_records)(compiled, read, at))
    if json:
        typer.echo(msgspec.json.encode([one._asdict() for one in tested]))
        return
    for one in tested:
        for line in _lines(one, explain=explain):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
    matched = sum(one.matches for one in tested)
    out.print(f"{matched} matched, {len(tested) - matched} did not", highlight=False)


@filters.command("lint")
def look_over(
    pattern: PatternArgument,
    table: Annotated[
        str, typer.Option(help="The table whose schema names the attributes.", show_default=True)
    ] = "Users",
    json: JsonOption = False,
) -> None:
    """Name what is legal in a pattern and hardly meant, each with what to write instead; then the status is 1."""
    from schemas.event_schema import item_record_of, packaged

    record = item_record_of(packaged(topic_of(table).item_record))
    found = _compiled(pattern).lint({field.attribute: field.shape.letter for field in record.fields})
    if json:
        typer.echo(msgspec.json.encode(found))
    for warning in () if json else found:
        out.print(
            f"{warning.path}  {warning.rule}\n    {warning.message}", markup=False, highlight=False, soft_wrap=True
        )
    if found:
        raise typer.Exit(1)
    if not json:
        err.print("nothing to say against it", highlight=False)


@filters.command("export")
def export(
    table: Annotated[str, typer.Argument(help="The table whose bridge has the filter.")],
) -> None:
    """Print a bridge's filter as the FilterCriteria of an event source mapping."""
    from schemas.filters.export import filter_criteria, undocumented

    published = topic_of(table).published
    if published is None:
        err.print(
            f"the bridge publishes every change of {table} (its line in schemas/topics.py has no filter), so its event "
            "source mapping needs none; a group's filter belongs into no mapping, for it would starve the log",
            highlight=False,
            soft_wrap=True,
        )
        typer.echo("{}")
        return
    criteria = filter_criteria(published)
    typer.echo(msgspec.json.format(msgspec.json.encode(criteria)))
    if doubtful := undocumented(criteria):
        err.print(
            f"AWS's engine knows {', '.join(doubtful)}, and Lambda's documentation does not name it: create the "
            "mapping once before you rely on it",
            highlight=False,
            soft_wrap=True,
        )


def _compiled(pattern: str) -> Filter:
    """Raises PatternError, UnreadableFeed."""
    from schemas.filters import compile_pattern

    return compile_pattern(_bytes_of(pattern[1:]).decode("utf-8", "replace") if pattern.startswith("@") else pattern)


def _instant(text: str | None) -> float:
    if text is None:
        return time.time()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UnknownName(f"--now is {text!r}, expected an ISO instant such as 2026-11-24T12:00:00Z") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def _bytes_of(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UnreadableFeed(f"{name} cannot be read: {error.strerror}") from None


def _lines(one: Tested, *, explain: bool) -> list[str]:
    verdict = "matches" if one.matches else "does not match"
    first = f"{one.number}  {one.operation} {one.key}  {verdict}"
    return [first, *(f"    {why}" for why in one.why if explain)]
