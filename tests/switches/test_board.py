"""Kill switches in force: what they stop, what they leave, and how soon every process knows."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from pilothouse import Context, StepFailed, agent, tool, workflow
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.governing import Verdict
from pilothouse.runtime.worker import Worker
from pilothouse.switches.board import Switchboard
from pilothouse.switches.degrading import Rules
from pilothouse.switches.schemas import FlagKey, Killable, KillName, NewFlag, NewKill
from support.spending import make_action
from support.waiting import status

Throw = Callable[..., Awaitable[Any]]
OpenBoard = Callable[..., Awaitable[Switchboard]]


def kill(kind: str, name: str = "", tenant: str | None = "*", **said: Any) -> NewKill:
    given = {"kind": kind, "name": name, "why": "INC-311", "tenant": None if kind == "everything" else tenant}
    return NewKill.model_validate(given | said)


def let_go(kind: str, name: str = "", tenant: str | None = "*") -> KillName:
    return KillName.model_validate(kill(kind, name, tenant).model_dump(include={"kind", "name", "tenant"}))


async def until(true: Callable[[], object], within: float = 3.0) -> float:
    """Seconds until something is so."""
    since = time.monotonic()
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.005)
    return time.monotonic() - since


class Office:
    """Where steps wait, and what they did."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.open = asyncio.Event()


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def flow(office: Office) -> Any:
    """A workflow that calls an agent, and acts with a tool inside it or not; each waits for the office."""

    @tool(idempotent=True)
    async def pay(ctx: Context, text: str) -> str:
        office.begun.append(f"pay {text}")
        await office.open.wait()
        office.done.append(f"pay {text}")
        return text

    @agent
    async def clerk(ctx: Context, text: str) -> str:
        office.begun.append(f"clerk {text}")
        return await ctx.act(pay, text)

    @workflow("flow")
    async def work(ctx: Context, text: str) -> str:
        try:
            return await ctx.call(clerk, text) if text == "by clerk" else await ctx.act(pay, text)
        except StepFailed as error:
            return f"{error.failure.code}: {error.failure.message}"

    return work


@pytest.fixture
async def braked(
    flow: Any,
    open_board: OpenBoard,
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Worker]],
) -> tuple[Engine, Switchboard]:
    board = await open_board()
    engine = await open_engine(flow, switches=board)
    board._off = engine.listener.on("pilothouse_switches", lambda _: board._asked.set())
    await start_worker(engine)
    return engine, board


async def output(engine: Engine, run: Any) -> str:
    async with asyncio.timeout(5):
        async for entry in engine.follow(run):
            last = entry
    return f"{last.kind} {last.payload.decode()}"


@pytest.mark.parametrize(("kind", "name"), [("tool", "pay"), ("agent", "clerk")])
async def test_a_running_step_of_what_is_killed_is_stopped_and_fails(
    braked: tuple[Engine, Switchboard], office: Office, throw: Throw, kind: str, name: str
) -> None:
    engine, _ = braked
    run = await engine.submit(Order("flow", b'"by clerk"'))
    await until(lambda: "pay by clerk" in office.begun)
    await throw("kill", kill(kind, name))
    told = await output(engine, run)
    assert told.startswith('run_completed {"output":"killed: ')
    assert f"The {kind} {name} was killed by local: INC-311" in told
    assert office.done == []
    again = await engine.submit(Order("flow", b'"by clerk"'))
    assert "was killed" in await output(engine, again)
    assert office.begun.count("pay by clerk") == 1
    await throw("unkill", let_go(kind, name))
    office.open.set()
    await until(lambda: not braked[1].stops("default", kind, name))
    assert await output(engine, await engine.submit(Order("flow", b'"by clerk"'))) == (
        'run_completed {"output":"by clerk"}'
    )


async def test_a_step_that_takes_its_time_to_stop_is_stopped_once(
    braked: tuple[Engine, Switchboard], open_engine: Callable[..., Awaitable[Engine]], throw: Throw
) -> None:
    """Whatever else is killed while it cleans up."""
    stopped: list[str] = []

    @tool(idempotent=True)
    async def slow(ctx: Context) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append("slow")
            await asyncio.sleep(0.3)

    @workflow("slowly")
    async def slowly(ctx: Context) -> None:
        await ctx.act(slow)

    _, board = braked
    engine = await open_engine(slowly, switches=board)
    worker = engine.worker()
    working = asyncio.create_task(worker.run())
    run = await engine.submit(Order("slowly", b"null"))
    await until(lambda: worker.busy)
    await asyncio.sleep(0.05)
    await throw("kill", kill("tool", "slow"))
    await until(lambda: stopped)
    await throw("kill", kill("tool", "other"))
    await until(lambda: board.stops("default", "tool", "other"))
    assert "The tool slow was killed" in await output(engine, run)
    assert stopped == ["slow"]
    await worker.stop()
    await working


