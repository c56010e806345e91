"""`distributary schemas`: what the schemas are, and what is made of them."""

from __future__ import annotations

from typing import Annotated

import typer

from distributary.cli_terminal import topic_of

schemas = typer.Typer(help="The tables' schemas.", no_args_is_help=True, rich_markup_mode=None)


@schemas.callback()
def of_schemas() -> None:
    """The tables' schemas."""


@schemas.command("code")
def code(table: Annotated[str, typer.Argument(help="The table.")]) -> None:
    """Print the encoder and the decoder that are generated from a table's schema."""
    from schemas.codec import source_of
    from schemas.event_schema import packaged

    typer.echo(source_of(packaged(topic_of(table).item_record)))
