"""The `distributary` command of a checkout whose groups.py names two generations of user-search.

The second has a projection of its own, which adds to each document who built it.
"""

from __future__ import annotations

import os
from dataclasses import replace

from consumers import groups
from consumers.projection import Projection, one_document
from consumers.projections import user_search
from consumers.read_model import Index
from consumers.writes import Fields
from schemas.attribute_values import Item

LINES = "TEST_LINES"
"""The variable that says which generations have a line: `1,2`."""


def built_again(item: Item) -> Fields:
    """The document of the second generation."""
    return {**user_search.found_user(item), "build": "second"}


SEARCH = next(group for group in groups.GROUPS if group.family == "user-search")
assert isinstance(SEARCH.read_model, Index)
SECOND = replace(
    SEARCH,
    generation=2,
    projection=Projection("user-search", version=2, project=one_document(built_again)),
    read_model=replace(SEARCH.read_model, keywords=(*SEARCH.read_model.keywords, "build")),
)
BY_NUMBER = {"1": SEARCH, "2": SECOND}


def put_lines() -> None:
    """Puts the lines into groups.py, before anybody else has read it."""
    lines = [BY_NUMBER[number] for number in os.environ.get(LINES, "1,2").split(",")]
    groups.GROUPS = (*(group for group in groups.GROUPS if group is not SEARCH), *lines)  # type: ignore[assignment]


if __name__ == "__main__":
    put_lines()
    from distributary.cli import main

    main()
