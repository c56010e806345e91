"""What tells one projection of a group from another, wherever the two run."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from itertools import combinations

from consumers.groups import GROUPS
from consumers.patterns import events, items
from consumers.projection import Projection, one_document
from schemas.change_event import ChangeEvent
from schemas.filters import compile_pattern
from tests.bench import COPY

ACTIVE = {"dynamodb": {"NewImage": {"Status": {"S": ["active"]}}}}
EMPLOYED = {"Status": ["active"]}


def everything(_event: ChangeEvent) -> bool:
    return True


def nothing(_event: ChangeEvent) -> bool:
    return False


def test_it_differs_where_the_number_the_filter_or_the_where_differs() -> None:
    versions = [
        group.projection_version
        for group in (
            COPY,
            replace(COPY, projection=Projection("copy", version=2, project=one_document(dict))),
            replace(COPY, filter=events(ACTIVE)),
            replace(COPY, filter=events(EMPLOYED)),
            replace(COPY, where=items(EMPLOYED)),
            replace(COPY, where=items({"Status": ["invited"]})),
            replace(COPY, filter=events(EMPLOYED), where=items(EMPLOYED)),
            replace(COPY, filter=everything),
            replace(COPY, filter=nothing),
            replace(COPY, filter=events({"none_of": ["active"]}, {"active": compile_pattern(ACTIVE)})),
            replace(COPY, filter=events({"none_of": ["active"]}, {"active": compile_pattern(EMPLOYED)})),
        )
    ]
    assert [pair for pair in combinations(versions, 2) if pair[0] == pair[1]] == []
    assert all(re.fullmatch("[12]-[0-9a-f]{8}", version) for version in versions)


def test_it_is_the_same_however_a_pattern_is_spelled_and_whatever_the_group_is_called() -> None:
    one = replace(COPY, where=items({"Age": [1.0], "Status": ["active"]}))
    other = replace(COPY, family="another", where=items('{ "Status": ["active"], "Age": [1] }'))
    assert one.projection_version == other.projection_version


def test_it_is_the_same_in_every_process() -> None:
    program = (
        "from consumers.groups import GROUPS; from tests.unit.test_projection_version import COPY, nothing, replace\n"
        "for group in (*GROUPS, replace(COPY, filter=nothing)): print(group.projection_version)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [group.projection_version for group in (*GROUPS, replace(COPY, filter=nothing))]
