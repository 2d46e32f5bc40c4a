"""Three logins: one owns the schema, one serves and executes, and neither is a superuser."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

from pilothouse import App
from pilothouse.app import assembled
from pilothouse.kit.access import ROLES
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import NotTheOwner, head, revision, upgrade
from pilothouse.readiness.database import database_lines
from pilothouse.readiness.installation import Installation
from pilothouse.readiness.schemas import Verdict
from pilothouse.runs.repository import RunRepository
from pilothouse.runtime.engine import Order
from pilothouse.server import Serving
from pilothouse.settings import Settings
from support.signed import signed
from support.waiting import rows

OWNER, ENGINE = f"owner_{os.getpid()}", f"engine_{os.getpid()}"

ADMINISTRATOR = f"""
create role {OWNER} login password 'owner';
create role {ENGINE} login password 'engine';
grant pilothouse_app, pilothouse_engine to {OWNER};
grant pilothouse_app, pilothouse_engine to {ENGINE};
grant create on database {{database}} to {OWNER};
grant create, usage on schema public to {OWNER};
"""
"""What the guide has an administrator say; the two roles without a login are there on this server."""


def url(conninfo: str, login: str) -> str:
    said = conninfo_to_dict(conninfo)
    password = login.partition("_")[0]
    place = f"host={said['host']}&port={said.get('port', 5432)}"
    return f"postgresql://{login}:{password}@/{said['dbname']}?{place}"


@pytest.fixture
def logins(new_database: Callable[..., str]) -> Iterator[SimpleNamespace]:
    conninfo = new_database(None)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for role in ROLES:
            assert connection.execute("select to_regrole(%s) is not null", (role,)).fetchone() == (True,)
        connection.execute(ADMINISTRATOR.format(database=conninfo_to_dict(conninfo)["dbname"]))  # type: ignore[arg-type]  # of our own
        yield SimpleNamespace(
            owner=url(conninfo, OWNER), engine=url(conninfo, ENGINE), administrator=conninfo
        )
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = any(%s)",
            ([OWNER, ENGINE],),
        )
        for login in (ENGINE, OWNER):
            connection.execute(f"drop owned by {login} cascade; drop role {login}")  # type: ignore[arg-type]  # as above


async def test_a_login_that_owns_nothing_executes_and_serves(
    logins: SimpleNamespace, sample_app: App, tmp_path: Path
) -> None:
    settings = Settings(
        _env_file=None, data=tmp_path, database_url=logins.engine, database_owner_url=logins.owner
    )
    async with assembled(settings, [sample_app]) as pilothouse:
        with psycopg.connect(logins.owner) as connection:
            assert revision(connection) == head()
        engine = pilothouse.engine
        worker = engine.worker()
        working = asyncio.create_task(worker.run())
        ids = {}
        for tenant in ("acme", "globex"):
            ids[tenant] = await engine.submit(Order("echo", b'{"text": "x"}', tenant_id=tenant))
            entries = [entry async for entry in engine.follow(ids[tenant])]
            assert entries[-1].kind == "run_completed"
        assert await engine.store.ensure_partitions(engine.now().replace(year=engine.now().year + 1))
        database = Database(logins.engine, connections=1)
        for tenant, run_id in ids.items():
            scope = Scope(tenant, "key:x")
            async with database.session(scope) as session:
                runs = RunRepository(session, scope)
                assert await runs.get(run_id) is not None
                assert await runs.get(ids["acme" if tenant == "globex" else "globex"]) is None
        await database.close()
        await worker.stop(drain=1)
        await working


OF_OURS = """
select distinct application_name, usename from pg_stat_activity
 where datname = current_database() and application_name like 'pilothouse-%%'
"""


async def test_runs_requests_and_jobs_connect_as_the_engines_login_and_migrations_as_the_owner(
    logins: SimpleNamespace, sample_app: App, tmp_path: Path
) -> None:
    await asyncio.to_thread(upgrade, logins.owner)
    settings = Settings(_env_file=None, data=tmp_path, database_url=logins.engine)  # nobody knows the owner
    async with assembled(settings, [sample_app]) as pilothouse:
        serving = Serving(pilothouse)
        async with serving.api.router.lifespan_context(serving.api):
            headers = await signed(pilothouse.secrets)
            transport = httpx.ASGITransport(serving.api)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers=headers
            ) as client:
                wanted = {"workflow": "echo", "input": {"text": "x"}}
                made = await client.post("/api/v1/runs", json=wanted)
                assert made.status_code == 201, made.text
                kinds = [entry.kind async for entry in pilothouse.engine.follow(UUID(made.json()["id"]))]
                assert kinds[-1] == "run_completed"
                assert len((await client.get("/api/v1/runs")).json()["items"]) == 1
            seen = dict(rows(logins.administrator, OF_OURS))
            assert {"pilothouse-claims", "pilothouse-appends", "pilothouse-heartbeat"} <= set(seen)
            assert set(seen.values()) == {ENGINE}
            await told_by_the_list(serving.database, logins)
            next_year = pilothouse.engine.now().replace(year=pilothouse.engine.now().year + 1)
            assert await pilothouse.engine.store.ensure_partitions(next_year) == []  # the owner's to make


async def told_by_the_list(database: Database, logins: SimpleNamespace) -> None:
    """What the list for production says of these logins, and of a query that forgets its filter."""
    owner = Database(logins.owner, connections=1)
    said = {}
    for name, looked in (("engine", database), ("owner", owner)):
        settings = Settings(_env_file=None, database_url="postgresql:///x")
        found = Installation(settings, settings, Path(), "", looked, SystemClock(), "http://x")
        said[name] = {line.name: line async for line in database_lines(found)}
    await owner.close()
    assert said["engine"]["database login"].verdict is Verdict.PASS
    assert said["engine"]["database roles"].verdict is Verdict.PASS
    assert said["owner"]["database login"].verdict is Verdict.FAIL
    assert "which row-level security does not bind" in said["owner"]["database login"].found
    for lines in said.values():
        assert lines["row-level security"].verdict is Verdict.PASS
    async with database.session(Scope("globex", "key:x")) as session:
        assert (await session.scalars(text("select id from runs"))).all() == []


async def test_a_process_that_does_not_know_the_owner_says_who_has_to_migrate(
    logins: SimpleNamespace,
) -> None:
    with pytest.raises(NotTheOwner) as caught:
        await asyncio.to_thread(upgrade, logins.engine)
    assert "PILOTHOUSE_DATABASE_OWNER_URL" in str(caught.value)


async def test_the_engines_login_cannot_change_the_schema_nor_row_level_security(
    logins: SimpleNamespace,
) -> None:
    await asyncio.to_thread(upgrade, logins.owner)
    for statement in (
        "alter table runs disable row level security",
        "drop table journal",
        "drop policy app on runs",
        "create table mine (id int)",
        "alter role current_user superuser",
        "truncate runs",
    ):
        with (
            psycopg.connect(logins.engine) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)
