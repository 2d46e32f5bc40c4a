"""What operators set by hand reaches every process, and what processes are like is told to operators."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.resilience import Registry, State, Terms
from pilothouse.resilience.board import BreakerBoard
from pilothouse.resilience.repository import BreakerRepository
from pilothouse.resilience.schemas import BreakerShown, Mode, NewOverride
from pilothouse.resilience.service import BreakerBook
from pilothouse.resilience.telling import BreakerMetrics, part_of
from pilothouse.runtime.listener import Listener
from support.waiting import rows

PATH = "/api/v1/breakers"
Ask = Callable[..., Awaitable[Any]]
Opens = Callable[..., Awaitable[tuple[Registry, BreakerBoard]]]


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    made = Database(conninfo, connections=3)
    yield made
    await made.close()


@pytest.fixture
def ask(database: Database) -> Ask:
    """Asks the service in a transaction: `await ask("override", name, NewOverride(...))`."""

    async def asked(verb: str, *given: Any) -> Any:
        scope = local_scope()
        async with database.session(scope) as session:
            book = BreakerBook(BreakerRepository(session), scope, SystemClock(), Ids())
            return await getattr(book, verb)(*given)

    return asked


@pytest.fixture
async def process(database: Database) -> AsyncIterator[Opens]:
    """A registry that is kept in step, as each process has one."""
    opened: list[BreakerBoard] = []

    async def make(name: str, listener: Listener | None = None, **said: Any) -> tuple[Registry, BreakerBoard]:
        registry = Registry()
        board = BreakerBoard(database, registry, process=name, **said)
        await board.open(listener)
        opened.append(board)
        return registry, board

    yield make
    for board in opened:
        await board.close()


@pytest.fixture
async def listener(conninfo: str) -> AsyncIterator[Listener]:
    made = Listener(conninfo)
    await made.start()
    yield made
    await made.stop()


async def becomes(registry: Registry, name: str, state: State) -> None:
    async with asyncio.timeout(1):  # within a second, as is promised
        while registry.dependency(name).breaker.state is not state:
            await asyncio.sleep(0.005)


async def test_what_is_set_by_hand_reaches_every_process_by_notification(
    ask: Ask, process: Opens, listener: Listener
) -> None:
    both = [(await process(name, listener, every=60))[0] for name in ("api", "worker")]
    for registry in both:
        registry.dependency("model/x")
    await ask("override", "model/x", NewOverride(mode=Mode.FORCED_OPEN, reason="INC-7"))
    for registry in both:
        await becomes(registry, "model/x", State.FORCED_OPEN)
    await ask("override", "model/x", NewOverride(mode=Mode.NONE, reason="over"))
    for registry in both:
        await becomes(registry, "model/x", State.CLOSED)


async def test_a_lost_notification_costs_no_more_than_the_time_between_two_looks(
    ask: Ask, process: Opens
) -> None:
    registry, _ = await process("api", every=0.05)
    await ask("override", "smtp", NewOverride(mode=Mode.DISABLED, reason="relay"))
    await becomes(registry, "smtp", State.DISABLED)


async def test_what_was_set_for_a_time_lets_go_by_itself(ask: Ask, process: Opens) -> None:
    registry, board = await process("api", every=60)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(milliseconds=150)
    await ask("override", "x", NewOverride(mode=Mode.METRICS_ONLY, reason="looking", until=soon))
    await board.look()
    assert registry.dependency("x").breaker.state is State.METRICS_ONLY
    await asyncio.sleep(0.2)
    await board.look()
    assert registry.dependency("x").breaker.state is State.CLOSED
    assert (await ask("show", "x")).override is None


async def test_a_reset_is_done_once_and_not_by_those_that_come_later(
    ask: Ask, process: Opens, conninfo: str
) -> None:
    registry, board = await process("api", every=60)
    registry.dependency("x").breaker.trip()
    await board.look()
    await ask("reset", "x")
    await board.look()
    assert registry.dependency("x").breaker.state is State.CLOSED
    registry.dependency("x").breaker.trip()
    await board.look()
    assert registry.dependency("x").breaker.state is State.OPEN
    later, other = await process("worker", every=60)
    later.dependency("x").breaker.trip()
    await other.look()
    assert later.dependency("x").breaker.state is State.OPEN


async def test_operators_see_the_breakers_of_all_processes_and_those_that_end_vanish(
    ask: Ask, process: Opens, conninfo: str
) -> None:
    (api, board), (worker, other) = await process("api", every=60), await process("worker", every=60)
    api.dependency("x", Terms(retry=None))
    breaker = worker.dependency("x").breaker
    for _ in range(5):
        breaker.acquire().failed(OSError())
    for one in (board, other):
        await one.look()
    shown: BreakerShown = await ask("show", "x")
    assert shown.state is State.OPEN
    assert [(one.process, one.state, one.errors) for one in shown.processes] == [
        ("api", State.CLOSED, 0),
        ("worker", State.OPEN, 5),
    ]
    await other.close()
    assert [one.process for one in (await ask("show", "x")).processes] == ["api"]
    rows(conninfo, "update breaker_reports set reported_at = now() - interval '1 minute'")
    assert (await ask("all")).items == []


async def test_it_is_done_over_http_and_recorded(client: httpx.AsyncClient, conninfo: str) -> None:
    assert (await client.get(PATH)).json() == {"items": []}
    assert (await client.get(f"{PATH}/model~x")).status_code == 404
    wanted = {"mode": "forced_open", "reason": "wrong answers", "until": None}
    made = await client.put(f"{PATH}/model~x/override", json=wanted)
    assert made.status_code == 200, made.text
    assert made.json()["override"].items() >= {"mode": "forced_open", "reason": "wrong answers"}.items()
    shown = (await client.get(f"{PATH}/model~x")).json()
    assert (shown["name"], shown["state"]) == ("model/x", "forced_open")
    assert (await client.post(f"{PATH}/model~x/reset")).status_code == 204
    assert [item["name"] for item in (await client.get(PATH)).json()["items"]] == ["model/x"]
    released = await client.put(f"{PATH}/model~x/override", json={"mode": "none", "reason": "over"})
    assert released.json()["override"] is None
    assert (await client.post(f"{PATH}/model~x/reset")).status_code == 404
    entries = rows(conninfo, "select kind, subject, leaf from audit_inbox order by id")
    assert {entry[:2] for entry in entries} == {("switch", "breaker/model/x")}
    assert [
        did
        for entry in entries
        for did in (b"forced_open", b"reset", b"released")
        if b'"did":"%s"' % did in bytes(entry[2])
    ] == [b"forced_open", b"reset", b"released"]
    assert not any(b"wrong answers" in bytes(entry[2]) for entry in entries)


@pytest.mark.parametrize(
    "said",
    [
        {"mode": "closed", "reason": "x"},
        {"mode": "disabled"},
        {"mode": "disabled", "reason": ""},
        {"mode": "disabled", "reason": "x", "until": "2020-01-01T00:00:00Z"},
        {"mode": "disabled", "reason": "x", "who": "me"},
    ],
)
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, said: dict[str, Any]) -> None:
    answer = await client.put(f"{PATH}/x/override", json=said)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert (await client.put(f"{PATH}/a b/override", json=said)).status_code == 400


def test_health_and_metrics_tell_of_open_breakers() -> None:
    registry = Registry()
    registry.dependency("model/x").breaker.trip()
    registry.dependency("webhook/1", group="webhook")
    registry.dependency("webhook/2", group="webhook").breaker.acquire().failed(OSError())
    part = part_of(registry)
    assert (part.status, part.figures) == ("degraded", {"breakers": 3.0, "open": 1.0})
    assert part.detail.startswith("Left alone: model/x.")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in BreakerMetrics(registry).collect()
        for sample in family.samples
    }
    assert found["pilothouse_breakers", "model/x", "open"] == 1
    assert found["pilothouse_breakers", "webhook", "closed"] == 2
    assert found["pilothouse_dependency_calls_total", "webhook", "failed"] == 1
    assert found["pilothouse_dependency_retries_total", "webhook"] == 0
