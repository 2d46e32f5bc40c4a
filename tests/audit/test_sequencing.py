from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import exc, text

from pilothouse.audit import sequencing
from pilothouse.audit.notes import SignedHead
from pilothouse.audit.recording import AuditLog
from pilothouse.audit.repository import Sequencing
from pilothouse.audit.schemas import Kind
from pilothouse.audit.tree import Edge, leaf_hash
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import Scope
from pilothouse.kit.secret import Secret
from pilothouse.secrets.catalogue import KINDS, new_value
from pilothouse.secrets.errors import SecretMissing

SECOND = "\nselect tenant_id, position, id, leaf from audit_entries order by tenant_id, position"


class Kept:
    """Secrets as a test says them."""

    def __init__(self) -> None:
        self.held = [Secret("audit_key", "1", new_value(KINDS["audit_key"]))]

    def rotate(self, *, keep: bool = True) -> None:
        version = str(len(self.held) + 1)
        self.held = [
            Secret("audit_key", version, new_value(KINDS["audit_key"])),
            *(self.held if keep else []),
        ]

    async def versions(self, name: str) -> list[Secret]:
        if not self.held:
            raise SecretMissing
        return self.held


def rows_of(conninfo: str, statement: str) -> list[Any]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement).fetchall()


def check_whole(conninfo: str) -> dict[str, int]:
    """That places have no gap, and every head has the root of the entries; the size of each tenant's log."""
    leaves: dict[str, list[bytes]] = {}
    for tenant, position, _, leaf in rows_of(conninfo, SECOND):
        assert position == len(leaves.setdefault(tenant, []))
        leaves[tenant].append(leaf)
    heads = "select tenant_id, size, root, at, key_id, signature, public_key from audit_heads"
    for *row, public in rows_of(conninfo, heads):
        head = SignedHead(*row)
        edge = Edge()
        edge.extend(b"".join(map(leaf_hash, leaves[head.tenant_id][: head.size])))
        assert (edge.root(), edge.size) == (head.root, head.size)
        assert head.is_signed_by(public)
    sizes = {tenant: len(found) for tenant, found in leaves.items()}
    assert dict(rows_of(conninfo, "select tenant_id, size from audit_trees")) == sizes
    assert dict(rows_of(conninfo, "select tenant_id, max(size) from audit_heads group by 1")) == sizes
    return sizes


async def test_what_is_recorded_gets_a_place_and_a_signed_head(desk: Any, conninfo: str) -> None:
    await desk.write(3)
    await desk.write(2, tenant="other")
    await desk.sequencer().sign_now()
    assert check_whole(conninfo) == {"default": 3, "other": 2}
    assert rows_of(conninfo, "select count(*) from audit_inbox") == [(0,)]


async def test_a_round_with_nothing_to_do_does_nothing(desk: Any, conninfo: str) -> None:
    made = desk.sequencer()
    now = SystemClock().now()
    assert await made.tend(now) == now + sequencing.EVERY
    await desk.write()
    await made.tend(now)
    await made.tend(now)
    assert rows_of(conninfo, "select count(*) from audit_heads") == [(1,)]


async def test_writers_at_once_and_two_leaders_leave_no_gap(
    open_desk: Callable[[], Awaitable[Any]], conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "AT_ONCE", 40)
    desks = [await open_desk() for _ in range(2)]
    writing = True

    async def lead(made: sequencing.Sequencer) -> None:
        while writing:
            await made.tend(SystemClock().now())
            await asyncio.sleep(0.002)

    leading = [asyncio.create_task(lead(desk.sequencer())) for desk in desks]
    tenants = ("default", "other")
    jobs = [desks[n % 2].write(1 + n % 7, tenant=tenants[n % 3 == 0]) for n in range(60)]
    await asyncio.gather(*jobs)
    writing = False
    await asyncio.gather(*leading)
    await asyncio.gather(*(desk.sequencer().sign_now() for desk in desks))
    assert sum(check_whole(conninfo).values()) == sum(1 + n % 7 for n in range(60))


async def test_who_commits_late_is_placed_later(desk: Any, conninfo: str) -> None:
    scope, record = Scope("default", "local"), AuditLog(SystemClock(), desk.ids)
    async with desk.database.session(scope) as session:
        early = await record.record(session, "default", Kind.ACCESS, "local", "begun first")
        (late,) = await desk.write()
        await desk.sequencer().sign_now()
        assert [row[2] for row in rows_of(conninfo, SECOND)] == [late]
    await desk.sequencer().sign_now()
    assert [row[2] for row in rows_of(conninfo, SECOND)] == [late, early]
    check_whole(conninfo)


async def test_what_is_rolled_back_was_never_recorded(desk: Any, conninfo: str) -> None:
    scope, record = Scope("default", "local"), AuditLog(SystemClock(), desk.ids)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - it has to be raised within the transaction
        async with desk.database.session(scope) as session:
            await record.record(session, "default", Kind.ACCESS, "local", "never")
            raise ZeroDivisionError
    await desk.write()
    await desk.sequencer().sign_now()
    assert check_whole(conninfo) == {"default": 1}


