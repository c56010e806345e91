"""`distributary schemas` as a person runs it."""

from __future__ import annotations

from typer.testing import CliRunner

from distributary.cli import app
from tests.flow.command import distributary


def test_the_generated_code_of_a_table_can_be_read_and_is_python() -> None:
    printed = CliRunner().invoke(app, ["schemas", "code", "Users"]).stdout
    compile(printed, "printed", "exec")
    assert "WorkplaceId" in printed
    assert "def encode(" in printed


def test_a_table_that_there_is_not_is_named_with_those_there_are() -> None:
    assert b"there is no table Nobodys; there are Users" in distributary("schemas", "code", "Nobodys").stderr
