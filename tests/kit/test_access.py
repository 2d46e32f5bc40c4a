"""Row-level security: what the app's role sees, whatever a query asks for. Tables come from the catalogue."""

# ruff: noqa: S608 - names come from the catalogue, and from this file

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import select, text

from pilothouse.kit.access import APP, ENGINE, RolesMissing, ensure_roles
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runs.repository import RunRepository
from pilothouse.runs.tables import RunRow
from pilothouse.runtime.engine import Order
from support.filling import filled
from support.parcels import app as sample
from support.pooler import PROGRAM, pooler

ACME, GLOBEX = Scope("acme", "local"), Scope("globex", "local")

OF_INSTALLATION = {
    "limits": "bounds of tenants, which only the installation's admins are let to",
    "limit_tokens": "the engine's counts for them",
}
"""Tables with a `tenant_id` whose rows the app sees for every tenant, each with its reason."""

TABLES = """
select c.relname, c.relrowsecurity,
       exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped)
  from pg_class as c where c.relnamespace = 'public'::regnamespace
   and c.relkind in ('r', 'p') and not c.relispartition order by 1
"""
CHECKS = """
select conrelid::regclass::text, conname::text from pg_constraint
 where contype = 'c' and connamespace = 'public'::regnamespace and coninhcount = 0
"""


@pytest.fixture(scope="module")
def both(postgres_server: Any) -> Iterator[str]:
    """A database with one row of each of two tenants in every table that has a tenant."""
    conninfo = postgres_server.create_database("access", "migrated")
    with psycopg.connect(conninfo) as connection:
        for table, name in connection.execute(CHECKS).fetchall():
            connection.execute(f'alter table {table} drop constraint "{name}"')
        for table, _, owned in connection.execute(TABLES).fetchall():
            if owned:
                filled(connection, table, "acme", 1)
                filled(connection, table, "globex", 2)
    yield conninfo
    postgres_server.drop_database("access")


def _insert(connection: psycopg.Connection[Any], table: str, tenant: str) -> None:
    """Write nothing but the tenant: whether that is allowed is asked before what else is missing."""
    connection.execute(f"insert into {table} (tenant_id) values ('{tenant}')")  # type: ignore[arg-type]  # from the catalogue


def as_app(connection: psycopg.Connection[Any], tenant: str | None, engagement: str = "") -> None:
    """Begin to act as the app does, for a tenant or for none."""
    connection.execute("select set_config('role', %s, true)", (APP,))
    if tenant is not None:
        connection.execute("select set_config('pilothouse.tenant_id', %s, true)", (tenant,))
    connection.execute("select set_config('pilothouse.engagement_id', %s, true)", (engagement,))


def tables(conninfo: str) -> list[str]:
    """The tables with rows of tenants that the app is let to at all."""
    with psycopg.connect(conninfo) as connection:
        found = [name for name, _, owned in connection.execute(TABLES).fetchall() if owned]
        may = "select has_table_privilege(%s, %s, 'select')"
        return [name for name in found if connection.execute(may, (APP, name)).fetchone() == (True,)]


def test_every_table_is_under_row_level_security(both: str) -> None:
    with psycopg.connect(both) as connection:
        without = [name for name, secured, _ in connection.execute(TABLES).fetchall() if not secured]
    assert without == []


def test_the_app_sees_the_rows_of_its_tenant_and_no_others(both: str) -> None:
    names = tables(both)
    assert {"runs", "journal", "questions", "artifacts", "schedules", "engagements"} <= set(names)
    for name in names:
        with psycopg.connect(both) as connection:
            as_app(connection, "acme")
            seen = [row[0] for row in connection.execute(f"select tenant_id from {name}").fetchall()]  # type: ignore[arg-type]  # from the catalogue
        assert seen == ["acme"] or name in OF_INSTALLATION, name


@pytest.mark.parametrize("tenant", [None, ""])
def test_without_a_tenant_the_app_sees_nothing(both: str, tenant: str | None) -> None:
    for name in tables(both):
        with psycopg.connect(both) as connection:
            as_app(connection, tenant)
            seen = connection.execute(f"select from {name}").rowcount  # type: ignore[arg-type]  # from the catalogue
        assert seen == 0 or name in OF_INSTALLATION, name


def test_the_app_changes_no_rows_of_another_tenant(both: str) -> None:
    for name in set(tables(both)) - OF_INSTALLATION.keys():
        for statement in (
            f"update {name} set tenant_id = tenant_id where tenant_id = 'globex'",
            f"delete from {name} where tenant_id = 'globex'",
        ):
            with psycopg.connect(both) as connection:
                as_app(connection, "acme")
                try:
                    touched = connection.execute(statement).rowcount  # type: ignore[arg-type]  # from the catalogue
                except psycopg.errors.InsufficientPrivilege:
                    touched = 0
                connection.rollback()
            assert touched == 0, statement


