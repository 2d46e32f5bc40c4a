"""On every framework alike: waiting, stopping, denying and dying pass through, and nothing is done twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from pilothouse import Context, tool
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.errors import RunCancelled
from pilothouse.runtime.governing import Requirement
from pilothouse.runtime.switches import Unswitched
from support import foreign_victims
from support.approvals import Policy, decide
from support.foreign import DESKS, calling
from support.rehearsal import Rehearsal
from support.waiting import output, submit, until
from support.workers import Workers

FRAMEWORKS = list(DESKS)


class Refund(BaseModel):
    order: str


class Desk:
    """An agent on a framework, what its model was asked and what its tool has paid."""

    def __init__(self, framework: str, *, fails: bool = False, slow: asyncio.Event | None = None) -> None:
        self.framework, self.slow = framework, slow
        self.asked: list[int] = []
        self.paid: list[str] = []
        self.stopped = asyncio.Event()

        @tool
        async def pay(ctx: Context, refund: Refund) -> str:
            """Pay a refund."""
            self.paid.append(refund.order)
            if fails:
                raise ValueError("the till is empty")
            return "paid"

        calls = [("pay", {"order": "a"}), ("pay", {"order": "b"})]
        self.agent = DESKS[framework]([pay], calls, self._ask)
        self.flow = calling(framework, self.agent)

    async def _ask(self, number: int) -> None:
        self.asked.append(number)
        if self.slow is not None:
            try:
                self.slow.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.stopped.set()
                raise


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_actions_wait_for_their_approvals_and_each_is_done_once(framework: str) -> None:
    desk, policy = Desk(framework), Policy(Requirement(role="finance"))
    run = Rehearsal(desk.flow, governor=policy)
    for _ in range(2):
        assert await run.until_waiting() == "waiting"
        (key,) = run.open_questions
        decide(run, key)
    assert await run.until_waiting() == "completed"
    assert run.output == "done"
    assert (desk.asked, desk.paid) == ([0, 1], ["a", "b"])
    assert await run.replay() == "done"
    assert (desk.asked, desk.paid) == ([0, 1], ["a", "b"])


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_a_denial_is_told_to_the_model_which_goes_on(framework: str) -> None:
    desk = Desk(framework)
    run = Rehearsal(desk.flow, governor=Policy(deny="not today"))
    assert await run.finish() == "done"
    assert (desk.asked, desk.paid) == ([0, 1], [])
    assert await run.replay() == "done"


@pytest.mark.parametrize("framework", ["pydantic-ai", "openai-agents", "langgraph"])
async def test_a_tool_that_fails_fails_the_agent_with_its_reason_and_no_sibling_is_cut_off(
    framework: str,
) -> None:
    desk = Desk(framework, fails=True)
    run = Rehearsal(desk.flow)
    await run.finish()
    assert "the till is empty" in run.failure.message
    assert len(desk.paid) <= 2
    assert len(run.kinds(Kind.DISPATCH)) == len(run.kinds(Kind.OUTCOME)) == len(desk.paid)


class Thrown(Unswitched):
    """A switch of a test's own: it stops agents once it is thrown."""

    thrown = False

    def stops(self, tenant_id: str, kind: str, name: str) -> str:
        return f"{name} was killed" if self.thrown and kind == "agent" else ""


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_killing_the_agent_stops_its_request_at_once(framework: str) -> None:
    desk = Desk(framework, slow=(begun := asyncio.Event()))
    run, switches = Rehearsal(desk.flow, step_timeout=30), Thrown()
    run.services = run.services.__class__(**{**run.services.__dict__, "switches": switches})
    task = asyncio.create_task(run.turn())
    await begun.wait()
    switches.thrown = True
    run.current.brake()
    assert await asyncio.wait_for(task, 5) == "failed"
    assert desk.stopped.is_set()
    assert run.failure.code == "killed"
    assert [each for each in asyncio.all_tasks() if each is not asyncio.current_task()] == []


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_cancelling_the_run_stops_it_and_leaves_no_task_behind(framework: str) -> None:
    desk = Desk(framework, slow=(begun := asyncio.Event()))
    run = Rehearsal(desk.flow, step_timeout=30)
    task = asyncio.create_task(run.turn())
    await begun.wait()
    run.current.interrupt(RunCancelled())
    assert await asyncio.wait_for(task, 5) == "cancelled"
    assert desk.stopped.is_set()
    assert [each for each in asyncio.all_tasks() if each is not asyncio.current_task()] == []


@pytest.fixture
def foreign_workers(conninfo: str, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(conninfo, tmp_path, "support.foreign_victims")
    yield made
    made.stop()


async def test_a_worker_that_is_killed_in_a_request_leaves_no_request_and_no_call_to_be_made_twice(
    open_engine: Callable[..., Awaitable[Engine]], foreign_workers: Workers
) -> None:
    folder = foreign_workers.folder
    flows = {flow.name: flow for flow in foreign_victims.flows(folder)}
    engine = await open_engine(*flows.values())
    runs = {name: await submit(engine, flow) for name, flow in flows.items()}
    first = foreign_workers.start()
    await until(lambda: all(foreign_workers.done(f"{name} asked 1") == [first] for name in runs), 30)
    foreign_workers.signal(first, signal.SIGKILL)
    (folder / "go").touch()
    foreign_workers.start()
    for name, run_id in runs.items():
        assert await output(engine, run_id, 30) == "done"
        assert foreign_workers.done(f"{name} asked 0") == [first]
        assert foreign_workers.done(f"{name} paid a") == [first]
        assert foreign_workers.done(f"{name} paid b") == [first]
        assert len(foreign_workers.done(f"{name} asked 1")) == 2
