"""A Dockerfile as its stages, and what must be true of every image; no engine needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.compose_rules import SECRETS


class Stage(NamedTuple):
    """A stage: its name, what it is built from, and its instructions: (word, the rest)."""

    name: str
    base: str
    instructions: list[tuple[str, str]]

    def last(self, word: str) -> str:
        """What the last instruction of that word says; nothing where there is none."""
        return next((rest for one, rest in reversed(self.instructions) if one == word), "")


def stages(text: str) -> list[Stage]:
    """The stages, with arguments of the bases filled in."""
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    for word, rest in (line.split(maxsplit=1) for line in lines if line.strip()):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            base = re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], base)
            found.append(Stage(name or "the last stage", base, []))
        elif found:
            found[-1].instructions.append((word, rest))
        elif word == "ARG":
            name, _, value = rest.partition("=")
            arguments[name] = value
    return found


def last_of(found: list[Stage], name: str, word: str) -> str:
    """What holds for the stage: its own last instruction of that word, or that of what it is built from."""
    by_name = {stage.name: stage for stage in found}
    stage = by_name.get(name)
    return "" if stage is None else stage.last(word) or last_of(found, stage.base, word)


def breaches(text: str, running: tuple[str, ...]) -> Iterator[str]:
    """What no image may be; `running` are the stages that something runs in."""
    found = stages(text)
    names = {stage.name for stage in found}
    for stage in found:
        if stage.base not in names and not re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+-slim-\w+", stage.base):
            yield f"{stage.name}: {stage.base} is not a slim image of an exact version"
        for word, rest in stage.instructions:
            if word == "ADD":
                yield f"{stage.name}: ADD {rest}: copy what the checkout holds, and fetch by a client that checks"
            if word in ("ARG", "ENV") and SECRETS.search(rest):
                yield f"{stage.name}: {word} {rest} looks like a secret"
    for name in running:
        user = last_of(found, name, "USER")
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", user):
            yield f"{name} runs as {user or 'root'}, expected a number that is not root's"
        for word in ("HEALTHCHECK", "ENTRYPOINT"):
            if not last_of(found, name, word):
                yield f"{name} has no {word}"
