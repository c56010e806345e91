"""How much is taken at once, by tables and by groups, as settings say."""

from __future__ import annotations

import pytest

from bridge.source_settings import SourceSettings
from consumers.settings import GroupSettings
from distributary.batching import group_pace, group_paces, poller_pace, poller_paces
from schemas.errors import SettingsError
from schemas.settings import read_settings

GROUPS = ("app-users", "user-search")


def groups(**variables: str) -> GroupSettings:
    return read_settings(
        GroupSettings, {f"DISTRIBUTARY_GROUP_{name.upper()}": text for name, text in variables.items()}
    )


def test_without_settings_a_turn_is_a_thousand_deliveries_and_waits_for_none() -> None:
    pace = group_pace(groups())
    assert (pace.batch, pace.window) == (1000, 0.0)
    assert group_paces(groups(), GROUPS) == {}


def test_a_group_has_what_is_said_of_it_and_else_what_all_have() -> None:
    settings = groups(batch="200", window="0.5", batching='{"user-search": {"size": 5000}, "app-users": {"window": 2}}')
    paces = group_paces(settings, GROUPS)
    assert {name: (pace.batch, pace.window) for name, pace in paces.items()} == {
        "user-search": (5000, 0.5),
        "app-users": (200, 2.0),
    }
    assert (group_pace(settings).batch, group_pace(settings).window) == (200, 0.5)


def test_a_table_has_what_is_said_of_it_and_else_what_all_have() -> None:
    variables = {"DISTRIBUTARY_SOURCE_BATCH": "100", "DISTRIBUTARY_SOURCE_BATCHING": '{"Users": {"window": 1}}'}
    settings = read_settings(SourceSettings, variables)
    assert poller_pace(settings).batch == 100
    assert [(pace.batch, pace.window) for pace in poller_paces(settings, ["Users", "Orders"]).values()] == [(100, 1.0)]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"batching": '{"app-user": {"size": 1}}'},
            "GROUP_BATCHING names app-user, which there is not; it may name",
        ),
        ({"batching": '{"app-users": {"size": 0}}'}, "GROUP_BATCHING is .*>= 1"),
        ({"batching": '{"app-users": {"sise": 5}}'}, "GROUP_BATCHING is .*sise"),
        ({"batching": "app-users"}, "GROUP_BATCHING is 'app-users'"),
        ({"batch": "0"}, "GROUP_BATCH is '0'"),
        ({"window": "-1"}, "GROUP_WINDOW is '-1'"),
        ({"batch": "many"}, "GROUP_BATCH is 'many'"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_its_variable(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        group_paces(groups(**variables), GROUPS)