@pytest.mark.parametrize(("kind", "name"), [("workflow", "flow"), ("tenant", ""), ("everything", "")])
async def test_runs_of_what_is_killed_are_stopped_and_wait_until_it_is_let_go(
    braked: tuple[Engine, Switchboard], office: Office, throw: Throw, kind: str, name: str
) -> None:
    engine, _ = braked
    tenant = None if kind == "tenant" else "*"
    run = await engine.submit(Order("flow", b'"x"'))
    await until(lambda: office.begun == ["pay x"])
    await throw("kill", kill(kind, name, tenant))
    async with asyncio.timeout(3):
        while await engine.status(run) != "queued":
            await asyncio.sleep(0.01)
    late = await engine.submit(Order("flow", b'"y"'))
    other = await engine.submit(Order("flow", b'"z"', tenant_id="acme"))
    office.open.set()
    if kind == "tenant":
        await status(engine, other, "completed")
    await asyncio.sleep(0.4)  # some rounds of claims
    statuses = [await engine.status(one) for one in (run, late, other)]
    assert statuses == ["queued", "queued", "completed" if kind == "tenant" else "queued"]
    assert [what for what in office.done if what != "pay z"] == []
    await throw("unkill", let_go(kind, name, tenant))
    assert [await output(engine, one) for one in (run, late, other)] == [
        f'run_completed {{"output":"{text}"}}' for text in "xyz"
    ]


async def test_it_lets_go_by_itself(braked: tuple[Engine, Switchboard], office: Office, throw: Throw) -> None:
    engine, board = braked
    office.open.set()
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    await throw("kill", kill("workflow", "flow", until=ends))
    await until(lambda: board.holds("default", "flow"))
    run = await engine.submit(Order("flow", b'"x"'))
    assert await engine.status(run) == "queued"
    assert await output(engine, run) == 'run_completed {"output":"x"}'
    assert dt.datetime.now(dt.UTC) > ends
    assert (await throw("kills")).items == []
    assert [item.name for item in (await throw("kills", ended=True)).items] == ["flow"]


@pytest.mark.timed
async def test_every_process_knows_within_a_second_also_where_a_notification_is_lost(
    braked: tuple[Engine, Switchboard], open_board: OpenBoard, throw: Throw
) -> None:
    deaf = await open_board()
    await throw("kill", kill("provider", "openai"))
    boards = (braked[1], deaf)
    assert await until(lambda: all(board.stops("acme", "provider", "openai") for board in boards)) < 1


async def test_an_action_on_whose_path_something_is_killed_is_denied(
    open_board: OpenBoard, throw: Throw
) -> None:
    board = await open_board(every=60)
    action = make_action(agent="clerk")
    for wanted in (
        kill("tool", "buy"),
        kill("agent", "clerk"),
        kill("workflow", "shopping"),
        kill("tenant", tenant="default"),
        kill("everything"),
    ):
        assert await board.judge(action) is None
        await throw("kill", wanted)
        await board.look()
        denied = await board.judge(action)
        assert denied is not None
        assert (denied.verdict, denied.policies) == (Verdict.DENY, ("switch",))
        assert "INC-311" in denied.reasons[0]
        elsewhere = await board.judge(make_action(tenant_id="acme", agent="clerk"))
        assert (elsewhere is None) == (wanted.kind is Killable.TENANT)
        await throw("unkill", let_go(wanted.kind.value, wanted.name, wanted.tenant))
        await board.look()
    assert await board.judge(make_action()) is None


async def test_a_flag_holds_in_every_process(open_board: OpenBoard, throw: Throw) -> None:
    board = await open_board(every=60)
    await throw("put", NewFlag(name="new", tenant="*", enabled=True))
    await throw("put", NewFlag(name="new", tenant="acme", enabled=False))
    await board.look()
    assert (board.on("new", "default"), board.on("new", "acme")) == (True, False)
    await throw("remove", FlagKey(name="new", tenant="acme"))
    await board.look()
    assert board.on("new", "acme")


async def test_an_agent_that_went_down_here_stands_lower_everywhere_and_can_be_restored(
    open_board: OpenBoard, throw: Throw
) -> None:
    here, there = [await open_board(every=60, rules=Rules(failures=2)) for _ in range(2)]
    for _ in range(2):
        assert here.first("acme", "clerk") == 0
        here.tried("acme", "clerk", 0, failed=True, rungs=2)
    await here.look()
    await there.look()
    assert (here.first("acme", "clerk"), there.first("acme", "clerk")) == (1, 1)
    assert there.first("globex", "clerk") == 0
    (item,) = (await throw("degradations")).items
    assert (item.agent, item.tenant, item.level) == ("clerk", "acme", 1)
    await throw("restore", "clerk", "acme")
    await here.look()
    await there.look()
    assert (here.first("acme", "clerk"), there.first("acme", "clerk")) == (0, 0)
    here.tried("acme", "other", 0, failed=False, rungs=2)  # what works is not kept in mind
    assert ("acme", "other") not in here._standing


async def test_a_database_that_is_away_changes_nothing(
    open_board: OpenBoard, throw: Throw, conninfo: str
) -> None:
    board = await open_board(every=0.02)
    await throw("kill", kill("tool", "pay"))
    await until(lambda: board.stops("acme", "tool", "pay"))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name like '%%switches%%' and pid <> pg_backend_pid()"
        )
    await asyncio.sleep(0.1)
    assert board.stops("acme", "tool", "pay")
    await throw("unkill", let_go("tool", "pay"))
    await until(lambda: not board.stops("acme", "tool", "pay"))
