"""What the engine tells of its work, and whose work it is: requests and traces reach runs and journals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from pilothouse import Context, agent, workflow
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.observing import Origin, Unobserved, identified, origin
from pilothouse.runtime.store import Claim
from pilothouse.runtime.worker_settings import WorkerSettings
from support.waiting import ended, rows, status, submit, until

Opens = Callable[..., Awaitable[Engine]]
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@agent
async def work(ctx: Context) -> int:
    return 1


@workflow("asks")
async def asks(ctx: Context) -> int:
    await ctx.call(work)
    await ctx.ask("Go on?", key="on")
    return await ctx.call(work)


@workflow("renews")
async def renews(ctx: Context, rounds: int = 1) -> int:
    if rounds:
        ctx.continue_as_new(rounds - 1)
    return 0


class Heard(Unobserved):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.lanes: list[tuple[str, bool]] = []
        self.entries = 0
        self.connected: list[bool] = []
        self.turns: list[Claim] = []

    def committed(self, items: int, entries: int) -> None:
        self.entries += entries

    def statement(self, lane: str, seconds: float, *, failed: bool) -> None:
        self.lanes.append((lane, failed))

    def listening(self, *, connected: bool) -> None:
        self.connected.append(connected)

    def turn(self, claim: Claim, seen: int) -> Any:
        self.turns.append(claim)
        return super().turn(claim, seen)


def requests_of(conninfo: str, run_id: object) -> list[tuple[str, str | None]]:
    return rows(conninfo, "select kind, request_id from journal where run_id = %s order by seq", run_id)


async def test_runs_and_entries_keep_the_request_that_made_or_moved_them_last(
    open_engine: Opens, start_worker: Any, conninfo: str
) -> None:
    engine = await open_engine(asks)
    await start_worker(engine)
    token = origin.set(Origin("made-it", TRACEPARENT))
    run_id = await submit(engine, asks)
    origin.set(Origin("answered-it"))
    await status(engine, run_id, "waiting")
    await engine.answer(run_id, "ask:on", "yes")
    origin.reset(token)
    await ended(engine, run_id)
    assert requests_of(conninfo, run_id) == [
        ("submitted", "made-it"),
        ("completed", "made-it"),
        ("asked", "made-it"),
        ("answered", "answered-it"),
        ("completed", "answered-it"),
        ("run_completed", "answered-it"),
    ]
    kept = rows(conninfo, "select request_id, traceparent from runs where id = %s", run_id)
    assert kept == [("answered-it", TRACEPARENT)]


async def test_a_run_that_nobody_asked_for_over_http_has_no_request(
    open_engine: Opens, conninfo: str
) -> None:
    engine = await open_engine(asks)
    run_id = await submit(engine, asks)
    assert requests_of(conninfo, run_id) == [("submitted", None)]
    await engine.cancel(run_id)
    assert {request for _, request in requests_of(conninfo, run_id)} == {None}


async def test_what_goes_on_as_a_new_run_belongs_to_the_same_request_and_trace(
    open_engine: Opens, start_worker: Any, conninfo: str
) -> None:
    engine = await open_engine(renews)
    await start_worker(engine)
    token = origin.set(Origin("made-it", TRACEPARENT))
    run_id = await submit(engine, renews, 1)
    origin.reset(token)
    await ended(engine, run_id)
    found = rows(conninfo, "select request_id, traceparent from runs where continued_from = %s", run_id)
    assert found == [("made-it", TRACEPARENT)]


async def test_entries_of_dead_workers_runs_keep_the_request(
    open_engine: Opens, start_worker: Any, conninfo: str
) -> None:
    engine = await open_engine(asks)
    token = origin.set(Origin("made-it"))
    run_id = await submit(engine, asks)
    origin.reset(token)
    rows(conninfo, "update runs set status = 'running', worker_id = gen_random_uuid() where id = %s", run_id)
    await start_worker(engine, WorkerSettings(poll=0.05, lease=0.5))
    await status(engine, run_id, "waiting")
    assert ("run_lost", "made-it") in requests_of(conninfo, run_id)


async def test_an_observer_hears_of_turns_commits_statements_and_the_listener(
    open_engine: Opens, start_worker: Any, conninfo: str
) -> None:
    heard = Heard()
    engine = await open_engine(asks, observer=heard)
    await start_worker(engine)
    run_id = await submit(engine, asks)
    await status(engine, run_id, "waiting")
    assert heard.entries == 2
    assert {"submits", "claims", "appends"} <= {lane for lane, _ in heard.lanes}
    assert heard.turns[0].run_id == run_id
    assert 0 <= heard.turns[0].waited < 5
    assert heard.connected == [True]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'pilothouse-listener'"
        )
    await until(lambda: heard.connected[:2] == [True, False])
    await until(lambda: heard.connected[-1])


async def test_a_statement_that_fails_is_told_as_failed(open_engine: Opens, conninfo: str) -> None:
    heard = Heard()
    engine = await open_engine(asks, observer=heard)
    with pytest.raises(psycopg.errors.UndefinedTable):
        await engine.store.events.rows("select 1 from nowhere")
    assert heard.lanes[-1] == ("events", True)


def test_lines_of_a_run_without_a_trace_have_its_id_for_one(open_engine: Opens) -> None:
    claim = Claim(uuid4(), "acme", "asks@1", 1, 0, "", cancel_requested=False)
    found = identified(claim)
    assert found["trace_id"] == claim.run_id.hex
    assert found["tenant_id"] == "acme"
    assert "request_id" not in found
    traced = identified(claim._replace(traceparent=TRACEPARENT, request_id="r"))
    assert (traced["trace_id"], traced["request_id"]) == (TRACEPARENT[3:35], "r")
