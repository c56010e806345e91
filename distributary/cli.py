"""The `distributary` command: what a person types, checks and prints. The work is done elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from bridge.errors import BridgeError
from consumers.errors import ConsumersError
from distributary.cli_dead_letters import dead_letters
from distributary.cli_explain import explain
from distributary.cli_filter import filters
from distributary.cli_generations import generations, promote, retire, rollback
from distributary.cli_parts import bridge, consume, prepare
from distributary.cli_rebuild import rebuild, replay
from distributary.cli_schemas import schemas
from distributary.cli_snapshot import repair, snapshot
from distributary.cli_terminal import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    attached,
    environment,
    err,
    named_input,
    out,
    reached,
    read_input,
    until_told,
)
from distributary.cli_verify import verify
from distributary.errors import DistributaryError, NotDrained, UnknownName, UnreadableFeed
from schemas.errors import SchemasError
from schemas.filters import PatternError

if TYPE_CHECKING:
    from distributary.display import Display
    from distributary.home import Home
    from distributary.run import Local

app = typer.Typer(
    name="distributary",
    help="Keeps read models in step with a DynamoDB table: stream record -> change event -> log -> read models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(filters, name="filter")
app.add_typer(schemas, name="schemas")
for command in (bridge, consume, prepare, verify, explain, rebuild, replay, snapshot, repair):
    app.command()(command)
for switch in (generations, promote, rollback, retire):
    app.command()(switch)


class On(StrEnum):
    """What a pipeline runs on."""

    EMBEDDED = "embedded"
    SERVERS = "servers"
    COMPOSE = "compose"


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks, and log more.")] = False,
) -> None:
    """Options of every command."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("botocore", "boto3", "urllib3", "httpx", "httpcore", "werkzeug", "moto"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@app.command()
def run(
    on: Annotated[On, typer.Option(help="What to run on.")] = On.EMBEDDED,
    demo: Annotated[bool, typer.Option("--demo", help="Let users come and go, and show what becomes of them.")] = False,
    feed: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Stream records: a Lambda event, a JSON list or JSON lines; - is stdin."),
    ] = None,
    exit_when_drained: Annotated[
        bool, typer.Option("--exit-when-drained", help="End when every read model is up to date.")
    ] = False,
    dump: Annotated[
        Path | None, typer.Option(metavar="DIR", help="At the end, write each read model as JSON lines.")
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
    seed: Annotated[int, typer.Option(help="The demo's story.")] = 7,
) -> None:
    """Run the pipeline. Without --home it starts from nothing in ./.distributary; with it, the log is kept."""
    from distributary.display import Display, print_result
    from distributary.home import Home
    from distributary.run import Plan
    from distributary.run import run as run_pipeline

    records = _records(feed or ())
    where = Home(home or DEFAULT_HOME)
    plan = Plan(records, demo, seed, exit_when_drained, dump)
    display, ended = Display(err if json else out), until_told()
    result = run_pipeline(plan, where, _pipeline(on, where, display, ended, keep=home is not None), display, ended)
    if json:
        typer.echo(msgspec.json.encode(result))
    elif exit_when_drained:
        print_result(out, result)


