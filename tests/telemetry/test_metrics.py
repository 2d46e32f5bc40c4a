"""What Prometheus reads: counts of this process, figures of the installation, and never too many series."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pilothouse import App
from pilothouse.kit.ids import Ids
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.observing import Origin
from pilothouse.runtime.store import Claim
from pilothouse.telemetry.instruments import OTHER, Count, Distribution, Names
from pilothouse.telemetry.metrics import ROUTES, WORKFLOWS, Metrics
from pilothouse.telemetry.service import Telemetry
from support.metrics import read

Opens = Callable[..., Awaitable[httpx.AsyncClient]]
ROOT = Path(__file__).parents[2]


async def scraped(client: httpx.AsyncClient) -> Callable[..., float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    found = read(answer.text)
    return lambda name, **labels: found[name, tuple(sorted(labels.items()))]


async def test_a_run_is_counted_from_its_request_to_its_steps(
    open_observed: Opens, sample_app: App, submit: Any, reach: Any
) -> None:
    client = await open_observed(sample_app)
    await reach(client, await submit(client, "echo"), "completed")
    failed = await submit(client, "fragile")
    await reach(client, failed, "failed")
    asked = await submit(client, "ask")
    await reach(client, asked, "waiting")
    value = await scraped(client)
    assert value("pilothouse_runs_submitted_total", workflow="echo") == 1
    assert value("pilothouse_runs_ended_total", workflow="echo", status="completed") == 1
    assert value("pilothouse_runs_ended_total", workflow="fragile", status="failed") == 1
    assert value("pilothouse_turns_total", workflow="ask", status="waiting") == 1
    assert value("pilothouse_steps_total", workflow="ask", kind="ask", outcome="asked") == 1
    assert value("pilothouse_queue_wait_seconds_count", workflow="echo") == 1
    assert value("pilothouse_run_seconds_count", workflow="echo") == 1
    assert value("pilothouse_turns_active") == 0
    created = {"method": "POST", "route": "/api/v1/runs", "status": "201"}
    assert value("pilothouse_http_requests_total", **created) == 3
    shown = {"method": "GET", "route": "/api/v1/runs/{run_id}", "status": "200"}
    assert value("pilothouse_http_requests_total", **shown) >= 3
    assert value("pilothouse_journal_entries_total") >= 5
    assert value("pilothouse_statements_total", lane="appends", outcome="completed") >= 1
    assert value("pilothouse_listener_connected") == 1
    assert value("process_cpu_seconds_total") > 0
    assert value("pilothouse_questions_open") == 1
    assert value("pilothouse_workers", state="live") == 1
    assert value("pilothouse_database_up") == 1
    assert value("pilothouse_database_size_bytes") > 1_000_000
    assert value("pilothouse_api_connections_max") == 10


async def test_the_queue_is_read_from_the_database_so_that_every_process_shows_the_same(
    open_observed: Opens, sample_app: App, submit: Any
) -> None:
    taking = await open_observed(sample_app, execute=False)
    other = await open_observed(sample_app, execute=False)
    for _ in range(3):
        await submit(taking, "echo")
    for client in (taking, other):
        value = await scraped(client)
        assert value("pilothouse_queue_runs", workflow="echo") == 3
        assert 0 < value("pilothouse_queue_oldest_seconds", workflow="echo") < 60
    with pytest.raises(KeyError):
        (await scraped(other))("pilothouse_runs_submitted_total", workflow="echo")


async def test_metrics_are_there_although_the_database_is_away(
    open_observed: Opens, sample_app: App, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await open_observed(sample_app, execute=False)
    await client.pilothouse.engine.store.close()
    database = client.telemetry._cluster._database
    await database.close()
    monkeypatch.setattr(database, "_conninfo", "host=/nowhere dbname=x")
    value = await scraped(client)
    assert value("pilothouse_database_up") == 0
    with pytest.raises(KeyError):
        value("pilothouse_runs_running")


async def test_figures_are_read_once_for_all_who_ask_and_not_again_at_once(
    open_observed: Opens, sample_app: App
) -> None:
    client = await open_observed(sample_app, execute=False)
    await asyncio.gather(*(client.get("/metrics") for _ in range(10)))
    cluster = client.telemetry._cluster
    first = cluster.figures
    await client.get("/metrics")
    assert cluster.figures is first


async def test_openmetrics_is_spoken_to_those_who_ask_for_it(open_observed: Opens, sample_app: App) -> None:
    client = await open_observed(sample_app, execute=False)
    answer = await client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


async def test_metrics_hold_no_ids_paths_or_secrets(
    open_observed: Opens, sample_app: App, submit: Any
) -> None:
    client = await open_observed(sample_app, execute=False)
    run_id = await submit(client, "echo")
    await client.get(f"/api/v1/runs/{run_id}")
    await client.get(f"/nothing/{run_id}?token=hunter2")
    await client.request("BREW", "/health/live")
    text = (await client.get("/metrics")).text
    assert run_id not in text
    assert "hunter2" not in text
    assert 'route="(unmatched)"' in text
    assert "BREW" not in text


def test_a_thousand_workflows_become_a_bounded_number_of_series_and_the_rest_is_other() -> None:
    telemetry = Telemetry(workflows=["known"])
    ids, metrics = Ids(), telemetry.metrics
    for number in range(1_000):
        run_id = ids.new()
        telemetry.observer.submitted(run_id, f"made-up-{number}", Origin(), 0.0)
        claim = Claim(run_id, "default", f"made-up-{number}@1", 1, 0, "", cancel_requested=False)
        turn = telemetry.observer.turn(claim, 1)
        turn.appended([Entry(Kind.RUN_COMPLETED, "")], 0.0)
        turn.ended("completed")
    telemetry.observer.submitted(ids.new(), "known", Origin(), 0.0)
    assert len(metrics.submitted.values) == WORKFLOWS + 1
    assert len(metrics.ended.values) == len(metrics.turns.values) == WORKFLOWS  # none of `known` has ended
    assert metrics.submitted.values[OTHER,] == 1_000 - (WORKFLOWS - 1)
    assert metrics.submitted.values["known",] == 1


def test_no_more_routes_are_told_apart_than_there_may_be() -> None:
    metrics = Metrics()
    assert len({metrics.route(f"/{number}") for number in range(1_000)}) == ROUTES + 1


def test_names_that_are_known_stay_themselves() -> None:
    names = Names(2)
    assert [names(name) for name in ("a", "b", "c", "a", "c")] == ["a", "b", OTHER, "a", OTHER]


def test_a_distribution_is_shown_with_cumulative_buckets_a_sum_and_a_count() -> None:
    seconds = Distribution("x_seconds", "Some time.", ("kind",), (0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        seconds.observe(("a",), value)
    (family,) = seconds.families()
    found = {(sample.name, sample.labels.get("le")): sample.value for sample in family.samples}
    assert found["x_seconds_bucket", "0.1"] == 2
    assert found["x_seconds_bucket", "1.0"] == 3
    assert found["x_seconds_bucket", "+Inf"] == found["x_seconds_count", None] == 4
    assert found["x_seconds_sum", None] == pytest.approx(7.65)


def test_a_counter_without_labels_is_there_from_the_beginning() -> None:
    (family,) = Count("x", "Something.").families()
    assert [sample.value for sample in family.samples if sample.name == "x_total"] == [0]


async def test_every_metric_is_documented_and_nothing_else(
    open_observed: Opens, sample_app: App, collector: Any, submit: Any, reach: Any
) -> None:
    client = await open_observed(sample_app, endpoint=collector.url)
    await reach(client, await submit(client, "echo"), "completed")
    text = (await client.get("/metrics")).text
    shown = {
        (family.name, family.type)
        for family in text_string_to_metric_families(text)
        if family.name.startswith("pilothouse_")
    }
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(pilothouse_\w+)` \| (\w+) \|", page, re.MULTILINE)
    documented = {(name.removesuffix("_total") if kind == "counter" else name, kind) for name, kind in rows}
    assert documented == shown


def test_a_turn_that_was_left_behind_and_ends_after_all_is_counted_once() -> None:
    telemetry = Telemetry()
    claim = Claim(Ids().new(), "default", "left@1", 1, 0, "", cancel_requested=False)
    turn = telemetry.observer.turn(claim, 1)
    assert telemetry.metrics.turns_active == 1
    turn.ended("failed")
    turn.ended("lost")
    assert telemetry.metrics.turns_active == 0
    assert telemetry.metrics.turns.values == {("left", "failed"): 1}
