"""docs/operations.md says what the program really prints, and names commands and options that there are."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import typer.main

from distributary.cli import app
from distributary.dynamodb_clients import local_clients
from distributary.home import Home
from tests.flow import command
from tests.flow.command import running
from tests.flow.pipeline import Pipeline
from tests.flow.transcripts import INSTANT, Act, normalised, readable, transcripts
from tests.flow.two_generations import LINES
from tests.flow.warm_command import Printed, WarmCommand, warm_command
from tests.flow.weekday_story import Story

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "operations.md").read_text()
COMMANDS = {"verify", "rebuild", "replay", "snapshot", "repair", "explain"}
COMMANDS |= {"generations", "promote", "rollback", "retire"}
_SPAN = re.compile(r"(?:^\$ |`|^    )(distributary [^`\n]+)", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#:]*)#?([^)#:]*)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Weekday:
    """A pipeline in `folder` that runs the first generation of its index, and commands that know the second one too."""

    def __init__(self, folder: Path, run: WarmCommand, story: Story) -> None:
        self._folder = folder
        self._run = run
        self.story = story

    def type(self, words: str) -> Printed:
        """What the line prints; an instant in it stands for the moment between the days."""
        program, *rest = INSTANT.sub(self.story.noon, words).split()
        if program == "cat":
            return Printed(0, (self._folder / rest[0]).read_text())
        if program == "echo":
            (self._folder / rest[2]).write_text(rest[0] + "\n")
            return Printed(0, "")
        assert program == "distributary"
        return self._run(*rest)


@pytest.fixture
def weekday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Weekday]:
    monkeypatch.setattr(command, "COMMAND", [sys.executable, "-m", "tests.flow.two_generations"])
    home = tmp_path / "home"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("DISTRIBUTARY_")}
    there = {"DISTRIBUTARY_HOME": str(home), "COLUMNS": "120", "PYTHONPATH": str(TOP)}
    with ExitStack() as opened:
        opened.enter_context(running("--home", home, env=bare | {LINES: "1"}))
        run = opened.enter_context(warm_command(tmp_path, bare | there))
        clients = opened.enter_context(closing(local_clients(Home(home).running().url)))

        def wait() -> None:
            assert run("wait", "--timeout", "60").code == 0

        yield Weekday(tmp_path, run, Story(Pipeline(home, bare), clients, tmp_path, wait))


@pytest.mark.slow
def test_every_transcript_is_what_the_program_prints(weekday: Weekday) -> None:
    typed = set()
    for step in transcripts(PAGE):
        if isinstance(step, Act):
            weekday.story.acts[step.said]()
            continue
        typed.add(step.words.split()[1])
        code, text = weekday.type(step.words)
        printed = readable(text)
        assert [step.words, *map(normalised, printed)] == [step.words, *map(normalised, step.printed)]
        assert code == any(line.startswith("error: ") for line in printed), step.words
    assert typed >= COMMANDS


def test_the_page_names_commands_and_options_that_there_are() -> None:
    named = [span.split() for span in _SPAN.findall(PAGE)]
    assert {words[1] for words in named} >= COMMANDS
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for words in named:
        assert words[1] in commands, words
        there_are = {name for one in commands[words[1]].params for name in one.opts}
        if words[1] != "dead-letters":
            assert {word for word in words if word.startswith("--")} <= there_are, words


@pytest.mark.parametrize("page", [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))], ids=lambda page: page.name)
def test_every_link_between_the_pages_leads_to_a_heading(page: Path) -> None:
    for name, heading in _LINK.findall(page.read_text()):
        leads_to = page.parent / name if name else page
        assert leads_to.exists(), name
        assert not heading or heading in _headings(leads_to), f"{name}#{heading}"


def _headings(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    return {re.sub(r"[^\w\- ]", "", text).lower().replace(" ", "-") for text in _HEADING.findall(page.read_text())}
