"""Each house rule notices what it forbids and lets the rest be, shown on small files made up for it."""

from __future__ import annotations

import pytest

from tests.house_rules import (
    SourceFile,
    forbidden_names,
    stray_errors,
    stray_libraries,
    stray_mentions,
    too_long,
    undocumented,
    unpinned,
    wrong_directions,
)
from tests.unit.test_house_rules import CLOCKS, ENTRY_POINTS, ENVIRONMENT, MAY_IMPORT, OURS, SHARED_CHANCE, SLEEPS


def file(text: str, path: str = "schemas/x.py") -> SourceFile:
    return SourceFile(path, text)


@pytest.mark.parametrize(
    ("path", "text", "breach"),
    [
        ("schemas/x.py", "import bridge", "schemas may not depend on bridge"),
        ("schemas/filters/x.py", "from schemas.keys import key_text", "schemas.filters may not depend on schemas"),
        ("bridge/x.py", "from consumers import writes", "bridge may not depend on consumers"),
        ("consumers/x.py", "def f():\n    import bridge.memory as m", "consumers may not depend on bridge"),
        (
            "consumers/__init__.py",
            "from importlib import import_module\nimport_module('bridge')",
            "not depend on bridge",
        ),
        ("consumers/y/x.py", "from ...bridge import memory", "consumers may not depend on bridge"),
        ("consumers/x.py", "if TYPE_CHECKING:\n    import distributary", "consumers may not depend on distributary"),
        ("distributary/x.py", "import tests.items", "distributary may not depend on tests"),
        ("elsewhere/x.py", "", "belongs to no layer"),
    ],
)
def test_an_import_against_the_direction_is_noticed(path: str, text: str, breach: str) -> None:
    (found,) = wrong_directions([file(text, path)], MAY_IMPORT)
    assert breach in found


def test_imports_along_the_direction_are_free() -> None:
    along = [
        file("from schemas.filters import x\nfrom . import keys\nimport os", "schemas/x.py"),
        file("from schemas import keys\nfrom .memory import MemoryPublisher", "bridge/x.py"),
        file("import consumers, bridge, schemas, schemas.filters.x", "distributary/x.py"),
        file("import schemasque", "schemas/x.py"),
    ]
    assert list(wrong_directions(along, MAY_IMPORT)) == []


HOMES = {"boto3": ("bridge/dynamodb.py",), "sqlite3": ("bridge/log/*.py",)}
AT_HOME = (file("import boto3", "bridge/dynamodb.py"), file("import sqlite3", "bridge/log/x.py"))


@pytest.mark.parametrize(
    "text",
    [
        "import boto3",
        "import boto3.session as s",
        "from boto3 import client",
        "def f():\n    import sqlite3",
        "if x:\n    import boto3",
        "__import__('boto3')",
        "import a_library_without_a_line",
    ],
)
def test_a_library_away_from_home_is_noticed(text: str) -> None:
    (found,) = stray_libraries([*AT_HOME, file(text, "bridge/x.py")], HOMES, OURS)
    assert found.startswith("bridge/x.py:")
    assert "which is at home in" in found


def test_a_home_in_which_nobody_lives_is_noticed() -> None:
    (found,) = stray_libraries(AT_HOME[:1], HOMES, OURS)
    assert found == "sqlite3 is said to be at home in bridge/log/*.py, which does not import it"


def test_libraries_for_types_the_standard_library_and_our_own_are_free() -> None:
    text = "import os, schemas\nfrom . import x\nif typing.TYPE_CHECKING:\n    from boto3 import client"
    assert list(stray_libraries([*AT_HOME, file(text)], HOMES, OURS)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.environ['HOME']",
        "import os as o\no.environ.get('HOME')",
        "from os import environ",
        "from os import getenv as g\ng('HOME')",
        "import time\nclock = time.time",
        "from time import time_ns",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime as dt\ndt.utcnow()",
        "from datetime import date\ndate.today()",
    ],
)
def test_reading_the_environment_or_the_clock_is_noticed(text: str) -> None:
    assert list(stray_mentions([file(text)], (*ENVIRONMENT, *CLOCKS), ENTRY_POINTS))
    assert not list(stray_mentions([file(text, "bridge/settings.py")], (*ENVIRONMENT, *CLOCKS), ENTRY_POINTS))


