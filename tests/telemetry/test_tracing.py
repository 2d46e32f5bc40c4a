"""One trace goes from a request through the queue to steps, tools and SQL, over waits and processes."""

from __future__ import annotations

import asyncio
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
import structlog

from pilothouse.telemetry import exporting
from pilothouse.telemetry.service import Telemetry
from pilothouse.telemetry.spans import Role, SpanRecord, submit_id
from support.collector import Collector, attributes
from support.metrics import read
from support.traced import app
from support.waiting import until

Opens = Callable[..., Awaitable[httpx.AsyncClient]]
Reach = Callable[..., Awaitable[dict[str, Any]]]
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TESTS = Path(__file__).parents[1]
HEADERS = {"traceparent": f"00-{TRACE}-{CALLER}-01", "x-request-id": "ask-1"}


async def submit(client: httpx.AsyncClient, name: str, **headers: str) -> str:
    answer = await client.post("/api/v1/runs", json={"workflow": name}, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def parents(collector: Collector) -> dict[str, list[str]]:
    """The names of all spans in a trace, each with those of its ancestors."""
    known = {span.span_id: span for span in collector.spans}
    found = {}
    for span in collector.spans:
        path, at = [], span
        while at.parent_span_id in known:
            at = known[at.parent_span_id]
            path.append(at.name)
        found[f"{span.name} {attributes(span).get('pilothouse.step', '')}".strip()] = path
    return found


@contextmanager
def worker_process(conninfo: str, folder: Path, endpoint: str) -> Iterator[Callable[[], Awaitable[str]]]:
    """A worker in a process of its own; yields what tells the address of its metrics once it is there."""
    info = psycopg.conninfo.conninfo_to_dict(conninfo)
    url = f"postgresql://{info['user']}@/{info['dbname']}?host={info['host']}&port={info.get('port', 5432)}"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PILOTHOUSE_")}
    environment |= {
        "PILOTHOUSE_DATABASE_URL": url,
        "PILOTHOUSE_DATA": str(folder),
        "PILOTHOUSE_METRICS_PORT": "0",
        "PILOTHOUSE_OTLP_ENDPOINT": endpoint,
        "OTEL_SERVICE_NAME": "its-own-process",
    }
    log = folder / "worker.log"
    command = [sys.executable, "-m", "support.traced"]
    with log.open("w") as out, subprocess.Popen(command, env=environment, stderr=out, cwd=TESTS) as process:

        async def address() -> str:
            found = await until(lambda: re.search(r"http://127.0.0.1:\d+", log.read_text()))
            return str(found[0])

        try:
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    assert process.returncode == 0, log.read_text()
    assert "hunter2" not in log.read_text()


async def test_a_trace_goes_from_the_request_to_tool_and_sql_over_a_wait_and_two_processes(
    open_observed: Opens, collector: Collector, reach: Reach, conninfo: str, tmp_path: Path
) -> None:
    taking = await open_observed(app, endpoint=collector.url, execute=False)
    with worker_process(conninfo, tmp_path, collector.url) as address:
        url = await address()
        run_id = await submit(taking, "parcel", **HEADERS)
        waiting = await reach(taking, run_id, "waiting")
        (question,) = waiting["questions"]
        answered = await taking.post(f"/api/v1/questions/{question['id']}/answer", json={"answer": "yes"})
        assert answered.status_code == 200, answered.text
        done = await reach(taking, run_id, "completed")
        async with httpx.AsyncClient(base_url=url, timeout=10) as worker:
            metrics = read((await worker.get("/metrics")).text)
            ready = await worker.get("/health/ready")
            detail = (await worker.get("/health/detail")).json()
            nothing = await worker.get(f"/api/v1/runs/{run_id}")
        here = read((await taking.get("/metrics")).text)
    assert metrics["pilothouse_turns_total", (("status", "completed"), ("workflow", "parcel"))] == 1
    assert metrics["pilothouse_workers", (("state", "live"),)] == 1
    assert here["pilothouse_workers", (("state", "live"),)] == 1
    assert ("pilothouse_turns_total", (("status", "completed"), ("workflow", "parcel"))) not in here
    assert (ready.status_code, detail["status"], nothing.status_code) == (200, "well", 404), detail
    await asyncio.to_thread(taking.telemetry.close)
    spans = [span for span in collector.spans if span.trace_id.hex() == TRACE]
    by_name = parents(collector)
    request = next(span for span in spans if span.name == "POST /api/v1/runs")
    assert request.parent_span_id.hex() == CALLER
    assert attributes(request)["pilothouse.request.id"] == "ask-1"
    assert by_name["submit parcel"] == ["POST /api/v1/runs"]
    assert by_name["queue parcel"] == ["submit parcel", "POST /api/v1/runs"]
    assert by_name["invoke_agent inner outer#0/inner#0"] == [
        *("invoke_agent outer", "turn parcel", "submit parcel", "POST /api/v1/runs")
    ]
    assert by_name["execute_tool send send#0"] == ["turn parcel", "submit parcel", "POST /api/v1/runs"]
    statements = [span for span in spans if attributes(span).get("db.system.name") == "postgresql"]
    assert {"SELECT", "INSERT journal", "submit parcel"} <= {span.name for span in statements}
    first, second = sorted(
        (span for span in spans if span.name == "turn parcel"), key=lambda span: span.start_time_unix_nano
    )
    assert [link.span_id for link in second.links] == [first.span_id]
    assert not first.links
    assert first.parent_span_id == second.parent_span_id == bytes.fromhex(submit_id(UUID(run_id)))
    statuses = [attributes(turn)["pilothouse.status"] for turn in (first, second)]
    assert statuses == ["waiting", "completed"]
    tool_span = next(span for span in spans if span.name == "execute_tool send")
    assert done["output"] == tool_span.span_id.hex(), "what libraries record lies inside the tool's span"
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)
    assert {service(request) for request in collector.requests} == {"pilothouse", "its-own-process"}


