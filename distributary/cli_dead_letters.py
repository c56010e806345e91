"""`distributary dead-letters`: what could not be applied, kept whole."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from distributary.cli_terminal import DEFAULT_HOME, OWNER_HELP, HomeOption, JsonOption, environment, err, out, reached
from distributary.errors import LettersLeft, NothingChosen

if TYPE_CHECKING:
    from consumers.delivery.redrive import Verdict
    from distributary.letter_choice import Choice

dead_letters = typer.Typer(help="What could not be applied, kept whole.", no_args_is_help=True, rich_markup_mode=None)

OwnerArgument = Annotated[str, typer.Argument(help=OWNER_HELP)]
PlacesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[PLACE...]", help="Places, or the beginnings of some; all if none.")
]
ErrorOption = Annotated[str | None, typer.Option("--error", metavar="TEXT", help="Only those whose reason has this.")]
KeyOption = Annotated[str | None, typer.Option("--key", metavar="TEXT", help="Only those of this item key.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only those first seen since: an ISO instant, or 2h ago.")
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only those first seen until.")]


@dead_letters.command("list")
def list_letters(
    owner: Annotated[str | None, typer.Argument(help=OWNER_HELP)] = None,
    error: ErrorOption = None,
    key: KeyOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List open dead letters, of one owner or of all."""
    from distributary.display import print_letters
    from distributary.letters import open_letters, owners, row
    from distributary.reach import connected_log

    choice = _choice((), error, key, since, until)
    with connected_log(home or DEFAULT_HOME, environment(), time.time) as log:
        rows = [
            row(name, letter)
            for name in ([owner] if owner else owners())
            for letter in choice.of(open_letters(log, name), name)
        ]
    if json:
        typer.echo(msgspec.json.encode({"dead_letters": rows}))
    else:
        print_letters(out, rows)
        if not rows:
            err.print("no dead letters", highlight=False)


@dead_letters.command("show")
def show_letter(owner: OwnerArgument, place: str, home: HomeOption = None) -> None:
    """Print one dead letter: why it is one on standard error, its original bytes on standard output."""
    from distributary.letters import open_letter, open_letters, row
    from distributary.reach import connected_log

    with connected_log(home or DEFAULT_HOME, environment(), time.time) as log:
        letter = open_letter(open_letters(log, owner), owner, place)
    for name, value in row(owner, letter).items():
        err.print(f"{name}: {value}", markup=False, highlight=False, soft_wrap=True)
    sys.stdout.buffer.write(letter.body + (b"\n" if sys.stdout.isatty() else b""))


@dead_letters.command()
def redrive(
    owner: OwnerArgument,
    places: PlacesArgument = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each.")] = False,
    error: ErrorOption = None,
    key: KeyOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Apply dead letters again: a group's in its read model alone, the bridge's by publishing them."""
    from distributary.ledger import Ledger
    from distributary.letters import open_letters
    from distributary.redrive import redriving

    choice = _choice(places or (), error, key, since, until)
    ledger, verdicts = Ledger(()), list[Any]()
    with reached(home) as adapters:
        letters = choice.of(open_letters(adapters.log, owner), owner)
        try:
            with redriving(adapters, owner, ledger) as way:
                for verdict in way.foretell(letters) if dry_run else way.redrive(letters):
                    verdicts.append(verdict)
        finally:
            # Also where something is away: what is done is done.
            _print(verdicts, ledger.rows(), dry_run=dry_run, json=json)
    _tell_what_is_left(owner, verdicts, dry_run=dry_run)


@dead_letters.command()
def discard(
    owner: OwnerArgument,
    places: PlacesArgument = None,
    error: ErrorOption = None,
    key: KeyOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All, where nothing else says which.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = None,
) -> None:
    """Give dead letters up: they are open no longer, and nothing is applied."""
    from distributary.letters import open_letters
    from distributary.redrive import discard as discard_letters

    choice = _choice(places or (), error, key, since, until)
    if choice.is_all and not everything:
        raise NothingChosen("nothing says which dead letters to discard; name places, give a filter, or give --all")
    with reached(home) as adapters:
        letters = choice.of(open_letters(adapters.log, owner), owner)
        if letters and not yes and sys.stdin.isatty():
            typer.confirm(f"Discard {len(letters)} dead letters of {owner}?", abort=True, err=True)
        discard_letters(adapters, owner, letters)
    err.print(f"{len(letters)} dead letters of {owner} discarded", highlight=False)


def _choice(
    places: list[str] | tuple[()], error: str | None, key: str | None, since: str | None, until: str | None
) -> Choice:
    from distributary.letter_choice import Choice

    return Choice(tuple(places), error, key, _moment(since, "--since"), _moment(until, "--until"))


def _moment(text: str | None, option: str) -> float | None:
    from distributary.moments import moment

    try:
        return None if text is None else moment(text, time.time())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _print(verdicts: list[Verdict], accounts: list[dict[str, Any]], *, dry_run: bool, json: bool) -> None:
    from distributary.display import bridge_table, print_verdicts

    rows = [{"place": one.letter.place, "fate": one.fate.value, "reason": one.reason} for one in verdicts]
    if json:
        typer.echo(msgspec.json.encode({"dry_run": dry_run, "letters": rows, "bridge": accounts}))
        return
    print_verdicts(out, rows)
    counts = Counter(one.fate.value for one in verdicts)
    said = ", ".join(f"{count} {fate}" for fate, count in counts.items()) or "no dead letters"
    err.print(f"dry run, nothing was changed: {said}" if dry_run else said, highlight=False)
    if accounts:
        out.print(bridge_table(accounts))


def _tell_what_is_left(owner: str, verdicts: list[Verdict], *, dry_run: bool) -> None:
    from consumers.delivery.redrive import STAYS_OPEN

    left = sum(verdict.fate in STAYS_OPEN for verdict in verdicts)
    if left and not dry_run:
        raise LettersLeft(
            f"{left} of {len(verdicts)} dead letters of {owner} stay open, each for the reason given; see "
            f"`distributary dead-letters list {owner}`"
        )