def test_the_app_makes_no_rows_for_another_tenant_and_gives_none_away(both: str) -> None:
    for name in set(tables(both)) - OF_INSTALLATION.keys():
        with psycopg.connect(both) as connection:
            as_app(connection, "acme")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                _insert(connection, name, "globex")
            connection.rollback()
            as_app(connection, "acme")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"update {name} set tenant_id = 'globex'")  # type: ignore[arg-type]  # from the catalogue
            connection.rollback()


def test_the_home_tenant_sees_all_tenants_and_others_only_themselves(
    new_database: Callable[..., str],
) -> None:
    conninfo = new_database()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("insert into tenants (id, name) values ('acme', 'A'), ('globex', 'G')")
    for tenant, engagement, seen in (
        ("default", "", ["acme", "default", "globex"]),
        ("default", str(uuid4()), ["default"]),
        ("acme", "", ["acme"]),
        (None, "", []),
    ):
        with psycopg.connect(conninfo) as connection:
            as_app(connection, tenant, engagement)
            rows = connection.execute("select id from tenants order by 1").fetchall()
            assert [row[0] for row in rows] == seen
            if tenant == "acme":
                renamed = connection.execute("update tenants set status = 'active'").rowcount
                assert renamed == 0


OF_A_RUN = (
    """
    insert into journal (run_id, seq, tenant_id, kind, key, payload)
    values (%(run)s, 1, 'acme', 'x', '', '')
    """,
    """
    insert into questions (run_id, id, tenant_id, key, payload)
    values (%(run)s, gen_random_uuid(), 'acme', 'k', '')
    """,
    """
    insert into artifacts (run_id, id, tenant_id, key, name, media_type, size, sha256)
    values (%(run)s, gen_random_uuid(), 'acme', 'k', 'n', 't', 1, 's')
    """,
    "insert into run_labels (run_id, tenant_id, key, value) values (%(run)s, 'acme', 'k', 'v')",
    """
    insert into payload_references (run_id, tenant_id, sha256, size)
    values (%(run)s, 'acme', %(number)s::text, 1)
    """,
)


@pytest.fixture(scope="module")
def engaged(postgres_server: Any) -> Iterator[tuple[str, str]]:
    """A database in which one tenant has two runs with all that belongs to them: one is in an engagement."""
    conninfo, engagement = postgres_server.create_database("engaged", "migrated"), str(uuid4())
    with psycopg.connect(conninfo) as connection:
        connection.execute("set local session_replication_role = replica")
        for number, mine in ((1, engagement), (2, None)):
            run, row = uuid4(), uuid4()
            connection.execute(
                "insert into runs (id, tenant_id, workflow, version, pin, status, engagement_id)"
                " values (%s, 'acme', 'w', 1, 'w@1', 'queued', %s)",
                (run, mine),
            )
            for statement in OF_A_RUN:
                connection.execute(statement, {"run": run, "number": number})
            connection.execute(
                """
                insert into schedules (id, tenant_id, name, workflow, payload, cron, missed, missed_limit,
                                       overlap, engagement_id)
                values (%s, 'acme', %s, 'w', '', '* * * * *', 'once', 1, 'skip', %s)
                """,
                (row, f"s{number}", mine),
            )
            connection.execute(
                "insert into engagements (id, tenant_id, name) values (%s, 'acme', %s)",
                (mine or uuid4(), f"e{number}"),
            )
    yield conninfo, engagement
    postgres_server.drop_database("engaged")


@pytest.mark.parametrize(
    "table",
    [
        "runs",
        "journal",
        "questions",
        "artifacts",
        "run_labels",
        "payload_references",
        "schedules",
        "engagements",
    ],
)
def test_whoever_is_bound_to_an_engagement_sees_that_one_only(engaged: tuple[str, str], table: str) -> None:
    conninfo, engagement = engaged
    for bound, count in (("", 2), (engagement, 1), (str(uuid4()), 0)):
        with psycopg.connect(conninfo) as connection:
            as_app(connection, "acme", bound)
            assert connection.execute(f"select from {table}").rowcount == count  # type: ignore[arg-type]  # of our own


def test_the_app_has_no_way_around(both: str) -> None:
    with psycopg.connect(both) as connection:
        rights = "select rolsuper, rolbypassrls, rolcreaterole, rolcanlogin from pg_roles where rolname = %s"
        assert connection.execute(rights, (APP,)).fetchone() == (False, False, False, False)
        assert connection.execute(rights, (ENGINE,)).fetchone() == (False, False, False, False)
        for role in (ENGINE, "postgres"):
            member = "select to_regrole(%s) is not null and pg_has_role(%s, %s, 'member')"
            assert connection.execute(member, (role, APP, role)).fetchone() == (False,)


@pytest.mark.parametrize(
    "statement",
    [
        "alter table runs disable row level security",
        "drop policy app on runs",
        "create policy mine on runs to public using (true)",
        "alter table runs owner to pilothouse_app",
        "truncate runs",
        "create table mine (id int)",
        "delete from journal",
        "update journal set kind = 'x'",
        "select from vault_keys",
    ],
)
def test_the_app_does_not_change_what_holds_for_it(both: str, statement: str) -> None:
    with psycopg.connect(both) as connection:
        as_app(connection, "acme")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)  # type: ignore[arg-type]  # of our own