async def test_entries_whose_ids_are_old_are_found_by_a_thorough_look(desk: Any, conninfo: str) -> None:
    made = desk.sequencer()
    await desk.write()
    await made.tend(SystemClock().now())  # thorough, and the next one is in 10 s
    desk.ids._last = 0
    old = AuditLog(SystemClock(), type("Old", (), {"new": lambda _: desk.ids.new().__class__(int=7 << 76)})())
    async with desk.database.session(Scope("default", "local")) as session:
        await old.record(session, "default", Kind.ACCESS, "local", "a wrong clock")
    await made.tend(SystemClock().now())
    assert rows_of(conninfo, "select count(*) from audit_inbox") == [(1,)]
    made._thorough_at = 0.0
    await made.tend(SystemClock().now())
    assert check_whole(conninfo) == {"default": 2}


async def test_a_leader_that_is_killed_leaves_nothing_half_done(desk: Any, conninfo: str) -> None:
    await desk.write(120)
    await desk.secrets.versions("audit_key")
    command = [sys.executable, "-m", "support.audit_leader", conninfo, str(desk.folder / "secrets")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(  # noqa: ASYNC220 - killed below
        command, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "within\n"
        assert rows_of(conninfo, "select count(*) from audit_entries") == [(0,)]
        process.kill()
    await desk.write(5)
    await desk.sequencer().sign_now()
    assert check_whole(conninfo) == {"default": 125}


async def test_without_a_key_entries_are_placed_and_signed_later(desk: Any, conninfo: str) -> None:
    desk.secrets = secrets = Kept()
    held, secrets.held = secrets.held, []
    made = desk.sequencer()
    await desk.write(2)
    await made.tend(SystemClock().now())
    assert rows_of(conninfo, "select count(*) from audit_entries") == [(2,)]
    assert rows_of(conninfo, "select count(*) from audit_heads") == [(0,)]
    with pytest.raises(SecretMissing):
        await made.sign_now()
    secrets.held = held
    await made.tend(SystemClock().now())
    assert check_whole(conninfo) == {"default": 2}


@pytest.mark.parametrize("keep", [True, False])
async def test_a_new_key_is_recorded_and_the_old_one_signs_that(desk: Any, conninfo: str, keep: bool) -> None:
    desk.secrets = secrets = Kept()
    made = desk.sequencer()
    await desk.write(2)
    await made.tend(SystemClock().now())
    secrets.rotate(keep=keep)
    await made.tend(SystemClock().now())
    await desk.write()
    await made.tend(SystemClock().now())
    assert check_whole(conninfo) == {"default": 4}
    assert [row[0] for row in rows_of(conninfo, "select kind from audit_entries order by position")] == [
        "access",
        "access",
        "signing_key",
        "access",
    ]
    heads = rows_of(conninfo, "select size, key_id from audit_heads order by id")
    old, new = heads[0][1], heads[-1][1]
    assert old != new
    by_old = [(2, old), (3, old)] if keep else [(2, old)]
    assert heads == [*by_old, (3, new), (4, new)]


async def test_how_far_behind_the_log_is_can_be_asked(desk: Any) -> None:
    async with desk.database.maintenance() as session:
        assert await Sequencing(session).behind() == 0
    await desk.write()
    await asyncio.sleep(0.01)
    async with desk.database.maintenance() as session:
        assert 0 < await Sequencing(session).behind() < 5


async def attempt(desk: Any, statement: str, role: str = "pilothouse_app") -> None:
    async with desk.database.session(Scope("default", "local")) as session:
        await session.execute(text("reset role"))
        await session.execute(text(f"set local role {role}"))
        await session.execute(text(statement))


WRITTEN_ONCE = ("audit_inbox", "audit_entries", "audit_heads", "audit_exports")


@pytest.mark.parametrize("table", [*WRITTEN_ONCE, "audit_tiles", "audit_trees"])
async def test_the_app_can_neither_alter_nor_remove(desk: Any, table: str) -> None:
    await desk.write(2)
    await desk.sequencer().sign_now()
    for statement in (
        f"update {table} set tenant_id = tenant_id",  # noqa: S608 - a name of this test
        f"delete from {table}",  # noqa: S608 - as above
        f"truncate {table}",
    ):
        with pytest.raises(exc.ProgrammingError, match="permission denied"):
            await attempt(desk, statement)


@pytest.mark.parametrize("table", ["audit_entries", "audit_heads", "audit_tiles", "audit_trees"])
async def test_the_app_gives_no_places_and_signs_nothing(desk: Any, table: str) -> None:
    with pytest.raises(exc.ProgrammingError, match="permission denied"):
        await attempt(desk, f"insert into {table} (tenant_id) values ('default')")  # noqa: S608 - as above


@pytest.mark.parametrize("table", WRITTEN_ONCE)
async def test_the_engine_cannot_alter_either(desk: Any, table: str) -> None:
    statement = f"update {table} set tenant_id = ''"  # noqa: S608 - as above
    with pytest.raises(exc.ProgrammingError, match="permission denied"):
        await attempt(desk, statement, "pilothouse_engine")


async def test_a_tenant_sees_and_writes_its_own_log_only(desk: Any) -> None:
    await desk.write(2)
    await desk.sequencer().sign_now()
    async with desk.database.session(Scope("other", "local")) as session:
        for table in ("audit_entries", "audit_heads", "audit_tiles", "audit_trees"):
            seen = f"select count(*) from {table}"  # noqa: S608 - as above
            assert await session.scalar(text(seen)) == 0
    foreign = (
        "insert into audit_inbox (id, tenant_id, at, kind, actor, subject, leaf) "
        "values (gen_random_uuid(), 'other', now(), 'key', '', '', '')"
    )
    with pytest.raises(exc.ProgrammingError, match="row-level security"):
        await attempt(desk, foreign)