def service(request: Any) -> str:
    return str(attributes(request.resource_spans[0].resource)["service.name"])


async def test_without_a_header_a_trace_begins_and_what_is_not_kept_costs_no_spans(
    open_observed: Opens, collector: Collector, reach: Reach
) -> None:
    client = await open_observed(app, endpoint=collector.url, rate=0)
    run_id = await submit(client, "plain")
    await reach(client, run_id, "completed")
    kept = (await client.get(f"/api/v1/runs/{run_id}/trace")).json()
    assert (len(kept["trace_id"]), kept["sampled"]) == (32, False)
    await asyncio.to_thread(client.telemetry.close)
    assert collector.spans == []


async def test_no_more_traces_are_kept_than_the_rate_allows_even_where_callers_ask_for_it(
    open_observed: Opens, collector: Collector
) -> None:
    client = await open_observed(app, endpoint=collector.url, rate=2, execute=False)
    started = time.monotonic()
    for number in range(40):
        await client.get("/health/live", headers={"traceparent": f"00-{number + 1:032x}-{CALLER}-01"})
        await client.get("/health/live")
    await submit(client, "plain")
    await asyncio.to_thread(client.telemetry.close)
    seconds = math.ceil(time.monotonic() - started) + 1  # those that were begun
    assert 1 <= len(collector.named("GET /health/live")) <= 2 * seconds < 40
    assert collector.named("POST /api/v1/runs"), "who reads takes no place from who writes"


async def test_nobody_traces_probes_and_scrapes(open_observed: Opens, collector: Collector) -> None:
    client = await open_observed(app, endpoint=collector.url, execute=False)
    for path in ("/health/live", "/health/ready", "/metrics", "/api/v1/workflows"):
        await client.get(path)
    await asyncio.to_thread(client.telemetry.close)
    assert {span.name for span in collector.spans if span.kind == 2} == {"GET /api/v1/workflows"}


async def test_a_caller_that_keeps_no_trace_is_heeded_and_its_trace_goes_on(
    open_observed: Opens, collector: Collector, reach: Reach
) -> None:
    client = await open_observed(app, endpoint=collector.url)
    run_id = await submit(client, "plain", traceparent=f"00-{TRACE}-{CALLER}-00")
    await reach(client, run_id, "completed")
    assert (await client.get(f"/api/v1/runs/{run_id}/trace")).json()["trace_id"] == TRACE
    await asyncio.to_thread(client.telemetry.close)
    assert not [span for span in collector.spans if span.trace_id.hex() == TRACE]


async def test_the_turn_of_a_failed_run_is_sent_although_its_trace_is_not_kept(
    open_observed: Opens, collector: Collector, reach: Reach
) -> None:
    client = await open_observed(app, endpoint=collector.url)
    run_id = await submit(client, "breaks", traceparent=f"00-{TRACE}-{CALLER}-00")
    await reach(client, run_id, "failed")
    (turn,) = await until(lambda: collector.named("turn breaks"))
    assert (turn.trace_id.hex(), turn.parent_span_id) == (TRACE, b"")
    assert attributes(turn)["error.type"] == "step_failed"
    (step,) = collector.named("execute_tool refuse")
    assert step.status.code == 2
    assert "hunter2" not in str(collector.spans)
    assert "password=***" in step.status.message