@app.command()
def feed(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Stream records, as for run; - is stdin.")],
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Hand stream records to the bridge of a running pipeline."""
    from distributary.display import bridge_table
    from distributary.home import Home
    from distributary.reach import connected, find
    from distributary.second_terminal import feed as feed_records

    records = _records(files)
    where, settings = Home(home or DEFAULT_HOME), environment()
    found = find(where.folder, settings)
    with connected(found, settings, time.time) as adapters:
        numbered, rows = feed_records(adapters, found, where, records, until_told())
    if numbered:
        err.print(f"{numbered} records have no SequenceNumber; they were numbered in file order")
    if json:
        typer.echo(msgspec.json.encode({"bridge": rows}))
    else:
        out.print(bridge_table(rows))


@app.command()
def wait(
    seconds: Annotated[float, typer.Option("--timeout", help="Seconds to wait at the most.")] = 600.0,
    home: HomeOption = None,
) -> None:
    """Wait until everything written so far has reached every read model of a running pipeline."""
    if not attached(home).wait_until_drained(seconds):
        raise NotDrained(f"the pipeline is not drained after {seconds:g} s; see `distributary status`")


@app.command()
def status(json: JsonOption = False, home: HomeOption = None) -> None:
    """Show what a running pipeline has done, and how far its groups are behind."""
    from distributary.display import bridge_table, group_table, log_tables
    from distributary.log_status import log_status
    from distributary.reach import connected_log, find

    folder, settings = home or DEFAULT_HOME, environment()
    pipeline = find(folder, settings)
    if pipeline is not None:
        found = pipeline.status()
        shown: tuple[Any, ...] = (bridge_table(found["bridge"]), "", group_table(found["groups"]))
    else:
        with connected_log(folder, settings, time.time) as log:
            found = log_status(log, time.time())
        shown = log_tables(found)
    if json:
        typer.echo(msgspec.json.encode(found))
    else:
        out.print(*shown)


@app.command()
def show(read_model: str, key: str, home: HomeOption = None) -> None:
    """Print the document that a read model holds under a key."""
    from distributary.dump import exact_json
    from distributary.second_terminal import read_model as open_read_model

    with reached(home) as adapters, open_read_model(adapters, read_model) as opened:
        document = opened.get(key)
    if document is None:
        raise UnknownName(f"{read_model} holds no document under the key {key}")
    typer.echo(exact_json(document._asdict()))


@app.command()
def search(
    text: Annotated[list[str], typer.Argument(help="Words that must all be found.")],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many documents at the most.")] = 20,
    home: HomeOption = None,
) -> None:
    """Find documents by name, beginning of a name, job title, department, skill or e-mail; a JSON document a line."""
    from distributary.dump import exact_json
    from distributary.second_terminal import search as search_documents

    with reached(home) as adapters:
        found = search_documents(adapters, " ".join(text), limit)
    for document in found:
        typer.echo(exact_json(document._asdict()))
    if not found:
        err.print("nothing found", highlight=False)


def main() -> None:
    """The command's entry: an error a person can meet is one sentence, a traceback only with --debug (anywhere)."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        app(["--debug", *arguments] if debug else arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person is told
        if debug:
            traceback.print_exc()
        err.print(f"error: {_sentence(error)}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _sentence(error: Exception) -> str:
    if isinstance(error, DistributaryError | BridgeError | ConsumersError | SchemasError | PatternError):
        return str(error)
    return f"{type(error).__name__}: {error}; run it again with --debug to see where"


def _records(files: Iterable[str]) -> list[bytes]:
    """The stream records in files. Raises UnreadableFeed."""
    from distributary.feed.records import read_records

    return [record for name in files for record in read_records(read_input(name, UnreadableFeed), named_input(name))]


def _pipeline(
    on: On, home: Home, display: Display, ended: Event, *, keep: bool
) -> Callable[[], AbstractContextManager[Local]]:
    """What builds the pipeline on what was chosen; without `keep` it starts from nothing."""
    if on is On.EMBEDDED:
        from distributary.local.embedded import Embedded

        return lambda: Embedded(home, time.time, keep_log=keep)
    if on is On.COMPOSE:
        from distributary.local.compose import Compose
        from distributary.local.on_compose import OnCompose

        compose = Compose(os.environ, ended)
        return lambda: OnCompose(compose, time.time, lambda text: err.print(text, highlight=False, soft_wrap=True))
    from distributary.local.on_servers import OnServers
    from distributary.local.servers.cache import default_cache

    settings = environment()
    cache = default_cache(os.environ, root=os.geteuid() == 0)
    return lambda: OnServers(home, settings, cache, os.environ, time.time, keep_log=keep, tell=display.line, stop=ended)
