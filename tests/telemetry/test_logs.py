"""Log lines carry the ids of what they belong to."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import structlog

from pilothouse import Context, agent, tool, workflow
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.observing import Origin, origin
from pilothouse.telemetry import logs
from support.waiting import ended, submit

log = structlog.get_logger(__name__)


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    before = structlog.get_config()
    made = io.StringIO()
    logs.configure("info", "json", made)
    yield made
    structlog.configure(**before)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_time_and_level(out: io.StringIO) -> None:
    log.warning("it_happened", number=3, text="two\nlines")
    (line,) = lines(out)
    assert (line["event"], line["level"], line["number"], line["text"]) == (
        "it_happened",
        "warning",
        3,
        "two\nlines",
    )
    assert line["timestamp"].endswith("Z")
    assert "step" not in line


def test_less_severe_lines_are_left_out(out: io.StringIO) -> None:
    logs.configure("error", "json", out)
    log.warning("quiet")
    log.error("loud")
    assert [line["event"] for line in lines(out)] == ["loud"]


def test_an_exception_is_part_of_its_line(out: io.StringIO) -> None:
    try:
        {}["nothing there"]
    except LookupError:
        log.exception("it_failed")
    (line,) = lines(out)
    assert line["exception"][0]["exc_type"] == "KeyError"
    assert line["exception"][0]["exc_value"] == "'nothing there'"


@pytest.mark.parametrize(("style", "terminal", "is_json"), [
    ("json", True, True), ("auto", False, True), ("auto", True, False), ("readable", False, False),
])  # fmt: skip
def test_the_style_follows_the_setting_and_the_terminal(style: str, terminal: bool, is_json: bool) -> None:
    class Out(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    before = structlog.get_config()
    made = Out()
    logs.configure("info", style, made)
    try:
        {}["nothing there"]
    except LookupError:
        log.exception("said")
    structlog.configure(**before)
    assert made.getvalue().startswith("{") is is_json
    assert "KeyError" in made.getvalue()


async def test_lines_of_a_run_carry_its_id_its_workflow_and_the_step(
    out: io.StringIO,
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Any]],
) -> None:
    @agent
    async def outer(ctx: Context) -> None:
        log.info("in_outer")
        await ctx.call(inner)

    @agent
    def inner(ctx: Context) -> None:
        log.info("in_thread")

    @tool
    async def send(ctx: Context) -> None:
        log.info("in_tool")

    @workflow("logs", version=2)
    async def flow(ctx: Context) -> None:
        log.info("in_workflow")
        await ctx.gather(ctx.call(outer), ctx.act(send))
        log.info("at_the_end")

    engine = await open_engine(flow)
    await start_worker(engine)
    run_id = await submit(engine, flow)
    await ended(engine, run_id)
    mine = {line["event"]: line for line in lines(out) if line.get("run_id") == str(run_id)}
    assert {line["workflow"] for line in mine.values()} == {"logs@2"}
    steps = {event: mine[event].get("step") for event in mine if event.startswith(("in_", "at_"))}
    assert steps == {
        "in_workflow": None,
        "in_outer": "gather#0/0/outer#0",
        "in_thread": "gather#0/0/outer#0/inner#0",
        "in_tool": "gather#0/1/send#0",
        "at_the_end": None,
    }


async def test_a_failed_run_is_logged_with_its_code_and_its_step(
    out: io.StringIO,
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Any]],
) -> None:
    @agent
    async def broken(ctx: Context) -> None:
        raise ValueError("broken")

    @workflow("fails")
    async def flow(ctx: Context) -> None:
        await ctx.call(broken)

    engine = await open_engine(flow)
    await start_worker(engine)
    run_id = await submit(engine, flow)
    await ended(engine, run_id)
    (line,) = [line for line in lines(out) if line["event"] == "run_failed"]
    assert (line["run_id"], line["step"], line["code"]) == (str(run_id), "broken#0", "step_failed")


def test_lines_hold_no_secrets_wherever_they_stand(out: io.StringIO) -> None:
    try:
        int("postgresql://ada:hunter2@db/x")
    except ValueError:
        log.exception("it_failed", password="hunter2", nested={"api_key": "hunter2"}, mail="ada@example.org")
    assert "hunter2" not in out.getvalue()
    assert "ada@" not in out.getvalue()
    (line,) = lines(out)
    assert line["exception"][0]["exc_value"].endswith("'postgresql://ada:***@db/x'")
    assert (line["password"], line["nested"]) == ("***", {"api_key": "***"})


def test_readable_lines_hold_no_secrets_either() -> None:
    before = structlog.get_config()
    made = io.StringIO()
    logs.configure("info", "readable", made)
    try:
        int("token=hunter2")
    except ValueError:
        log.exception("it_failed", secret="hunter2")
    structlog.configure(**before)
    assert "hunter2" not in made.getvalue()
    assert "'token=***" in made.getvalue()


async def test_every_line_of_a_run_carries_request_tenant_trace_and_agent(
    out: io.StringIO,
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Any]],
) -> None:
    @agent
    def inner(ctx: Context) -> None:
        log.info("in_thread")

    @tool
    async def send(ctx: Context) -> None:
        log.info("in_tool")

    @workflow("identified")
    async def flow(ctx: Context) -> None:
        await ctx.call(inner)
        await ctx.act(send)

    engine = await open_engine(flow)
    await start_worker(engine)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    token = origin.set(Origin("r-7", f"00-{trace}-00f067aa0ba902b7-01"))
    run_id = await submit(engine, flow, tenant_id="acme")
    origin.reset(token)
    await ended(engine, run_id)
    mine = {line["event"]: line for line in lines(out) if line.get("run_id") == str(run_id)}
    ids = {
        (line["request_id"], line["tenant_id"], line["trace_id"], line["workflow"]) for line in mine.values()
    }
    assert ids == {("r-7", "acme", trace, "identified@1")}
    assert (mine["in_thread"]["agent"], mine["in_thread"]["step"]) == ("inner", "inner#0")
    assert "agent" not in mine["in_tool"]
