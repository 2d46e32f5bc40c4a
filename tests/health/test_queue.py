"""What counts as waiting too long: what a worker that is there could take, if it were free."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import psycopg
import pytest

from pilothouse.health.repository import heartbeats
from pilothouse.health.service import oldest_due
from pilothouse.kit.session import Database

RUN = """
insert into runs (id, tenant_id, workflow, version, pin, status, changed_at)
values (gen_random_uuid(), %s, %s, 1, %s, %s, now() - make_interval(secs => %s))
"""
WORKER = """
insert into workers (id, lock_key, pins, host, pid, heartbeat_at)
values (%s, 1, %s, 'here', 1, now() - make_interval(secs => %s))
"""


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    made = Database(conninfo, connections=1)
    yield made
    await made.close()


@pytest.fixture
def execute(conninfo: str) -> Callable[..., None]:
    def run(statement: str, *given: object) -> None:
        with psycopg.connect(conninfo) as connection:
            connection.execute(statement, given)

    return run


def wait(
    execute: Callable[..., None], age: float, workflow: str = "echo", tenant: str = "default", **said: str
) -> None:
    execute(RUN, tenant, workflow, f"{workflow}@1", said.get("status", "queued"), age)


async def test_a_worker_is_not_heard_of_in_the_future(
    database: Database, execute: Callable[..., None]
) -> None:
    worker = uuid4()
    execute(WORKER, worker, [], -0.04)
    async with database.maintenance() as session:
        assert await heartbeats(session, worker, 15) == (1, 0.0)
        assert await heartbeats(session, uuid4(), 15) == (1, None)


async def test_the_oldest_run_counts_that_only_lacks_a_free_worker(
    database: Database, execute: Callable[..., None]
) -> None:
    assert await oldest_due(database, 15) == 0
    execute(WORKER, uuid4(), ["echo@1", "slow@1"], 3)
    execute("insert into tenants (id, name, status) values ('acme', 'Acme', 'suspended')")
    execute("insert into limits (scope, workflow, concurrency) values ('each_tenant', 'slow', 1)")
    wait(execute, 100)
    for age, said in (
        (900, {"workflow": "gone"}),
        (800, {"tenant": "acme"}),
        (700, {"workflow": "slow"}),
        (600, {"status": "waiting"}),
    ):
        wait(execute, age, **said)
    assert 100 <= await oldest_due(database, 15) < 160
    execute("insert into limits (scope, tenant_id, concurrency) values ('tenant', 'another', 1)")
    assert 100 <= await oldest_due(database, 15) < 160
    execute("insert into limits (scope, tenant_id, concurrency) values ('tenant', 'default', 1)")
    assert await oldest_due(database, 15) == 0


async def test_where_no_worker_lives_everything_waits_for_one(
    database: Database, execute: Callable[..., None]
) -> None:
    execute(WORKER, uuid4(), ["echo@1"], 60)
    wait(execute, 900, workflow="gone")
    assert 900 <= await oldest_due(database, 15) < 960
    execute(WORKER, uuid4(), ["echo@1"], 1)
    assert await oldest_due(database, 15) == 0
