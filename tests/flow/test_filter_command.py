"""`distributary filter` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from distributary.cli import app
from schemas.filters import compile_pattern
from schemas.topics import TOPICS
from tests.flow.command import distributary, feed_file
from tests.records import record

CHANGED = '{"eventName":["MODIFY"],"dynamodb":{"NewImage":[{"changed":{"except":["LastLoginAt"]}}]}}'
RECORDS = [
    record("INSERT", 1, after={"Status": "active"}),
    record("MODIFY", 2, before={"Status": "invited"}, after={"Status": "active"}),
    record("MODIFY", 3, before={"Status": "active"}, after={"Status": "active", "LastLoginAt": 5}),
    record("REMOVE", 4, before={"Status": "active"}),
    b"no record",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return feed_file(tmp_path, RECORDS)


def test_a_pattern_is_tried_on_records_and_each_miss_is_explained(file: Path) -> None:
    ended = distributary("filter", "test", CHANGED, "--records", file, "--explain")
    assert ended.returncode == 0
    assert ended.stdout.decode().splitlines() == [
        "1  INSERT 1  does not match",
        '    eventName is "INSERT", the pattern wants ["MODIFY"]',
        "2  MODIFY 1  matches",
        "3  MODIFY 1  does not match",
        '    dynamodb.NewImage: what [{"changed":{"except":["LastLoginAt"]}}] asks for has not happened',
        "4  REMOVE 1  does not match",
        '    eventName is "REMOVE", the pattern wants ["MODIFY"]',
        "5  ? ?  does not match",
        "    the record is not JSON: JSON is malformed: invalid character (byte 4)",
        "1 matched, 4 did not",
    ]


def test_a_where_is_tried_on_items(file: Path) -> None:
    ended = CliRunner().invoke(
        app, ["filter", "test", '{"Status":["active"]}', "--where", "--records", str(file), "--json"]
    )
    assert [one["matches"] for one in json.loads(ended.stdout)] == [True, True, True, True, False]


def test_a_pattern_may_stand_in_a_file_and_its_now_be_said(file: Path, tmp_path: Path) -> None:
    pattern = tmp_path / "pattern.json"
    pattern.write_text('{"dynamodb":{"ApproximateCreationDateTime":[{"time":["within","-1h"]}]}}', "utf-8")
    arguments = ["filter", "test", f"@{pattern}", "--records", str(file), "--json", "--now"]
    for now, matches in (
        ("2026-02-02T02:50:00Z", True),
        ("2026-02-02T03:50:00Z", False),
        ("2026-02-02T02:00:00Z", False),
    ):
        first, *_ = json.loads(CliRunner().invoke(app, [*arguments, now]).stdout)
        assert first["matches"] is matches, now


def test_what_is_no_pattern_is_one_sentence_that_says_where(file: Path) -> None:
    ended = distributary("filter", "test", '{"a":[{"prefix":1}]}', "--records", file)
    assert ended.returncode == 1
    assert ended.stderr.decode() == "error: $.a[0].prefix: found the number 1, expected a text\n"


def test_lint_names_what_is_hardly_meant_with_its_cure_and_says_so_by_its_status() -> None:
    ended = distributary("filter", "lint", '{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"UserId":{"N":[5]}}}}')
    assert ended.returncode == 1
    assert b"$.dynamodb.NewImage.UserId.N  numeric-on-text" in ended.stdout
    assert b'write {"number": [">=", 5]}' in ended.stdout
    assert distributary("filter", "lint", CHANGED).returncode == 0


def test_export_of_a_table_without_a_filter_says_that_none_is_needed() -> None:
    ended = distributary("filter", "export", TOPICS[0].table)
    assert (ended.returncode, ended.stdout) == (0, b"{}\n")
    assert b"publishes every change of Users" in ended.stderr
    assert b"there is no table Nobodys; there are Users" in distributary("filter", "export", "Nobodys").stderr


def test_export_prints_the_criteria_and_what_lambdas_documentation_does_not_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published = compile_pattern('{"any_of":[{"eventName":["REMOVE"]},{"eventID":[{"wildcard":"a*"}]}]}')
    monkeypatch.setattr("schemas.topics.TOPICS", (replace(TOPICS[0], published=published),))
    ended = CliRunner().invoke(app, ["filter", "export", "Users"])
    assert json.loads(ended.stdout) == {
        "Filters": [{"Pattern": '{"eventName":["REMOVE"]}'}, {"Pattern": '{"eventID":[{"wildcard":"a*"}]}'}]
    }
    assert "AWS's engine knows wildcard" in ended.stderr