@pytest.mark.parametrize(
    "text", ["import time\ntime.sleep(1)", "from time import sleep as wait", "import random as r\nr.choice"]
)
def test_sleeping_and_shared_chance_are_noticed(text: str) -> None:
    assert list(stray_mentions([file(text)], (*SLEEPS, *SHARED_CHANCE)))


def test_a_monotonic_clock_an_instant_and_seeded_chance_are_free() -> None:
    text = (
        "import os, time, random\nfrom datetime import datetime\n"
        "time.monotonic(), datetime.fromtimestamp(0), random.Random(7).choice, self.time.time, os.path"
    )
    assert list(stray_mentions([file(text)], (*ENVIRONMENT, *CLOCKS, *SLEEPS, *SHARED_CHANCE))) == []


def test_a_long_file_a_long_function_and_a_long_median_are_noticed() -> None:
    body = "    x = 1\n"
    assert list(too_long([file("def f():\n" + body * 39)])) == []
    assert list(too_long([file('def f():\n    """Its\n    docstring."""\n' + body * 39)])) == []
    assert "the function f has 41 lines" in next(too_long([file("def f():\n" + body * 40)]))
    assert "the function f has 41 lines" in next(too_long([file("class C:\n  async def f():\n" + body * 40)]))
    assert "has 301 lines" in next(too_long([file("#\n" * 301, "tests/x.py")]))
    assert list(too_long([file("#\n" * 300, "tests/x.py"), file("#\n" * 99), file("")])) == []
    assert list(too_long([file("#\n" * 100)])) == ["the median file has 100 lines, less than 100"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("bridge/utils.py", ""),
        ("bridge/common/x.py", ""),
        ("tests/helpers.py", ""),
        ("bridge/base.py", ""),
        ("bridge/x.py", "class ThingManager: ..."),
        ("bridge/x.py", "def f():\n    class ThingImpl: ..."),
        ("bridge/x.py", "x = 1  # TODO: y"),
        ("bridge/x.py", "def f():\n    '''FIXME'''"),
    ],
)
def test_a_name_that_says_nothing_and_a_thing_left_undone_are_noticed(path: str, text: str) -> None:
    assert len(list(forbidden_names([file(text, path)]))) == 1
    assert not list(forbidden_names([file("class Managers: ...\ntodo = 'TODO'  # a to-do list", "bridge/database.py")]))


def test_a_missing_docstring_is_noticed() -> None:
    public = "class C:\n  def f(self): ...\n  def _g(self): ...\ndef h():\n  def inner(): ...\n"
    found = [breach.split()[1] for breach in undocumented([file(public + "class _P:\n  def f(self): ...")])]
    assert found == ["schemas.x", "C", "f", "h"]


ERRORS = 'class Base(Exception):\n    """Base."""\nclass Lost(Base):\n    """Raised when lost."""\n'


@pytest.mark.parametrize(
    ("files", "breach"),
    [
        ([file("class Lost(Exception): ...")], "belongs in an errors.py"),
        ([file("class Lost(ValueError): ...")], "belongs in an errors.py"),
        ([file(ERRORS, "schemas/errors.py"), file("class Deep(errors.Lost): ...")], "belongs in an errors.py"),
        ([file(ERRORS + "class Other(KeyError): ...", "schemas/errors.py")], "several bases: Base, Other"),
        ([file(ERRORS.replace("Raised", "If"), "schemas/errors.py")], "does not begin with 'Raised when'"),
    ],
)
def test_an_error_out_of_order_is_noticed(files: list[SourceFile], breach: str) -> None:
    (found,) = stray_errors(files)
    assert breach in found


def test_errors_in_order_and_private_ones_are_free() -> None:
    assert list(stray_errors([file(ERRORS, "schemas/errors.py"), file("class _Signal(Exception): ...")])) == []


HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    "line",
    [
        "a==1",
        f"a>=1 {HASH}",
        f"a==1 \\\n    {HASH[:-1]}",
        f"--index-url https://example.org\na==1 {HASH}",
        f"a @ https://example.org/a.whl {HASH}",
        f"a==1 ; x == 'http://x' {HASH}",
        "-r other.txt",
        "--find-links /tmp",
    ],
)
def test_a_requirement_that_is_not_pinned_is_noticed(line: str) -> None:
    assert len(list(unpinned(line))) == 1


def test_pinned_requirements_are_free() -> None:
    pinned = f"a==1.0 \\\n    {HASH} \\\n    {HASH}\nb[c]==2.0.post1 ; sys_platform == 'win32' \\\n    {HASH}\n"
    assert list(unpinned(pinned)) == []
