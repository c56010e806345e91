"""`distributary generations`, `promote`, `rollback` and `retire`: what people read of a read model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from distributary.cli_terminal import HomeOption, JsonOption, err, out, reached

if TYPE_CHECKING:
    from consumers.group import Group
    from distributary.adapters import Adapters

GenerationArgument = Annotated[str, typer.Argument(metavar="GROUP.gN", help="A generation: `user-search.g2`.")]


def generations(
    group: Annotated[str | None, typer.Argument(metavar="GROUP", help="All if none.")] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List the generations of read models that can switch: what each was made by, how far it is, and which is read."""
    from distributary.display import generation_table
    from distributary.generations import rows

    with reached(home) as adapters:
        found = rows(adapters, group)
    if json:
        typer.echo(msgspec.json.encode({"generations": found}))
        return
    out.print(generation_table(found))
    for row in found:
        if not row["line"]:
            _tell(f"{row['group']} is not run by this code, which has no line for it")


def promote(
    generation: GenerationArgument,
    force: Annotated[bool, typer.Option("--force", help="Whatever speaks against it; says what did.")] = False,
    home: HomeOption = None,
) -> None:
    """Let people read this generation from now on, in one step; refused while it lags or differs from the log."""
    from distributary.promotion import promote as promote_it

    with reached(home) as adapters:
        overridden = promote_it(adapters, generation, lambda *asked: _differences(home, *asked), force=force)
    for objection in overridden:
        _tell(f"overridden: {objection}")
    _tell(f"{generation} is what people read now")


def rollback(group: Annotated[str, typer.Argument(metavar="GROUP")], home: HomeOption = None) -> None:
    """Let people read again what they read before the last promotion; refused while that lags."""
    from distributary.promotion import rollback as roll_back

    with reached(home) as adapters:
        said = roll_back(adapters, group)
    _tell(f"{said} is what people read now")


def retire(
    generation: GenerationArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = None,
) -> None:
    """Delete a generation that nobody reads any more; there is no rollback to it after that."""
    from distributary.generations import target
    from distributary.promotion import retire as retire_it

    with reached(home) as adapters:
        chosen = target(adapters, generation)
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Delete {chosen.said} for good?", abort=True, err=True)
        for sentence in retire_it(adapters, chosen):
            _tell(sentence)


def _differences(home: Path | None, adapters: Adapters, group: Group) -> int:
    """How many differences verify finds between a generation and its log."""
    from distributary.cli_progress import showing
    from distributary.cli_verify import reach_of
    from distributary.folding.partition import Scope
    from distributary.verify import How, verify

    with showing(json=False) as show:
        return verify(adapters, reach_of(home), group, Scope(), How(), show).differences


def _tell(text: str) -> None:
    err.print(text, markup=False, highlight=False, soft_wrap=True)