def test_a_login_that_has_only_the_apps_role_cannot_become_the_engine(both: str) -> None:
    login = f"app_login_{os.getpid()}"
    with psycopg.connect(both, autocommit=True) as connection:
        connection.execute(f"create role {login} login in role {APP}")  # type: ignore[arg-type]  # of our own
        try:
            connection.execute(f"set session authorization {login}")  # type: ignore[arg-type]  # as above
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"set role {ENGINE}")
            assert connection.execute("select from runs").rowcount == 0
        finally:
            connection.execute("reset session authorization")
            connection.execute(f"drop role {login}")  # type: ignore[arg-type]  # as above


def test_a_partition_of_the_journal_cannot_be_read_past_its_parent(both: str) -> None:
    with psycopg.connect(both) as connection:
        names = connection.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'journal'::regclass"
        ).fetchall()
    assert ("journal_default",) in names
    for (name,) in names:
        for role in (APP, ENGINE):
            with psycopg.connect(both) as connection:
                connection.execute("select set_config('role', %s, true)", (role,))
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"select from {name}")  # type: ignore[arg-type]  # from the catalogue


class Forgetful(RunRepository):
    """A repository whose author has forgotten the tenant."""

    async def everything(self) -> list[str]:
        """Every run that the database shows."""
        rows = await self._session.scalars(select(RunRow))
        return [row.tenant_id for row in rows]

    async def change_everything(self) -> int:
        """Relabel every run."""
        done = await self._session.execute(text('update runs set labels = \'{"a": "b"}\''))
        return int(done.rowcount)


async def test_a_query_that_forgets_the_tenant_finds_nothing_of_others(
    conninfo: str, open_engine: Any
) -> None:
    engine = await open_engine(*sample.workflows)
    for tenant in ("acme", "globex", "globex"):
        await engine.submit(Order("echo", b'{"text": "x"}', tenant_id=tenant))
    database = Database(conninfo)
    try:
        async with database.session(ACME) as session:
            assert await Forgetful(session, ACME).everything() == ["acme"]
            assert await Forgetful(session, ACME).change_everything() == 1
        async with database.session(GLOBEX) as session:
            assert await Forgetful(session, ACME).everything() == ["globex", "globex"]
        async with database.maintenance() as session:
            labelled = "select tenant_id from runs where labels <> '{}'"
            assert (await session.scalars(text(labelled))).all() == ["acme"]
    finally:
        await database.close()


async def test_the_next_transaction_on_the_same_session_knows_nothing_of_the_last(conninfo: str) -> None:
    told = (
        "select current_setting('pilothouse.tenant_id', true), current_user = session_user, pg_backend_pid()"
    )
    database = Database(conninfo, connections=1)
    try:
        seen = []
        for _ in range(2):
            async with database.session(ACME) as session:
                seen.append(tuple((await session.execute(text(told))).one()))
            async with database.maintenance() as session:
                seen.append(tuple((await session.execute(text(told))).one()))
    finally:
        await database.close()
    assert len({pid for *_, pid in seen}) == 1
    assert [row[:2] for row in seen] == [("acme", False), ("", True)] * 2


async def _break(database: Database, scope: Scope) -> None:
    async with database.session(scope) as session:
        await session.execute(text("select 1"))
        raise ZeroDivisionError


@pytest.mark.skipif(PROGRAM is None, reason="needs pgbouncer")
async def test_behind_a_transaction_pooler_the_tenant_never_reaches_the_next_transaction(
    conninfo: str,
) -> None:
    told = "select current_setting('pilothouse.tenant_id', true), current_user = session_user"
    with pooler(conninfo, sessions=1) as through:
        database = Database(through, connections=2, prepare=False)
        other = await psycopg.AsyncConnection.connect(through, autocommit=True, prepare_threshold=None)
        try:
            for number in range(4):
                scope = (ACME, GLOBEX)[number % 2]
                async with database.session(scope) as session:
                    found = (await session.execute(text(told))).one()
                    assert tuple(found) == (scope.tenant_id, False)
                row = await (await other.execute(told)).fetchone()
                assert row in {("", True), (None, True)}
                with pytest.raises(ZeroDivisionError):
                    await _break(database, scope)
                row = await (await other.execute(told)).fetchone()
                assert row in {("", True), (None, True)}
                async with database.maintenance() as session:
                    assert (await session.execute(text(told))).one()[1] is True
        finally:
            await other.close()
            await database.close()


def test_a_login_that_may_not_make_the_roles_is_told_what_an_administrator_does(conninfo: str) -> None:
    login = f"powerless_{os.getpid()}"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(f"create role {login} login")  # type: ignore[arg-type]  # of our own
        try:
            connection.execute(f"set session authorization {login}")  # type: ignore[arg-type]  # as above
            with pytest.raises(RolesMissing, match="grant pilothouse_app to"):
                ensure_roles(connection)
        finally:
            connection.execute("reset session authorization")
            connection.execute(f"drop role {login}")  # type: ignore[arg-type]  # as above
