"""`distributary dead-letters`: what could not be applied, kept whole."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import msgspec
import typer

from distributary.cli_terminal import DEFAULT_HOME, OWNER_HELP, HomeOption, JsonOption, err, out

dead_letters = typer.Typer(help="What could not be applied, kept whole.", no_args_is_help=True, rich_markup_mode=None)


@dead_letters.command("list")
def list_letters(
    owner: Annotated[str | None, typer.Argument(help=OWNER_HELP)] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List open dead letters, of one owner or of all."""
    from distributary.display import print_letters
    from distributary.letters import open_letters, owners, row
    from distributary.local.attached import opened_log

    with opened_log(home or DEFAULT_HOME, time.time) as log:
        rows = [row(name, letter) for name in ([owner] if owner else owners()) for letter in open_letters(log, name)]
    if json:
        typer.echo(msgspec.json.encode({"dead_letters": rows}))
    else:
        print_letters(out, rows)
        if not rows:
            err.print("no dead letters", highlight=False)


@dead_letters.command("show")
def show_letter(owner: Annotated[str, typer.Argument(help=OWNER_HELP)], place: str, home: HomeOption = None) -> None:
    """Print one dead letter: why it is one on standard error, its original bytes on standard output."""
    from distributary.letters import open_letter, row
    from distributary.local.attached import opened_log

    with opened_log(home or DEFAULT_HOME, time.time) as log:
        letter = open_letter(log, owner, place)
    for name, value in row(owner, letter).items():
        err.print(f"{name}: {value}", markup=False, highlight=False, soft_wrap=True)
    sys.stdout.buffer.write((letter.value or b"") + (b"\n" if sys.stdout.isatty() else b""))
