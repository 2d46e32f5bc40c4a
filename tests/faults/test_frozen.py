"""Dead workers are followed soon; frozen ones that wake up append nothing and dispatch no further action."""

from __future__ import annotations

import signal
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.worker_settings import WorkerSettings
from support import victim
from support.waiting import output, rows, submit, until
from support.workers import Workers

DEFAULTS = {name: getattr(WorkerSettings(), name) for name in ("lease", "grace", "heartbeat", "poll")}
OWNED = """
select count(*) from runs join workers on workers.id = worker_id where pid = %s and status = 'running'
"""
PRESENT = "select pid from workers"


@pytest.fixture
async def engine(open_engine: Callable[..., Awaitable[Engine]]) -> Engine:
    return await open_engine(*victim.FLOWS)


async def present(workers: Workers, *pids: int) -> None:
    """Wait until these workers are on the list."""
    await until(lambda: set(pids) <= {pid for (pid,) in rows(workers.conninfo, PRESENT)})


async def begun(engine: Engine, workers: Workers, pid: int, names: list[str]) -> dict[str, UUID]:
    """Runs that this worker executes: each in the midst of a step, before its payment."""
    given = {name: {"folder": str(workers.folder), "name": name} for name in names}
    made = {name: await submit(engine, victim.gated, value) for name, value in given.items()}
    await until(lambda: all(workers.done(f"{name} lingers") == [pid] for name in names))
    return made


async def taken_over(workers: Workers, pid: int, names: list[str], seconds: float) -> float:
    """Wait until another worker has begun all of them; how many seconds that took."""
    started = time.monotonic()
    await until(lambda: all(workers.done(f"{name} lingers")[-1] == pid for name in names), seconds)
    return time.monotonic() - started


async def test_by_default_a_killed_workers_runs_are_taken_over_within_15_seconds(
    engine: Engine, workers: Workers
) -> None:
    first = workers.start(**DEFAULTS)
    runs = await begun(engine, workers, first, ["a", "b"])
    second = workers.start(**DEFAULTS)
    await present(workers, first, second)
    workers.signal(first, signal.SIGKILL)
    assert await taken_over(workers, second, list(runs), 15) < 15


@pytest.mark.long
async def test_by_default_a_frozen_workers_runs_are_taken_over_once_its_lease_is_over(
    engine: Engine, workers: Workers
) -> None:
    first = workers.start(**DEFAULTS)
    runs = await begun(engine, workers, first, ["a", "b"])
    second = workers.start(**DEFAULTS)
    await present(workers, first, second)
    workers.signal(first, signal.SIGSTOP)
    took = await taken_over(workers, second, list(runs), 20)
    assert DEFAULTS["lease"] - 1 < took < DEFAULTS["lease"] + DEFAULTS["poll"] + 2


@pytest.mark.parametrize(("rounds", "runs"), [(2, 12), pytest.param(10, 40, marks=pytest.mark.long)])
async def test_a_frozen_worker_that_wakes_up_is_fenced(
    engine: Engine, workers: Workers, rounds: int, runs: int
) -> None:
    """Frozen in the midst of a step of each run, for longer than the time after which others take over."""
    conninfo = workers.conninfo
    for turn in range(rounds):
        (workers.folder / "go").unlink(missing_ok=True)
        frozen = workers.start()
        made = await begun(engine, workers, frozen, [f"{turn}.{number}" for number in range(runs)])
        assert rows(conninfo, OWNED, frozen) == [(runs,)]
        awake = workers.start()
        await present(workers, frozen, awake)
        workers.signal(frozen, signal.SIGSTOP)
        await taken_over(workers, awake, list(made), 10)
        if turn % 2:  # it wakes up in the midst of what another one does as well
            workers.signal(frozen, signal.SIGCONT)
        (workers.folder / "go").touch()
        assert {await output(engine, run_id) for run_id in made.values()} == {"paid"}
        if not turn % 2:  # it wakes up when all is over
            workers.signal(frozen, signal.SIGCONT)
        await present(workers, frozen, awake)  # it reports back, for other work
        more = await submit(engine, victim.gated, {"folder": str(workers.folder), "name": f"more {turn}"})
        assert await output(engine, more) == "paid"
        paid = [(pid, what) for _, pid, what in workers.log if what.startswith(f"{turn}.") and "paid" in what]
        assert sorted(paid) == sorted((awake, f"{name} paid") for name in made)
        for run_id in made.values():
            kinds = [entry.kind for entry in await engine.journal(run_id)]
            assert [kinds.count(kind) for kind in (Kind.DISPATCH, Kind.OUTCOME, Kind.COMPLETED)] == [1, 1, 1]
        for pid in (frozen, awake):
            workers.signal(pid, signal.SIGKILL)


async def test_a_frozen_worker_that_nobody_has_followed_goes_on_only_under_a_new_claim(
    engine: Engine, workers: Workers
) -> None:
    alone = workers.start()
    made = await begun(engine, workers, alone, ["a", "b", "c"])
    epochs = dict(rows(workers.conninfo, "select id, epoch from runs"))
    workers.signal(alone, signal.SIGSTOP)
    started = time.monotonic()
    await until(lambda: time.monotonic() - started > victim.SETTINGS.lease * 1.2)  # nobody there to see
    (workers.folder / "go").touch()
    workers.signal(alone, signal.SIGCONT)
    assert [await output(engine, run_id) for run_id in made.values()] == ["paid"] * 3
    assert all(len(workers.done(f"{name} paid")) == 1 for name in made)
    assert all(
        epoch > epochs[run_id] for run_id, epoch in rows(workers.conninfo, "select id, epoch from runs")
    )
