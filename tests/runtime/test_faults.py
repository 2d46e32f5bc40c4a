"""Real workers are killed and frozen, and the database is stopped: runs go on, nothing journalled is lost."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest

from pilothouse import Context, agent, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from support import victim
from support.waiting import ended, output, rows, said, status, submit, until
from support.workers import Workers

OUTCOMES = (Kind.COMPLETED, Kind.FAILED, Kind.OUTCOME)


@pytest.fixture
async def engine(open_engine: Callable[..., Awaitable[Engine]]) -> Engine:
    return await open_engine(*victim.FLOWS)


async def artifacts_of(engine: Engine, run_id: UUID, folder: Path) -> dict[str, bytes]:
    """The bytes of a run's artifacts by name."""
    store = ObjectArtifacts.local(folder / "artifacts")
    found = rows(engine.store.conninfo, "select name, sha256 from artifacts where run_id = %s", run_id)
    return {name: b"".join([part async for part in store.read("default", sha256)]) for name, sha256 in found}


async def computed_again(engine: Engine, run_id: UUID, workers: Workers, name: str) -> list[str]:
    """The steps that were computed after their result had been journalled."""
    journalled = {entry.key: entry.at for entry in await engine.journal(run_id) if entry.kind in OUTCOMES}
    done = [(at, what.removeprefix(f"{name} ")) for at, _, what in workers.log if what.startswith(f"{name} ")]
    assert {key for _, key in done} <= set(journalled)
    return [key for at, key in done if at / 1e9 > journalled[key].timestamp()]


@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=pytest.mark.long)])
async def test_a_run_whose_workers_are_killed_at_random_points_ends_as_if_nothing_had_happened(
    engine: Engine, workers: Workers, kills: int
) -> None:
    async def begin(name: str) -> UUID:
        return await submit(engine, victim.journey, {"folder": str(workers.folder), "name": name})

    async def completed() -> bool:
        return await engine.status(runs[f"run{len(runs) - 1}"]) == "completed"

    async def goes_on(before: int) -> bool:
        return len(workers.log) > before or await completed()

    randomly = random.Random(7)
    runs: dict[str, UUID] = {"run0": await begin("run0")}
    for _ in range(kills):
        before = len(workers.log)
        pid = workers.start()
        if randomly.random() < 0.8:  # well into the work; else at the start, in the middle of a take-over
            await until(lambda before=before: goes_on(before), pause=0.002)
        await asyncio.sleep(randomly.uniform(0, 0.15))
        workers.signal(pid, signal.SIGKILL)
        if await completed():
            runs[f"run{len(runs)}"] = await begin(f"run{len(runs)}")
    workers.start()
    results = set()
    for name, run_id in runs.items():
        text = await output(engine, run_id, 30)
        assert await computed_again(engine, run_id, workers, name) == []
        kept = await artifacts_of(engine, run_id, workers.folder)
        assert kept["second.txt"] == text.encode()
        results.add((text.rsplit(" ", 1)[0], kept["first.txt"]))  # the random number is the run's own
    assert len(results) == 1


async def test_killed_and_undisturbed_runs_leave_the_same_journal_and_the_same_bytes(
    engine: Engine, workers: Workers
) -> None:
    async def begin(name: str) -> UUID:
        return await submit(engine, victim.journey, {"folder": str(workers.folder), "name": name})

    shaken = await begin("same")
    for pause in (0.02, 0.08, 0.1):
        before = len(workers.log)
        pid = workers.start()
        await until(lambda before=before: len(workers.log) > before, 10, pause=0.002)
        await asyncio.sleep(pause)
        workers.signal(pid, signal.SIGKILL)
    workers.start()
    text = await output(engine, shaken)
    calm = await begin("same")
    calm_text = await output(engine, calm)
    of_place = (" ", 1)  # the random number is the run's own
    assert text.rsplit(*of_place)[0] == calm_text.rsplit(*of_place)[0]
    first, second = [await artifacts_of(engine, run, workers.folder) for run in (shaken, calm)]
    assert first["first.txt"] == second["first.txt"]
    keys = [
        {
            (entry.kind, entry.key)
            for entry in await engine.journal(run)
            if entry.key and entry.kind in OUTCOMES
        }
        for run in (shaken, calm)
    ]
    assert keys[0] == keys[1]


