"""Random workflows, answers, kills and forks against a model: whatever happens, a run ends as it should."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from pilothouse import Context, agent, tool, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import VERBS, Kind
from pilothouse.runtime.forking import ForkOrder
from pilothouse.runtime.unknown_outcomes import CALL_AGAIN, HAPPENED
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from support.waiting import rows, said

Program = list[list[Any]]

QUICK = WorkerSettings(slots=8, lease=1.0, grace=0.0, heartbeat=0.05, poll=0.02, max_losses=10_000)
LEAVES = st.one_of(
    st.tuples(st.sampled_from(["call", "thread", "act", "post"]), st.integers(0, 9)),
    st.tuples(st.just("ask"), st.integers(0, 9)),
    st.tuples(st.just("sleep"), st.integers(0, 9)),
).map(list)
NESTED = st.recursive(
    st.lists(LEAVES, min_size=1, max_size=3),
    lambda inner: st.lists(
        st.one_of(LEAVES, st.tuples(st.just("gather"), st.lists(inner, min_size=2, max_size=3)).map(list)),
        min_size=1,
        max_size=3,
    ),
    max_leaves=6,
)
OPEN = "select run_id, key, codec, payload from questions where status = 'open' order by run_id, key"
GAPS = """
select runs.id from runs left join journal on journal.run_id = runs.id
 group by runs.id having count(journal.seq) <> runs.seq - coalesce(runs.forked_seq, 0)
"""
TWICE = """
select run_id, key from journal where kind in ('completed', 'failed', 'outcome', 'answered')
 group by run_id, key having count(*) > 1
"""

posted: defaultdict[str, list[int]] = defaultdict(list)
"""What the tool that is not idempotent was called with, by its idempotency key."""


@agent
async def call(_ctx: Context, number: int) -> int:
    await asyncio.sleep(0)
    return number + 1


@agent
def thread(_ctx: Context, number: int) -> int:
    return number + 2


@tool(idempotent=True)
async def act(_ctx: Context, number: int) -> int:
    return number * 2


@tool
async def post(ctx: Context, number: int) -> int:
    posted[ctx.idempotency_key].append(number)
    await asyncio.sleep(0.001)
    return number * 3


async def perform(ctx: Context, program: Program) -> list[Any]:
    found: list[Any] = []
    for verb, given in program:
        if verb == "gather":
            found.append(await ctx.gather(*(perform(ctx, part) for part in given)))
        elif verb == "ask":
            found.append(await ctx.ask(f"Number {given}?", choices=("left", "right")))
        elif verb == "sleep":
            await ctx.sleep(given / 1_000)
        elif verb in {"act", "post"}:
            found.append(await ctx.act({"act": act, "post": post}[verb], given))
        else:
            found.append(await ctx.call({"call": call, "thread": thread}[verb], given))
    return found


@workflow("programme")
async def programme(ctx: Context, program: list[Any]) -> list[Any]:
    return await perform(ctx, program)


PURE = {"call": lambda n: n + 1, "thread": lambda n: n + 2, "act": lambda n: n * 2, "post": lambda n: n * 3}


def modelled(program: Program) -> list[Any]:
    """What a program returns; None stands for a person's answer."""
    found: list[Any] = []
    for verb, given in program:
        if verb == "gather":
            found.append([modelled(part) for part in given])
        elif verb == "ask":
            found.append(None)
        elif verb != "sleep":
            found.append(PURE[verb](given))
    return found


def agrees(output: Any, model: Any) -> bool:
    if isinstance(model, list):
        return len(output) == len(model) and all(map(agrees, output, model))
    return output in {"left", "right"} if model is None else output == model


