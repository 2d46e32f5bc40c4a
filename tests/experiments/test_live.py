"""What a process goes by: stable arms, changes within a second, and counts that add up in the database."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from pilothouse.errors import DatabaseUnavailable, InvalidInput
from pilothouse.experiments.live import Experiments
from pilothouse.experiments.schemas import Weights
from pilothouse.kit.scope import Scope
from pilothouse.prompts.schemas import Assigned, Subjects
from pilothouse.runtime import beside
from pilothouse.runtime.listener import Listener
from support.experiments import AT, called, seen
from support.workers import TESTS

Ask = Callable[..., Awaitable[Any]]
Open = Callable[..., Awaitable[Experiments]]
ACME = Scope("acme", "local", frozenset({"admin"}))


def of_run(number: int = 1, user: str = "") -> Subjects:
    return Subjects(f"run {number}", user, "default")


async def arms(process: Experiments, count: int = 400) -> list[str]:
    found = [await process.assign("default", "support/triage", of_run(number)) for number in range(count)]
    return [one.arm if one else "-" for one in found]


async def test_arms_are_stable_and_the_same_in_every_process(begun: Ask, open_process: Open) -> None:
    experiment = await begun()
    one, other = await open_process(), await open_process()
    first = await arms(one)
    assert first == await arms(other) == await arms(one)
    assert 160 < first.count("candidate") < 240
    place = first.index("candidate")
    assert await one.assign("default", "support/triage", of_run(place)) == Assigned(
        str(experiment.id), "candidate", "4", None
    )
    assert await one.assign("default", "support/other", of_run()) is None
    assert await one.assign("acme", "support/triage", of_run()) is None


async def test_a_changed_weight_is_known_within_a_second_and_moves_as_few_as_it_can(
    begun: Ask, book: Ask, open_process: Open, conninfo: str
) -> None:
    experiment = await begun()
    listener = Listener(conninfo)
    await listener.start()
    process = await open_process(listener, every=60)  # only the notification can tell
    before = await arms(process)
    await book("weigh", experiment.id, Weights(weights={"candidate": Decimal(80)}))
    async with asyncio.timeout(1):
        while await arms(process) == before:
            await asyncio.sleep(0.005)
    after = await arms(process)
    moved = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert set(moved) == {("control", "candidate")}
    await listener.stop()


async def test_what_a_call_has_not_cannot_split_it(begun: Ask, open_process: Open) -> None:
    await begun(key="user")
    process = await open_process()
    assert await process.assign("default", "support/triage", of_run()) is None
    found = [await process.assign("default", "support/triage", of_run(n, user="ada")) for n in range(20)]
    assert len(set(found)) == 1


async def test_what_is_for_everybody_holds_for_tenants_without_their_own(
    begun: Ask, open_process: Open
) -> None:
    shared = await begun(key="tenant", everybody=True)
    own = await begun(by=ACME)
    process = await open_process()
    found = {
        tenant: await process.assign(tenant, "support/triage", Subjects("r", "u", tenant))
        for tenant in ("acme", "globex")
    }
    assert found["acme"] is not None
    assert found["globex"] is not None
    assert (found["acme"].experiment, found["globex"].experiment) == (str(own.id), str(shared.id))


async def test_counts_add_up_by_arm_and_hour_not_by_call(
    begun: Ask, book: Ask, open_process: Open, conninfo: str
) -> None:
    experiment = await begun()
    one, other = await open_process(), await open_process()
    for process in (one, other):
        await called(process, experiment, "control", 50)
        process.observe(seen(experiment, valid=False, error=True, repairs=2))
        process.observe(seen(experiment, at=AT + dt.timedelta(hours=1)))
        await process.flush()
    with psycopg.connect(conninfo) as connection:
        ((rows,),) = connection.execute("select count(*) from experiment_hours").fetchall()
    assert rows == 3
    control, candidate = (await book("show", experiment.id)).result.arms
    assert (control.calls, candidate.calls, candidate.validity, candidate.repairs) == (100, 4, 0.5, 1)
    assert control.total_cost == Decimal("0.2")
    assert control.latency_p50 == pytest.approx(800, rel=0.15)
    assert control.latency_p95 == pytest.approx(800 * 1.64, rel=0.2)


async def test_what_is_written_in_the_append_of_a_call_counts_once(
    begun: Ask, book: Ask, open_process: Open, conninfo: str
) -> None:
    experiment = await begun()
    process = await open_process()
    appends = [(place, process.statement(seen(experiment))) for place in range(5)]
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await beside.execute(connection, appends)
    assert (await book("show", experiment.id)).result.arms[1].calls == 5


async def test_what_belongs_to_no_experiment_of_the_tenant_is_not_counted(
    begun: Ask, book: Ask, open_process: Open
) -> None:
    experiment = await begun()
    process = await open_process()
    process.observe(seen(experiment, "nobody"))
    process.observe(seen(experiment, tenant_id="acme"))
    process.observe(seen(experiment, experiment=str(uuid4())))
    process.observe(seen(experiment))
    await process.flush()
    assert [arm.calls for arm in (await book("show", experiment.id)).result.arms] == [0, 1]


@pytest.mark.parametrize(
    "said", [{"experiment": "triage"}, {"latency_ms": float("nan")}, {"cost": Decimal("Infinity")}]
)
async def test_what_is_no_observation_is_refused_and_keeps_nothing_back(
    begun: Ask, open_process: Open, said: dict[str, Any]
) -> None:
    experiment = await begun()
    process = await open_process()
    with pytest.raises(InvalidInput):
        process.observe(seen(experiment, **said))
    process.observe(seen(experiment))
    await process.flush()


async def test_counts_wait_while_the_database_is_away(
    begun: Ask, book: Ask, open_process: Open, conninfo: str
) -> None:
    experiment = await begun()
    process = await open_process(every=60)
    process.observe(seen(experiment))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and application_name = 'pilothouse-experiments'"
        )
    with pytest.raises(DatabaseUnavailable):
        await process.flush()
    process.observe(seen(experiment))
    await process.flush()
    assert (await book("show", experiment.id)).result.arms[1].calls == 2


KILLED = """
import asyncio, sys
from uuid import UUID
from pilothouse.experiments.live import Experiments
from pilothouse.runtime.connection import Lane
from support.experiments import seen

class Known:
    id = UUID(sys.argv[2])

async def main():
    process = Experiments(Lane(sys.argv[1]), written=60)
    await process.open()
    process.observe(seen(Known))
    await process.flush()
    print("written", flush=True)
    process.observe(seen(Known))
    print("counted", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_killed_process_loses_only_what_it_had_not_written(
    begun: Ask, book: Ask, conninfo: str
) -> None:
    experiment = await begun()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED, conninfo, str(experiment.id)),
        cwd=TESTS,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        told = [await process.stdout.readline() for _ in range(2)]
        assert told == [b"written\n", b"counted\n"]
    finally:
        process.kill()
        await process.wait()
    assert (await book("show", experiment.id)).result.arms[1].calls == 1