async def test_a_killed_workers_run_is_taken_over_within_the_grace(engine: Engine, workers: Workers) -> None:
    first = workers.start()
    run_id = await submit(engine, victim.gated, {"folder": str(workers.folder), "name": "g"})
    await until(lambda: workers.done("g lingers") == [first])
    second = workers.start()
    await until(lambda: len(rows(engine.store.conninfo, "select 1 from workers")) == 2)
    loop = asyncio.get_running_loop()
    killed = loop.time()
    workers.signal(first, signal.SIGKILL)
    await until(lambda: workers.done("g lingers") == [first, second])
    assert loop.time() - killed < victim.SETTINGS.lease  # the grace is 0.2 s, the lease 1 s
    (workers.folder / "go").touch()
    assert await output(engine, run_id) == "paid"
    assert workers.done("g paid") == [second]


async def test_a_frozen_workers_run_is_taken_over_within_the_lease_and_it_pays_nothing_when_it_thaws(
    engine: Engine, workers: Workers
) -> None:
    first = workers.start()
    run_id = await submit(engine, victim.gated, {"folder": str(workers.folder), "name": "g"})
    await until(lambda: workers.done("g lingers") == [first])
    second = workers.start()
    await until(lambda: len(rows(engine.store.conninfo, "select 1 from workers")) == 2)
    workers.signal(first, signal.SIGSTOP)
    await until(lambda: workers.done("g lingers") == [first, second], 5)
    (workers.folder / "go").touch()
    assert await output(engine, run_id) == "paid"
    workers.signal(second, signal.SIGKILL)
    workers.signal(first, signal.SIGCONT)
    again = await submit(engine, victim.gated, {"folder": str(workers.folder), "name": "h"})
    assert await output(engine, again) == "paid"  # by the thawed worker, which goes on with other work
    assert workers.done("g paid") == [second]
    assert workers.done("h paid") == [first]
    assert [entry.kind for entry in await engine.journal(run_id)].count(Kind.DISPATCH) == 1


@workflow("long")
async def long(ctx: Context) -> list[int]:
    return [await ctx.call(pause, number) for number in range(40)]


made: list[int] = []


@agent
async def pause(ctx: Context, number: int) -> int:
    made.append(number)
    await asyncio.sleep(0.01)
    return number


async def test_a_run_goes_on_by_itself_after_the_database_was_stopped_and_started(tmp_path: Path) -> None:
    made.clear()
    with await asyncio.to_thread(postgres.attach, tmp_path / "data") as attachment:
        await asyncio.to_thread(upgrade, attachment.dsn)
        engine = Engine(attachment.dsn, Workflows([long]), ObjectArtifacts.local(tmp_path / "artifacts"))
        await engine.open()
        worker = engine.worker(WorkerSettings(poll=0.1, heartbeat=0.1))
        working = asyncio.create_task(worker.run())
        run_id = await submit(engine, long)
        await until(lambda: len(made) > 10)
        await asyncio.to_thread(postgres.stop, tmp_path / "data", force=True)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(attachment.revive)

        async def completed() -> bool:
            journal = rows(attachment.dsn, "select kind from journal where run_id = %s", run_id)
            return ("run_completed",) in journal

        await until(completed)
        journal = await engine.journal(run_id)
        keys = [entry.key for entry in journal if entry.kind is Kind.COMPLETED]
        assert keys == [f"pause#{number}" for number in range(40)]
        assert len(made) <= 41  # one was in hand when the database went away
        assert rows(attachment.dsn, "select losses from runs") == [(0,)]
        await worker.stop()
        await working
        await engine.close()


async def test_a_step_that_kills_its_worker_every_time_fails_the_run(
    engine: Engine, workers: Workers
) -> None:
    """The step is shown as started before it kills, which must not count as progress."""
    run_id = await submit(engine, victim.gated, {"folder": str(workers.folder), "name": "p"})
    deaths = 0

    async def started_or_failed() -> bool:
        started = [entry for entry in await engine.journal(run_id) if entry.kind is Kind.STARTED]
        return len(started) >= deaths or await engine.status(run_id) == "failed"

    while await engine.status(run_id) != "failed" and deaths < 10:
        pid = workers.start()
        deaths += 1
        await until(started_or_failed)
        workers.signal(pid, signal.SIGKILL)
    failure = said(await ended(engine, run_id))
    assert (failure["code"], failure["step"]) == ("worker_lost", "linger#0")
    assert deaths == victim.SETTINGS.max_losses + 2  # the last one finds the run and fails it
    await status(engine, run_id, "failed")
