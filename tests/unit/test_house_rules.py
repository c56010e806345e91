"""The house rules, held against the project's own files. What each notices: `test_house_rules_notice.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

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

ROOT = Path(__file__).parents[2]

_CONTRACT = frozenset({"schemas", "schemas.filters"})
_PRODUCT = _CONTRACT | {"bridge", "consumers", "distributary"}
MAY_IMPORT = {
    "schemas.filters": frozenset[str](),
    "schemas": frozenset({"schemas.filters"}),
    "bridge": _CONTRACT,
    "consumers": _CONTRACT,
    "distributary": _CONTRACT | {"bridge", "consumers"},
    "benchmarks": _PRODUCT,
    "tests": _PRODUCT | {"benchmarks"},
}
OURS = frozenset(layer.split(".")[0] for layer in MAY_IMPORT)
"""Dependencies point one way; each layer and the others it may import."""

LIBRARY_HOMES = {
    "boto3": ("distributary/dynamodb_clients.py", "benchmarks/naive_*.py"),
    "botocore": (
        "bridge/dynamodb_*.py",
        "consumers/read_models/dynamodb*.py",
        "distributary/dynamodb_clients.py",
        "distributary/folding/dynamodb_*.py",
        "distributary/local/direct_calls.py",
        "schemas/dynamodb.py",
    ),
    "aws_msk_iam_sasl_signer": ("schemas/kafka.py",),
    "confluent_kafka": (
        "benchmarks/broker.py",
        "benchmarks/naive_*.py",
        "benchmarks/places.py",
        "bridge/kafka.py",
        "consumers/delivery/kafka*.py",
        "distributary/kafka_topics.py",
        "distributary/local/servers/kafka.py",
    ),
    "fastavro": ("benchmarks/obvious.py",),
    "httpx": ("distributary/attach.py", "distributary/local/elsewhere.py", "schemas/registry_http.py"),
    "moto": ("distributary/local/moto_*.py",),
    "msgspec": ("*",),
    "opensearchpy": ("benchmarks/naive_*.py", "consumers/read_models/opensearch*.py"),
    "prometheus_client": ("distributary/metrics.py", "distributary/turns.py"),
    "re2": ("schemas/filters/expressions.py",),
    "rich": ("distributary/cli*.py", "distributary/display.py"),
    "sqlite3": (
        "consumers/read_models/sqlite*.py",
        "distributary/folding/*_file.py",
        "distributary/local/log/*.py",
        "distributary/local/servers/dynoxide.py",
    ),
    "typer": ("distributary/cli*.py",),
    "werkzeug": (
        "distributary/local/direct_calls.py",
        "distributary/local/dynamodb.py",
        "distributary/local/endpoint.py",
        "distributary/local/moto_*.py",
        "distributary/local/wsgi.py",
    ),
}
"""Every library, and sqlite3: the files that may import it, by pattern. msgspec is about values, not about a server."""

ENTRY_POINTS = (
    "benchmarks/__main__.py",
    "benchmarks/dynamodb.py",
    "benchmarks/end_to_end.py",
    "benchmarks/naive_part.py",
    "benchmarks/real_servers.py",
    "benchmarks/rebuild.py",
    "bridge/handler.py",
    "bridge/settings.py",
    "consumers/settings.py",
    "distributary/__main__.py",
    "distributary/cli*.py",
    "distributary/settings.py",
)
"""Where the environment and the clock are read, to be passed on from there."""

ENVIRONMENT = ("os.environ", "os.environ.*", "os.environb", "os.getenv", "os.getenvb", "os.putenv")
CLOCKS = (
    *("time.time", "time.time_ns"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
)
SLEEPS = ("time.sleep", "asyncio.sleep")
SHARED_CHANCE = ("random.[a-z]*",)
"""The functions of `random`, not its classes: chance comes from a `Random` with a seed of its own."""


def _python_files() -> Iterator[SourceFile]:
    folders = [entry for entry in ROOT.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    for folder in sorted(folders):
        if folder.name not in ("build", "dist"):
            for path in sorted(folder.rglob("*.py")):
                yield SourceFile(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


FILES = list(_python_files())
PRODUCT_FILES = [file for file in FILES if not file.is_test]


def assert_none(breaches: Iterable[str]) -> None:
    found = list(breaches)
    assert not found, "\n".join(["the house rules (CONTRIBUTING.md) say otherwise:", *found])


def test_the_rules_look_at_every_package() -> None:
    assert {file.path.split("/")[0] for file in FILES} >= {"schemas", "bridge", "consumers", "distributary", "tests"}


def test_dependencies_point_one_way() -> None:
    assert_none(wrong_directions(FILES, MAY_IMPORT))


def test_a_library_is_imported_by_the_files_named_for_it_alone() -> None:
    assert_none(stray_libraries(PRODUCT_FILES, LIBRARY_HOMES, OURS))


def test_the_environment_and_the_clock_are_read_at_entry_points_alone() -> None:
    assert_none(stray_mentions(PRODUCT_FILES, (*ENVIRONMENT, *CLOCKS), ENTRY_POINTS))


def test_nothing_sleeps() -> None:
    assert_none(stray_mentions(FILES, SLEEPS))


def test_chance_has_a_seed() -> None:
    assert_none(stray_mentions(PRODUCT_FILES, SHARED_CHANCE))


def test_files_and_functions_are_short() -> None:
    assert_none(too_long(FILES))


def test_names_say_something_and_nothing_is_left_undone() -> None:
    assert_none(forbidden_names(FILES))


def test_everything_public_says_what_the_caller_gets() -> None:
    assert_none(undocumented(PRODUCT_FILES))


def test_a_package_has_one_file_of_errors_with_one_base() -> None:
    assert_none(stray_errors(PRODUCT_FILES))


def test_every_dependency_is_pinned_with_its_hashes() -> None:
    assert_none(unpinned((ROOT / "constraints.txt").read_text(encoding="utf-8")))