class Machine(RuleBasedStateMachine):
    """One database, and workers that come, work for a moment and are gone in one way or another."""

    runs = Bundle("runs")

    def __init__(self, conninfo: str, folder: Path) -> None:
        super().__init__()
        self.conninfo, self.folder = conninfo, folder
        self.runner = asyncio.Runner()
        self.programs: dict[UUID, Program] = {}
        self.cancelled: set[UUID] = set()
        self.lingering: list[asyncio.Task[None]] = []
        self.kills = 0

    @initialize(seed=st.integers(0, 1_000))
    def begin(self, seed: int) -> None:
        self.randomly = random.Random(seed)
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.engine = Engine(self.conninfo, Workflows([programme]), ObjectArtifacts.local(self.folder))
        await self.engine.open()

    @rule(target=runs, program=NESTED)
    def submit(self, program: Program) -> UUID:
        run_id = self.runner.run(self.engine.submit(Order("programme", orjson.dumps(program))))
        self.programs[run_id] = program
        return run_id

    @rule(seconds=st.floats(0.0, 0.03))
    def a_worker_stops_in_good_order(self, seconds: float) -> None:
        async def work() -> None:
            worker, task = await self._worker()
            await asyncio.sleep(seconds)
            await worker.stop(drain=0.005)
            await task

        self.runner.run(work())

    @rule(seconds=st.floats(0.0, 0.03))
    def a_worker_is_killed(self, seconds: float) -> None:
        async def work() -> None:
            worker, task = await self._worker()
            await asyncio.sleep(seconds)
            turns = [turn for _, turn in worker._live.values()]
            for each in (task, *turns):
                each.cancel()
            await asyncio.wait([task, *turns])
            await self._forget(worker)

        self.kills += 1
        self.runner.run(work())

    @rule(before=st.floats(0.0, 0.02), after=st.floats(0.0, 0.02))
    def a_worker_is_taken_for_dead_and_works_on(self, before: float, after: float) -> None:
        async def work() -> None:
            worker, task = await self._worker()
            await asyncio.sleep(before)
            await self.engine.store.take_over(0.0, 0.0, 10_000, uuid4(), thoroughly=True)
            await asyncio.sleep(after)
            await worker.stop(drain=0.0)
            await task

        self.kills += 1
        self.runner.run(work())

    @rule(choice=st.sampled_from(["left", "right"]))
    def a_person_answers(self, choice: str) -> None:
        self.runner.run(self._answer(choice, most=1))

    @rule(run_id=runs)
    def somebody_cancels(self, run_id: UUID) -> None:
        if self.randomly.random() < 0.7 or self._status(run_id) in {"completed", "cancelled"}:
            return
        self.cancelled.add(run_id)
        self.runner.run(self.engine.cancel(run_id))

    @rule(target=runs, run_id=runs, place=st.floats(0.0, 1.0))
    def somebody_forks(self, run_id: UUID, place: float) -> Any:
        entries = self.runner.run(self.engine.journal(run_id))
        steps = list(dict.fromkeys(entry.key for entry in entries if entry.kind in VERBS))
        if not steps:
            return multiple()
        order = ForkOrder(run_id, "default", at=steps[int(place * (len(steps) - 1))])
        fork = self.runner.run(self.engine.fork(order))
        self.programs[fork] = self.programs[run_id]
        return fork

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            self.runner.close()
            return
        try:
            self.runner.run(self._finish())
            self._check()
        finally:
            self.runner.run(self.engine.close())
            self.runner.close()
            posted.clear()

    async def _worker(self) -> tuple[Worker, asyncio.Task[None]]:
        worker = self.engine.worker(QUICK)
        task = asyncio.create_task(worker.run())
        while not worker._heartbeat._thread.is_alive():
            await asyncio.sleep(0.001)
        return worker, task

    async def _forget(self, worker: Worker) -> None:
        """What the operating system does for a process that was killed: its connections are gone."""
        for off in worker._off:
            off()
        heartbeat = worker._heartbeat
        heartbeat._stop.set()
        await asyncio.to_thread(heartbeat._thread.join)
        if heartbeat._connection is not None:
            heartbeat._connection.close()

    async def _answer(self, choice: str, most: int) -> int:
        found = rows(self.conninfo, OPEN)[:most]
        for run_id, key, _, payload in found:
            question = orjson.loads(payload)
            if question["kind"] == "unknown_outcome":
                became = await self._became(run_id, key, asked=question["choices"])
                await self.engine.answer(run_id, key, became)
            else:
                await self.engine.answer(run_id, key, choice)
        return len(found)

    async def _became(self, run_id: UUID, key: str, *, asked: list[str]) -> str:
        """The truth about a call whose outcome is unknown: whether it happened, then what it returned."""
        step, _, _ = key.rpartition("/")[0].rpartition("/")
        entries = await self.engine.journal(run_id)
        dispatches = [entry for entry in entries if (entry.kind, entry.key) == (Kind.DISPATCH, step)]
        called = said(dispatches[-1])["idempotency_key"]  # that of its parent, where a fork shares it
        if asked:
            return HAPPENED if called in posted else CALL_AGAIN
        return str(posted[called][0] * 3)

    async def _finish(self) -> None:
        """A worker that stays, and a person who answers everything."""
        worker, task = await self._worker()
        async with asyncio.timeout(30):
            while self._open_runs():
                if not await self._answer("left", most=100):
                    await asyncio.sleep(0.005)
        await worker.stop(drain=1.0)
        await task

    def _open_runs(self) -> int:
        query = "select count(*) from runs where status in ('queued', 'running', 'waiting')"
        return int(rows(self.conninfo, query)[0][0])

    def _status(self, run_id: UUID) -> str:
        return str(rows(self.conninfo, "select status from runs where id = %s", run_id)[0][0])

    def _check(self) -> None:
        for run_id, program in self.programs.items():
            entries = self.runner.run(self.engine.journal(run_id))
            last = entries[-1]
            if run_id in self.cancelled and last.kind is Kind.RUN_CANCELLED:
                continue
            assert last.kind is Kind.RUN_COMPLETED
            assert agrees(said(last)["output"], modelled(program))
        assert rows(self.conninfo, GAPS) == []
        assert rows(self.conninfo, TWICE) == []
        assert [calls for calls in posted.values() if len(calls) != 1] == []


@pytest.mark.parametrize("examples", [12, pytest.param(300, marks=pytest.mark.long)])
def test_whatever_happens_runs_end_as_the_model_says(examples: int, conninfo: str, tmp_path: Path) -> None:
    made = 0

    def machine() -> Machine:
        nonlocal made
        made += 1
        rows(conninfo, "truncate questions, artifacts, journal, runs, workers cascade")
        return Machine(conninfo, tmp_path)

    how = settings(
        max_examples=examples,
        stateful_step_count=12,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)
    assert made >= examples