async def test_a_collector_that_goes_away_and_comes_back_stops_nothing_and_is_told_once(
    open_observed: Opens, collector: Collector, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PAUSES", (0.05, 0.05))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    client = await open_observed(app, endpoint=collector.url)
    exporter = client.telemetry.exporter
    collector.status = 503
    with structlog.testing.capture_logs() as lines:
        for _ in range(5):
            await reach(client, await submit(client, "plain"), "completed")
        await until(lambda: exporter.reachable is False)
        collector.status = 200

        async def arrives() -> bool:
            await client.get("/api/v1/workflows")
            return bool(exporter.reachable)

        await until(arrives)
    told = [line["event"] for line in lines if line["event"].startswith("collector")]
    assert told == ["collector_away", "collector_back"]
    assert exporter.lost > 0
    detail = (await client.get("/health/detail")).json()
    part = next(part for part in detail["parts"] if part["name"] == "collector")
    assert part["status"] == "well"


def test_a_full_queue_drops_and_counts_and_closing_waits_for_nobody() -> None:
    going = threading.Event()

    class Hanging:
        def send(self, spans: object) -> bool:
            return going.wait(10)

        def close(self) -> None:
            going.set()

    class One:
        size = 1

        def spans(self) -> list[SpanRecord]:
            return [SpanRecord("x", Role.INTERNAL, TRACE, CALLER, None, 1, 2, {})]

    exporter = exporting.Exporter(Hanging, waiting=3, every=0.001)
    exporter.offer(One())
    began = time.monotonic()
    while exporter.queued and time.monotonic() - began < 5:
        time.sleep(0.001)
    for _ in range(5):
        exporter.offer(One())
    assert (exporter.queued, exporter.dropped) == (3, 2)
    exporter.close(patience=0.01)
    assert time.monotonic() - began < 5


def test_spans_that_cannot_be_made_are_counted_and_the_others_sent() -> None:
    sent: list[SpanRecord] = []

    class Taking:
        def send(self, spans: list[SpanRecord]) -> bool:
            sent.extend(spans)
            return True

        def close(self) -> None:
            return None

    class Broken:
        size = 2

        def spans(self) -> list[SpanRecord]:
            raise ValueError("no spans")

    class Fine:
        size = 1

        def spans(self) -> list[SpanRecord]:
            return [SpanRecord("x", Role.INTERNAL, TRACE, CALLER, None, 1, 2, {})]

    exporter = exporting.Exporter(Taking, every=10)
    exporter.offer(Broken())
    exporter.offer(Fine())
    exporter.close()
    assert (len(sent), exporter.sent, exporter.dropped) == (1, 1, 2)


def test_spans_without_the_sdk_are_an_error_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exporting, "find_spec", lambda _name: None)
    with pytest.raises(exporting.TelemetryUnavailable, match="not installed") as caught:
        Telemetry(endpoint="http://127.0.0.1:4318")
    assert "pilothouse[otel]" in caught.value.hint
    assert Telemetry().exporter is None


@pytest.mark.parametrize(("variables", "wanted"), [
    ({}, False),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
    ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
])  # fmt: skip
def test_the_standard_variables_say_whether_spans_are_sent(
    variables: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert exporting.is_wanted(None) is wanted


def test_the_standard_variables_name_the_collector_and_the_service(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "my-agents")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    sender = exporting.collector(None)
    assert sender.send([SpanRecord("x", Role.SERVER, TRACE, CALLER, None, 10**18, 10**18 + 5, {"a": 1})])
    sender.close()
    (span,) = collector.spans
    assert (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id) == (TRACE, CALLER, b"")
    assert (span.start_time_unix_nano, span.end_time_unix_nano, span.kind) == (10**18, 10**18 + 5, 2)
    assert collector.resource()["service.name"] == "my-agents"
    assert collector.resource()["deployment.environment.name"] == "test"


async def test_a_run_that_goes_on_as_another_stays_in_its_trace(
    open_observed: Opens, collector: Collector, reach: Reach
) -> None:
    client = await open_observed(app, endpoint=collector.url)
    answer = await client.post("/api/v1/runs", json={"workflow": "again", "input": 1}, headers=HEADERS)
    first = await reach(client, answer.json()["id"], "completed")
    await reach(client, first["continued_as"], "completed")
    turns = await until(lambda: len(found := collector.named("turn again")) == 2 and found)
    assert {turn.trace_id.hex() for turn in turns} == {TRACE}
    assert parents(collector)["turn again"][-1] == "POST /api/v1/runs"
    journal = (await client.get(f"/api/v1/runs/{first['continued_as']}/trace")).json()
    assert journal["request_id"] == "ask-1"
