"""What Prometheus is told: the same figures as `status`."""

from __future__ import annotations

import httpx
import pytest

from consumers.delivery.loop import Turn
from distributary.errors import PortTaken
from distributary.metrics import metrics_text
from distributary.pages import Pages, serving
from distributary.status import status
from tests.unit.test_pipeline import Bench

GROUP = 'group="app-users"'


def lines(bench: Bench) -> list[str]:
    return metrics_text(bench.pipeline).decode().splitlines()


def test_outcomes_lag_and_the_accounts_difference_are_told_by_group() -> None:
    bench = Bench()
    bench.append()
    bench.log.append("users.changes", b"1", b"poison")
    bench.consumer.step(0.0)
    bench.append()
    told = lines(bench)
    for line in (
        f'distributary_group_deliveries_total{{{GROUP},outcome="applied"}} 1.0',
        f'distributary_group_deliveries_total{{{GROUP},outcome="dead_lettered"}} 1.0',
        f"distributary_group_lag_events{{{GROUP}}} 1.0",
        f"distributary_group_unaccounted{{{GROUP}}} 0.0",
        f"distributary_group_stopped{{{GROUP}}} 0.0",
        f"distributary_group_retries_total{{{GROUP}}} 0.0",
    ):
        assert line in told
    assert not any(line.startswith("distributary_group_waiting_since_seconds{") for line in told)


def test_a_group_that_waits_tells_since_when_and_for_what(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.append()
    monkeypatch.setattr(bench.consumer.read_model, "apply", None)
    bench.consumer.step(0.0)
    assert f'distributary_group_waiting_since_seconds{{{GROUP},of="memory"}} 0.0' in lines(bench)
    assert f"distributary_group_retries_total{{{GROUP}}} 1.0" in lines(bench)


def test_the_bridges_accounts_are_told_by_table_and_balance() -> None:
    bench = Bench()
    bench.poller.poll_once()
    told = lines(bench)
    (row,) = status(bench.pipeline)["bridge"]
    assert f'distributary_bridge_read_total{{table="Users"}} {row["read"]:.1f}' in told
    assert f'distributary_bridge_records_total{{outcome="published",table="Users"}} {row["published"]:.1f}' in told
    assert 'distributary_bridge_unaccounted{table="Users"} 0.0' in told
    assert 'distributary_poller_trimmed_total{table="Users"} 0.0' in told


def test_the_pages_say_how_the_part_is_before_and_after_it_has_started() -> None:
    pages = Pages()
    with serving(pages, "127.0.0.1", 0) as url:
        pages.tell_waiting("OpenSearch cannot be used just now: connection refused")
        answer = httpx.get(f"{url}/healthz", trust_env=False)
        assert (answer.status_code, answer.json()["state"]) == (200, "starting")
        assert answer.json()["waiting_for"].startswith("OpenSearch")
        bench = Bench()
        pages.pipeline = bench.pipeline
        health = httpx.get(f"{url}/healthz", trust_env=False)
        assert (health.status_code, health.json()["groups"]) == (200, {"app-users": {"state": "running"}})
        assert "distributary_group_lag_events" in httpx.get(f"{url}/metrics", trust_env=False).text
        bench.pipeline.stopped["app-users"] = "it has stopped"
        stopped = httpx.get(f"{url}/healthz", trust_env=False)
        assert stopped.status_code == 503
        assert stopped.json()["groups"]["app-users"] == {"state": "stopped", "reason": "it has stopped"}


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with serving(Pages(), "127.0.0.1", 0) as url:
        port = int(url.rsplit(":", 1)[1])
        said = rf"127.0.0.1:{port} cannot be listened on: .*--port"
        with pytest.raises(PortTaken, match=said), serving(Pages(), "127.0.0.1", port):
            pass


def test_what_a_turn_took_is_counted_and_shown_on_average() -> None:
    bench = Bench()
    observe = bench.pipeline.parts.turns.of("app-users")
    observe(Turn(10, 0.5))
    observe(Turn(30, 0.1))
    (row,) = status(bench.pipeline)["groups"]
    assert (row["turns"], row["batch"], row["store_seconds"]) == (2, 20.0, 0.3)
    told = lines(bench)
    assert f"distributary_group_batch_deliveries_sum{{{GROUP}}} 40.0" in told
    assert f"distributary_group_store_seconds_count{{{GROUP}}} 2.0" in told
