"""A run's trace is what its journal says: for every run, over waits, retries and failures."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from google.protobuf.json_format import Parse
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from pilothouse import App, Context, agent, tool, workflow
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.telemetry.journalled import spans_of
from pilothouse.telemetry.spans import Place, parse_traceparent, step_id, submit_id, turn_id
from support.collector import Collector
from support.waiting import until

Opens = Callable[..., Awaitable[httpx.AsyncClient]]
broken = True


@agent
async def outer(ctx: Context) -> str:
    return await ctx.call(inner)


@agent
async def inner(ctx: Context) -> str:
    await asyncio.sleep(0.08)
    return "done"


@tool
async def send(ctx: Context) -> str:
    if broken:
        raise ValueError("no password=hunter2 today")
    return "sent"


@workflow("journey")
async def journey(ctx: Context) -> str:
    await ctx.call(outer)
    await ctx.ask("Go on?", key="on")
    await ctx.sleep(0.5)  # longer than an append takes, so that its turn ends
    await ctx.save("it.txt", "text")
    return await ctx.act(send)


app = App("traces", workflows=[journey], agents=[outer, inner], tools=[send])


@pytest.fixture
async def travelled(open_observed: Opens, collector: Collector, reach: Any) -> Any:
    """A run that waited for a person and for time, failed, and was retried; with its client."""
    global broken  # noqa: PLW0603 - the tool works when it is called again
    broken = True
    client = await open_observed(app, endpoint=collector.url)
    run_id = (await client.post("/api/v1/runs", json={"workflow": "journey"})).json()["id"]
    question = (await reach(client, run_id, "waiting"))["questions"][0]
    await client.post(f"/api/v1/questions/{question['id']}/answer", json={"answer": "yes"})
    await reach(client, run_id, "failed")
    broken = False
    await client.post(f"/api/v1/runs/{run_id}/retry")
    await reach(client, run_id, "completed")
    return client, run_id


async def test_the_trace_has_turns_steps_and_waits_with_their_times(travelled: Any) -> None:
    client, run_id = travelled
    trace = (await client.get(f"/api/v1/runs/{run_id}/trace")).json()
    assert (trace["run_id"], trace["workflow"], trace["truncated"]) == (run_id, "journey@1", False)
    spans = trace["spans"]
    assert [span["kind"] for span in spans if span["kind"] == "turn"] == ["turn"] * 4
    by_name = {(span["name"], span["status"]): span for span in spans}
    run = by_name["run journey", "ok"]
    assert run["parent_id"] is None
    assert spans[0] == run
    first, second = by_name["call outer", "ok"], by_name["call inner", "ok"]
    assert second["parent_id"] == first["span_id"]
    assert second["exact"] is True
    assert by_name["ask ask:on", "ok"]["parent_id"] == run["span_id"]
    assert by_name["sleep sleep", "ok"]["parent_id"] == run["span_id"]
    failed = by_name["act send", "failed"]
    assert failed["error_code"] == "step_failed"
    assert by_name["act send", "ok"]["span_id"] != failed["span_id"]
    lasted = moment(second["ended_at"]) - moment(second["started_at"])
    assert 0.05 < lasted.total_seconds() < 2
    for span in spans:
        assert moment(span["started_at"]) <= moment(span["ended_at"] or span["started_at"])
        assert span["entries"][0] <= span["entries"][1]


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


async def test_it_agrees_with_the_spans_that_were_sent(travelled: Any, collector: Collector) -> None:
    client, run_id = travelled
    trace = (await client.get(f"/api/v1/runs/{run_id}/trace")).json()
    derived = {span["span_id"] for span in trace["spans"] if span["kind"] in {"run", "turn", "call", "act"}}

    def unsent() -> set[str]:
        mine = (span for span in collector.spans if span.trace_id.hex() == trace["trace_id"])
        return derived - {span.span_id.hex() for span in mine}

    await until(lambda: not unsent())
    assert len(collector.named("turn journey")) == 4


async def test_a_collector_takes_the_export_as_it_is(travelled: Any) -> None:
    client, run_id = travelled
    trace = (await client.get(f"/api/v1/runs/{run_id}/trace")).json()
    exported = (await client.get(f"/api/v1/runs/{run_id}/trace?format=otlp")).json()
    text = json.dumps(exported)
    for span in exported["resourceSpans"][0]["scopeSpans"][0]["spans"]:  # OTLP/JSON has hex, protobuf base64
        for name in ("traceId", "spanId", "parentSpanId"):
            packed = base64.b64encode(bytes.fromhex(span[name])).decode()
            text = text.replace(f'"{name}": "{span[name]}"', f'"{name}": "{packed}"')
    request = Parse(text, ExportTraceServiceRequest())
    spans = request.resource_spans[0].scope_spans[0].spans
    assert [span.span_id.hex() for span in spans] == [span["span_id"] for span in trace["spans"]]
    assert {span.trace_id.hex() for span in spans} == {trace["trace_id"]}
    assert all(0 < span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)
    assert {span.status.code for span in spans} == {1, 2}


async def test_a_run_that_waits_has_an_open_trace(open_observed: Opens, reach: Any) -> None:
    client = await open_observed(app)
    run_id = (await client.post("/api/v1/runs", json={"workflow": "journey"})).json()["id"]
    await reach(client, run_id, "waiting")
    spans = (await client.get(f"/api/v1/runs/{run_id}/trace")).json()["spans"]
    assert {span["kind"] for span in spans if span["status"] == "open"} == {"run", "ask"}
    assert (await client.get(f"/api/v1/runs/{run_id}/trace?format=otlp")).status_code == 200


async def test_an_unknown_run_and_an_unknown_format_are_errors(open_observed: Opens) -> None:
    client = await open_observed(app, execute=False)
    assert (await client.get(f"/api/v1/runs/{uuid4()}/trace")).status_code == 404
    assert (await client.get(f"/api/v1/runs/{uuid4()}/trace?format=xml")).status_code == 400


RUN = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def journal(*kinds: tuple[Kind, str] | tuple[Kind, str, bytes]) -> list[Entry]:
    """Entries of these kinds, one a second."""
    return [
        Entry(kind, key, rest[0] if rest else b"{}", seq=number, at=BEGAN + dt.timedelta(seconds=number))
        for number, (kind, key, *rest) in enumerate(kinds, 1)
    ]


def test_a_lost_worker_ends_a_turn_and_another_begins() -> None:
    spans = spans_of(RUN, "flow", journal(
        (Kind.SUBMITTED, ""), (Kind.COMPLETED, "a#0"), (Kind.RUN_LOST, ""), (Kind.COMPLETED, "b#0"),
        (Kind.RUN_COMPLETED, ""),
    ))  # fmt: skip
    turns = [(span.status, span.entries) for span in spans if span.kind == "turn"]
    assert turns == [("failed", (2, 2)), ("ok", (4, 5))]


def test_an_answer_while_other_work_goes_on_and_a_default_are_told_apart() -> None:
    spans = spans_of(RUN, "flow", journal(
        (Kind.SUBMITTED, ""), (Kind.ASKED, "ask:x"),
        (Kind.ANSWERED, "ask:x", b'{"answer":"y","by":"expiry"}'), (Kind.RUN_COMPLETED, ""),
    ))  # fmt: skip
    assert [span.entries for span in spans if span.kind == "turn"] == [(2, 2), (3, 4)]
    (asked,) = [span for span in spans if span.kind == "ask"]
    assert (asked.status, asked.entries) == ("ok", (2, 3))


def test_a_cancellation_from_outside_ends_the_run() -> None:
    spans = spans_of(RUN, "flow", journal(
        (Kind.SUBMITTED, ""), (Kind.ASKED, "ask:x"), (Kind.RUN_CANCELLED, ""),
    ))  # fmt: skip
    (run,) = [span for span in spans if span.kind == "run"]
    assert run.ended_at == BEGAN + dt.timedelta(seconds=3)


def test_an_empty_journal_is_an_empty_trace() -> None:
    assert spans_of(RUN, "flow", []) == []


KEYS = ["", "a#0", "a#0/b#0", "gather#0/0/c#0", "ask:x"]


@given(st.lists(st.tuples(st.sampled_from(sorted(Kind)), st.sampled_from(KEYS)), max_size=30))
def test_any_journal_becomes_a_trace_in_order_with_all_parents(entries: list[tuple[Kind, str]]) -> None:
    spans = spans_of(RUN, "flow", journal(*entries))
    known = {span.span_id for span in spans}
    for span in spans:
        assert span.parent_id is None or span.parent_id in known
        assert span.ended_at is None or span.started_at <= span.ended_at
    assert all(one.started_at <= other.started_at for one, other in pairwise(spans))


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize("text", [
    "", "00", "x", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{SPAN}-01",
    f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more", f"00-{TRACE}-{SPAN}",
])  # fmt: skip
def test_a_malformed_traceparent_names_no_place(text: str) -> None:
    assert parse_traceparent(text) is None


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_a_place_is_read_as_it_was_written(trace: int, span: int, sampled: bool) -> None:
    place = Place(f"{trace:032x}", f"{span:016x}", sampled)
    assert parse_traceparent(str(place)) == place
    assert parse_traceparent(f"01{str(place)[2:]}-later") == place


def test_ids_of_spans_come_from_the_run_and_differ() -> None:
    other = uuid4()
    ids = [
        submit_id(RUN),
        turn_id(RUN, 1),
        turn_id(RUN, 2),
        step_id(RUN, 1, "a"),
        step_id(RUN, 2, "a"),
        submit_id(other),
    ]
    assert len(set(ids)) == len(ids)
    assert turn_id(RUN, 1) == turn_id(UUID(str(RUN)), 1)


@pytest.mark.parametrize(("slept", "turns"), [(-0.01, 1), (0.5, 2)])
def test_a_sleep_that_was_over_when_it_was_written_ends_no_turn(slept: float, turns: int) -> None:
    wake_at = (BEGAN + dt.timedelta(seconds=2 + slept)).isoformat()
    told = journal(
        (Kind.SUBMITTED, ""),
        (Kind.SLEPT, "sleep#0", json.dumps({"wake_at": wake_at}).encode()),
        (Kind.WOKE, "sleep#0"),
        (Kind.RUN_COMPLETED, ""),
    )
    assert [span.kind for span in spans_of(RUN, "flow", told)].count("turn") == turns
