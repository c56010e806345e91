"""Whether `docker compose config` takes docker-compose.yml: asked of compose-go, the parser inside of Docker's plugin.

It needs no engine, only Go; `tests/compose_config` pins it with hashes.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from consumers.groups import GROUPS
from tests.real_servers import skip

ROOT = Path(__file__).parents[2]
PARSER = "github.com/compose-spec/compose-go/v2/cmd"


def config(file: Path) -> subprocess.CompletedProcess[str]:
    """What the parser makes of a file."""
    if shutil.which("go") is None:
        skip("Go is not installed: nothing else reads docker-compose.yml as Docker does")
    command = ["go", "tool", PARSER, str(file)]
    return subprocess.run(command, cwd=ROOT / "tests" / "compose_config", capture_output=True, text=True, check=False)


def test_compose_takes_the_file_and_finds_every_group_and_server_in_it() -> None:
    taken = config(ROOT / "docker-compose.yml")
    assert taken.returncode == 0, taken.stderr
    services = yaml.safe_load(taken.stdout)["services"]
    assert {*(group.name for group in GROUPS), "bridge", "kafka", "registry", "opensearch", "dynamodb"} <= set(services)
    assert services["bridge"]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("services:", "servicse:"),
        ("condition: service_healthy", "condition: service_lucky"),
        ("depends_on:", "depends_on: [nobody]\n    x-was:"),
    ],
)
def test_compose_refuses_a_file_with_a_slip_in_it(tmp_path: Path, written: str, instead: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert written in text
    file = tmp_path / "docker-compose.yml"
    file.write_text(text.replace(written, instead, 1), "utf-8")
    assert config(file).returncode != 0
