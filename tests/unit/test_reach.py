"""Which pipeline another terminal reaches: the one of the home, the one that the environment points at, or none."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from consumers.delivery.kafka_log import KafkaLog
from consumers.read_models.sqlite import SqliteIndex
from distributary.errors import NoPipeline, SettingMissing
from distributary.home import Home
from distributary.local.log.log import EmbeddedLog
from distributary.reach import connected, connected_log, find
from distributary.second_terminal import read_model
from distributary.settings import Endpoints, Settings
from schemas.errors import SettingsError
from schemas.settings import read_settings

NOTHING = read_settings(Settings, {})
KAFKA = {"DISTRIBUTARY_KAFKA": "127.0.0.1:1"}
NOWHERE = "http://127.0.0.1:1"
OTHERS = {"DISTRIBUTARY_REGISTRY_URL": NOWHERE, "DISTRIBUTARY_DYNAMODB_URL": NOWHERE}
GIVEN = read_settings(Settings, {**KAFKA, **OTHERS})
ELSEWHERE = Endpoints("127.0.0.1:2", "http://127.0.0.1:2", "http://127.0.0.1:2", "http://127.0.0.1:2")


def clock() -> float:
    return 0.0


def test_nothing_that_runs_and_nothing_given_is_no_pipeline(tmp_path: Path) -> None:
    with pytest.raises(NoPipeline, match=r"name its home with --home DIR, or its servers by DISTRIBUTARY_KAFKA"):
        find(tmp_path, NOTHING)
    with pytest.raises(NoPipeline, match="there is no log in"), connected_log(tmp_path, NOTHING, clock):
        pass


def test_an_embedded_pipeline_of_the_home_comes_before_what_is_given(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.announce("embedded", "http://127.0.0.1:1")
        home.forget(log=True)
        found = find(tmp_path, GIVEN)
        assert found is not None
        with connected(found, GIVEN, clock) as adapters, connected_log(tmp_path, GIVEN, clock) as log:
            assert isinstance(log, EmbeddedLog)
            assert isinstance(adapters.log, EmbeddedLog)
            with read_model(adapters, "workplace-users") as index:
                assert isinstance(index, SqliteIndex)


def test_a_pipeline_on_servers_is_reached_at_the_endpoints_that_it_tells(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.announce("servers", "http://127.0.0.1:1", ELSEWHERE)
        found = find(tmp_path, NOTHING)
        with connected(found, NOTHING, clock) as adapters, connected_log(tmp_path, NOTHING, clock) as log:
            assert isinstance(adapters.log, KafkaLog)
            assert isinstance(log, KafkaLog)
            assert adapters.stores.dynamodb.meta.endpoint_url == ELSEWHERE.dynamodb_url


def test_what_is_given_is_reached_where_nothing_runs_and_before_what_a_run_has_left(tmp_path: Path) -> None:
    with closing(EmbeddedLog(Home(tmp_path).log, clock)):
        pass
    assert find(tmp_path, GIVEN) is None
    with connected(None, GIVEN, clock) as adapters, connected_log(tmp_path, GIVEN, clock) as log:
        assert isinstance(adapters.log, KafkaLog)
        assert isinstance(log, KafkaLog)


def test_the_log_of_an_embedded_run_can_still_be_read_when_it_has_ended(tmp_path: Path) -> None:
    with closing(EmbeddedLog(Home(tmp_path).log, clock)):
        pass
    with connected_log(tmp_path, NOTHING, clock) as log:
        assert isinstance(log, EmbeddedLog)
    with pytest.raises(NoPipeline):
        find(tmp_path, NOTHING)


def test_servers_are_given_with_their_registry(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingMissing, match="DISTRIBUTARY_REGISTRY_URL"),
        connected(find(tmp_path, read_settings(Settings, KAFKA)), read_settings(Settings, KAFKA), clock),
    ):
        pass


def test_an_index_is_looked_for_in_opensearch_alone_where_servers_are_given() -> None:
    with (
        connected(None, GIVEN, clock) as adapters,
        pytest.raises(SettingsError, match="DISTRIBUTARY_OPENSEARCH_URL is not set, and the read model"),
        read_model(adapters, "workplace-users"),
    ):
        pass


def test_amazons_dynamodb_needs_a_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    amazons = read_settings(Settings, {**KAFKA, "DISTRIBUTARY_REGISTRY_URL": NOWHERE})
    with (
        pytest.raises(SettingsError, match="but in no region"),
        connected(None, amazons, clock),
    ):
        pass
