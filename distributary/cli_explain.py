"""`distributary explain`: what became of one item, from the log to the read models."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from typing import Annotated

import typer

from distributary.cli_terminal import HomeOption, JsonOption, out, reached, topic_of


def explain(
    table: Annotated[str, typer.Argument(help="The table.")],
    key: Annotated[str, typer.Argument(help="The item's key: its parts separated by |, numbers as you like.")],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="Only what was committed until: an ISO instant, or 2h ago."),
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Tell an item's story: its events in the log, what each group made of them, and what the read models hold now."""
    from consumers.groups import GROUPS
    from distributary.dump import exact_json
    from distributary.explain import Reader
    from distributary.explain import explain as explain_item
    from distributary.explain_lines import lines
    from schemas.codec import EventDecoder
    from schemas.event_schema import item_key_of
    from schemas.keys import key_text, parse_key

    topic, until = topic_of(table), _moment(at)
    canonical = key_text(parse_key(key, item_key_of(topic)))
    with reached(home) as adapters, ExitStack() as opened:
        readers = [
            Reader(group, opened.enter_context(closing(adapters.read_model(group))))
            for group in GROUPS
            if group.topic == topic.name
        ]
        story = explain_item(topic, canonical, adapters.log, EventDecoder(adapters.registry), readers, until)
    if json:
        typer.echo(exact_json(story))
        return
    for line in lines(story):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _moment(text: str | None) -> float | None:
    from distributary.moments import moment

    try:
        return None if text is None else moment(text, time.time())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from None
