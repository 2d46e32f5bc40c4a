"""Exports and erasures of tenants, done as a worker does them, on rows of every table there is."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.errors import NotFound
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.sealing import Erased, Place
from pilothouse.kit.session import Database
from pilothouse.tenants.erasing import KEPT
from pilothouse.tenants.exporting import LEFT_OUT
from pilothouse.tenants.repository import Holdings, Jobs
from pilothouse.tenants.working import KEEP, SILENCE, TenantWork
from pilothouse.vault.service import Vault

API = "/api/v1"
EXPORT, ERASE = f"{API}/tenants/acme/export", f"{API}/tenants/acme/erase"
CONFIRMED = {"json": {"confirm": "acme"}}
JOURNAL = "select run_id, seq, kind, key, codec, payload, digest, at from journal order by run_id, seq"
ENTRIES = """
select count(*), count(*) filter (where codec in (0, 1) and octet_length(payload) > 0)
  from journal where tenant_id = 'acme'
"""

Done = Callable[..., Awaitable[dict[str, Any]]]


def rows(conninfo: str, statement: str, *said: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement, said).fetchall()  # type: ignore[arg-type]  # of these tests


async def fetch(home: httpx.AsyncClient, job: dict[str, Any]) -> dict[str, bytes]:
    """The members of an export's file."""
    answer = await home.get(f"{API}/tenants/acme/jobs/{job['id']}/content")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-tar")
    assert int(answer.headers["content-length"]) == len(answer.content)
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        return {item.name: archive.extractfile(item).read() for item in archive}  # type: ignore[union-attr]  # files only


def lines(members: dict[str, bytes], table: str) -> list[dict[str, Any]]:
    """The rows of a table in an export."""
    found = [content for name, content in members.items() if name.startswith(f"tables/{table}/")]
    return [json.loads(line) for content in found for line in content.splitlines()]


@pytest.fixture
async def busy(served: SimpleNamespace, reach: Callable[..., Awaitable[dict[str, Any]]]) -> SimpleNamespace:
    """The tenants acme and globex with the same runs: one is completed, one asks, one is scheduled."""
    for client in (served.acme, served.globex):
        for workflow, status in (("echo", "completed"), ("ask", "waiting")):
            wanted = {"workflow": workflow, "input": {"text": "a secret recipe"}, "labels": {"who": "Ada"}}
            run = (await client.post(f"{API}/runs", json=wanted)).json()
            await reach(client, run["id"], status)
        timer = {"name": "daily", "workflow": "echo", "input": {"text": "again"}, "cron": "0 3 * * *"}
        assert (await client.post(f"{API}/schedules", json=timer)).status_code == 201
        assert (await client.post(f"{API}/engagements", json={"name": "alpha"})).status_code == 201
    return served


async def test_an_export_has_every_row_and_file_of_the_tenant_and_no_other(
    busy: SimpleNamespace, work: TenantWork, done: Done, conninfo: str
) -> None:
    job = await done(busy.home, work, EXPORT)
    assert (job["status"], job["failure"], job["stage"]) == ("completed", None, "")
    members = await fetch(busy.home, job)
    manifest = json.loads(members["manifest.json"])
    assert manifest["tenant"]["id"] == "acme"
    for table, count in manifest["tables"].items():
        found = lines(members, table)
        assert {row["tenant_id"] for row in found} <= {"acme"}
        there = rows(conninfo, f"select count(*) from {table} where tenant_id = 'acme'")  # noqa: S608 - from the catalogue
        since = 1 if table == "audit_inbox" else 0  # that the export was fetched
        assert (count, len(found)) == (there[0][0] - since,) * 2 or table == "tenant_jobs", table
    assert manifest["tables"]["runs"] == 2
    submitted = [row for row in lines(members, "journal") if row["kind"] == "submitted"]
    assert [row["payload"]["text"] for row in submitted] == ["a secret recipe"] * 2
    assert lines(members, "questions")[0]["payload"]["prompt"] == "a secret recipe"
    assert lines(members, "schedules")[0]["payload"] == {"text": "again"}
    (saved,) = lines(members, "artifacts")
    assert members[f"files/{saved['sha256']}"] == b"A SECRET RECIPE"
    assert manifest["files"] == {"count": 1, "bytes": 15, "missing": 0}
    assert job["report"]["tables"] == manifest["tables"]


async def test_an_export_has_what_was_uploaded_as_it_was_sent_and_equal_files_once(
    served: SimpleNamespace, work: TenantWork, done: Done, conninfo: str, artifacts: ObjectArtifacts
) -> None:
    sent = [b"twice", b"twice", b"once" * 50_000]
    for content in sent:
        assert (await served.acme.post(f"{API}/uploads", content=content)).status_code == 201
    assert (await served.globex.post(f"{API}/uploads", content=b"of others")).status_code == 201
    job = await done(served.home, work, EXPORT)
    answer = await served.home.get(f"{API}/tenants/acme/jobs/{job['id']}/content")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        names = [name for name in archive.getnames() if name.startswith("files/")]
    assert sorted(names) == sorted({f"files/{hashlib.sha256(content).hexdigest()}" for content in sent})
    members = await fetch(served.home, job)
    assert {members[name] for name in names} == set(sent)
    manifest = json.loads(members["manifest.json"])
    assert (manifest["files"], manifest["damaged"]) == ({"count": 2, "bytes": 200_005, "missing": 0}, [])
    assert manifest["columns_left_out"]["uploads"] == ["content_key"]
    told = {(row["content_sha256"], row["size"]) for row in lines(members, "uploads")}
    assert told == {(hashlib.sha256(content).hexdigest(), len(content)) for content in sent}
    damaged = "select sha256 from uploads where tenant_id = 'acme' and size = 5 order by sha256 limit 1"
    ((sha256,),) = rows(conninfo, damaged)
    await artifacts.put("acme", sha256, b"others" * 4)
    members = await fetch(served.home, await done(served.home, work, EXPORT))
    assert members[f"files/{hashlib.sha256(b'twice').hexdigest()}"] == b"twice", "of the one that is whole"
    assert len(json.loads(members["manifest.json"])["damaged"]) == 1


async def test_an_erased_tenant_leaves_no_bytes_of_what_it_uploaded(
    served: SimpleNamespace, work: TenantWork, done: Done, conninfo: str, artifacts: ObjectArtifacts
) -> None:
    assert (await served.acme.post(f"{API}/uploads", content=b"a secret recipe")).status_code == 201
    ((sha256,),) = rows(conninfo, "select sha256 from uploads where tenant_id = 'acme'")
    await served.home.post(f"{API}/tenants/acme/suspend")
    job = await done(served.home, work, ERASE, **CONFIRMED)
    assert (job["status"], job["report"]["rows_removed"]["uploads"]) == ("completed", 1)
    assert job["report"]["contents_removed"] >= 1
    with pytest.raises(NotFound):
        [piece async for piece in artifacts.read("acme", sha256)]


async def test_each_member_of_an_export_has_the_digest_that_its_lists_say(
    busy: SimpleNamespace, work: TenantWork, done: Done
) -> None:
    members = await fetch(busy.home, await done(busy.home, work, EXPORT))
    lists = json.loads(members["manifest.json"])["lists"]
    told = dict.fromkeys(members, "")
    for item in lists:
        assert hashlib.sha256(members[item["name"]]).hexdigest() == item["sha256"]
        told |= {row["name"]: row["sha256"] for row in map(json.loads, members[item["name"]].splitlines())}
    for name, content in members.items():
        if name.startswith(("tables/", "files/")):
            assert hashlib.sha256(content).hexdigest() == told[name]


async def test_every_table_with_a_tenant_is_exported_or_left_out_for_a_reason(
    busy: SimpleNamespace, work: TenantWork, done: Done, conninfo: str
) -> None:
    manifest = json.loads((await fetch(busy.home, await done(busy.home, work, EXPORT)))["manifest.json"])
    there = {
        name
        for (name,) in rows(
            conninfo,
            "select table_name::text from information_schema.columns where column_name = 'tenant_id'"
            " and table_schema = 'public' and table_name not like 'journal\\_%%'",
        )
    }
    assert manifest["tables"].keys() | manifest["left_out"].keys() == there
    assert manifest["left_out"].keys() == LEFT_OUT.keys()
    assert all(manifest["left_out"].values())
    assert KEPT.keys() <= there


async def test_no_column_that_holds_a_secret_is_exported(
    busy: SimpleNamespace, work: TenantWork, done: Done, conninfo: str, vault: Vault
) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "create table canaries (tenant_id text, id int primary key, password text, api_token text,"
            " hashed bytea, note text)"
        )
        connection.execute(
            "insert into canaries values ('acme', 1, 'CANARY-1', 'CANARY-2', 'CANARY-3', 'sings')"
        )
        person = uuid4()
        sealed = [
            await vault.seal(Place("acme", "people", str(person), field), value)
            for field, value in (("name", b"Ada"), ("totp", b"CANARY-4"))
        ]
        connection.execute(
            "insert into people (id, tenant_id, name, totp, password)"
            " values (%s, 'acme', %s, %s, 'CANARY-5')",
            (person, *sealed),
        )
    try:
        members = await fetch(busy.home, await done(busy.home, work, EXPORT))
    finally:
        with psycopg.connect(conninfo) as connection:
            connection.execute("drop table canaries")
    assert lines(members, "canaries") == [{"tenant_id": "acme", "id": 1, "note": "sings"}]
    manifest = json.loads(members["manifest.json"])
    assert manifest["columns_left_out"]["canaries"] == ["password", "api_token", "hashed"]
    assert lines(members, "people")[0]["name"] == "Ada"
    assert b"CANARY" not in b"".join(members.values())


async def test_a_file_whose_bytes_are_gone_or_changed_is_named_in_the_manifest(
    busy: SimpleNamespace, work: TenantWork, done: Done, conninfo: str, artifacts: ObjectArtifacts
) -> None:
    ((sha256,),) = rows(conninfo, "select sha256 from artifacts where tenant_id = 'acme'")
    await artifacts.put("acme", sha256, b"SHORT")
    manifest = json.loads((await fetch(busy.home, await done(busy.home, work, EXPORT)))["manifest.json"])
    assert manifest["damaged"] == [f"files/{sha256}: the bytes are others than those that were saved"]
    await artifacts.remove("acme", sha256, SystemClock().now().replace(year=9999))
    manifest = json.loads((await fetch(busy.home, await done(busy.home, work, EXPORT)))["manifest.json"])
    assert manifest["files"]["missing"] == 1


async def test_one_export_at_a_time_and_of_no_tenant_that_is_not_there(
    served: SimpleNamespace, work: TenantWork
) -> None:
    assert (await served.home.post(EXPORT)).status_code == 202
    assert (await served.home.post(EXPORT)).status_code == 409
    assert (await served.home.post(f"{API}/tenants/nobody/export")).status_code == 404
    assert (await served.home.get(f"{API}/tenants/acme/jobs", params={"kind": "export"})).json()["items"]
    assert await work.work()
    assert not await work.work()


async def test_the_file_of_an_export_is_forgotten_after_its_time(
    served: SimpleNamespace, work: TenantWork, done: Done, conninfo: str
) -> None:
    job = await done(served.home, work, EXPORT)
    now = SystemClock().now()
    await work.tend(now)
    await fetch(served.home, job)
    await work.tend(now + KEEP + SILENCE)
    gone = await served.home.get(f"{API}/tenants/acme/jobs/{job['id']}/content")
    assert gone.status_code == 404
    assert rows(conninfo, "select tenant_id from released_contents") == [("acme",)]


async def test_a_job_that_another_worker_has_taken_over_is_left_to_it(
    served: SimpleNamespace, work: TenantWork, conninfo: str
) -> None:
    asked = (await served.home.post(EXPORT)).json()
    database = Database(conninfo, connections=1)
    async with database.maintenance() as session:
        first = await Jobs(session).take(SILENCE)
        assert first is not None
        assert await Jobs(session).take(SILENCE) is None
    rows(conninfo, "update tenant_jobs set changed_at = now() - interval '2 minutes' returning 1")
    assert await work.work()
    async with database.maintenance() as session:
        assert not await Jobs(session).progress(first, "late", 1)
        assert not await Jobs(session).part(first, 9, "x", 1)
        await Jobs(session).finish(first, report={}, done=0, failure="late")
    await database.close()
    shown = (await served.home.get(f"{API}/tenants/acme/jobs/{asked['id']}")).json()
    assert (shown["status"], shown["failure"]) == ("completed", None)


async def test_only_a_suspended_tenant_is_erased_and_only_by_its_id_typed_again(
    served: SimpleNamespace,
) -> None:
    assert (await served.home.post(ERASE, **CONFIRMED)).status_code == 409
    await served.home.post(f"{API}/tenants/acme/suspend")
    for confirm in ("", "ACME", "globex", "acme "):
        refused = await served.home.post(ERASE, json={"confirm": confirm})
        assert refused.status_code == 400
    assert (await served.acme.post(ERASE, **CONFIRMED)).status_code == 403
    assert (await served.home.post(ERASE, **CONFIRMED)).status_code == 202


async def test_an_erased_tenant_is_gone_but_for_its_name_and_the_bytes_of_its_journal(
    busy: SimpleNamespace,
    work: TenantWork,
    done: Done,
    conninfo: str,
    artifacts: ObjectArtifacts,
    vault: Vault,
) -> None:
    place = Place("acme", "people", "1", "email")
    sealed = await vault.seal(place, b"ada@example.com")
    ((sha256,),) = rows(conninfo, "select sha256 from artifacts where tenant_id = 'acme'")
    await busy.home.post(f"{API}/tenants/acme/suspend")
    journal = rows(conninfo, JOURNAL)
    others = {
        name: rows(conninfo, f"select * from {name} where tenant_id = 'globex' order by 1, 2")  # noqa: S608 - from the catalogue
        for name in ("runs", "questions", "artifacts", "schedules", "run_labels", "engagements")
    }

    job = await done(busy.home, work, ERASE, **CONFIRMED)

    assert (job["status"], job["failure"]) == ("completed", None)
    assert job["report"]["rows_removed"]["artifacts"] == 1
    kept = job["report"]["rows_kept"]["journal"]
    assert kept["reason"] == KEPT["journal"]
    ((entries, in_the_open),) = rows(conninfo, ENTRIES)
    assert kept["rows"] == entries
    assert 0 < kept["readable"] == in_the_open
    assert job["report"]["keys_destroyed"] >= 1
    assert rows(conninfo, JOURNAL) == journal
    with pytest.raises(Erased):
        await vault.open(place, sealed)
    with pytest.raises(NotFound):
        [piece async for piece in artifacts.read("acme", sha256)]
    database = Database(conninfo, connections=1)
    left = Holdings(database, "acme")
    for table in await left.tables():
        assert await left.count(table) == 0 or table.name in KEPT, table.name
    await database.close()
    kept = rows(conninfo, "select status, labels, principal from runs where tenant_id = 'acme' order by 1")
    assert kept == [("cancelled", {}, ""), ("completed", {}, "")]
    for name, before in others.items():
        now = rows(conninfo, f"select * from {name} where tenant_id = 'globex' order by 1, 2")  # noqa: S608 - as above
        assert now == before, name
    assert b"".join([piece async for piece in artifacts.read("globex", sha256)]) == b"A SECRET RECIPE"
    shown = (await busy.home.get(f"{API}/tenants/acme")).json()
    assert (shown["status"], shown["name"], shown["attributes"]) == ("erased", "acme", {})


async def test_an_erased_tenant_never_comes_back(
    served: SimpleNamespace, work: TenantWork, done: Done
) -> None:
    await served.home.post(f"{API}/tenants/acme/suspend")
    await done(served.home, work, ERASE, **CONFIRMED)
    for path, said in (("resume", {}), ("export", {}), ("suspend", {}), ("erase", CONFIRMED)):
        assert (await served.home.post(f"{API}/tenants/acme/{path}", **said)).status_code == 409
    again = await served.home.post(f"{API}/tenants", json={"id": "acme", "name": "x"})
    assert again.status_code == 409


async def test_an_erasure_that_was_interrupted_anywhere_is_brought_to_its_end(
    busy: SimpleNamespace, work: TenantWork, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await busy.home.post(f"{API}/tenants/acme/suspend")
    asked = (await busy.home.post(ERASE, **CONFIRMED)).json()
    real, calls = Holdings.remove, 0

    async def remove(self: Holdings, table: Any) -> int:
        nonlocal calls
        calls += 1
        if calls in {2, 9}:
            raise asyncio.CancelledError
        return await real(self, table)

    monkeypatch.setattr(Holdings, "remove", remove)
    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            await work.work()
        assert not await work.work()
        rows(conninfo, "update tenant_jobs set changed_at = now() - interval '2 minutes' returning 1")
    assert await work.work()
    shown = (await busy.home.get(f"{API}/tenants/acme/jobs/{asked['id']}")).json()
    assert shown["status"] == "completed"
    assert rows(conninfo, "select count(*) from artifacts where tenant_id = 'acme'") == [(0,)]


async def test_a_tenant_that_was_resumed_meanwhile_is_not_erased(
    served: SimpleNamespace, work: TenantWork, conninfo: str
) -> None:
    await served.home.post(f"{API}/tenants/acme/suspend")
    asked = (await served.home.post(ERASE, **CONFIRMED)).json()
    rows(conninfo, "update tenants set status = 'active' where id = 'acme' returning 1")
    with pytest.raises(Exception, match="was resumed"):
        await work.work()
    shown = (await served.home.get(f"{API}/tenants/acme/jobs/{asked['id']}")).json()
    assert (shown["status"], "was resumed" in shown["failure"]) == ("failed", True)
    assert (await served.home.get(f"{API}/tenants/acme")).json()["status"] == "active"


async def test_a_tenant_whose_erasure_has_begun_is_not_resumed(
    served: SimpleNamespace, conninfo: str
) -> None:
    await served.home.post(f"{API}/tenants/acme/suspend")
    await served.home.post(ERASE, **CONFIRMED)
    rows(conninfo, "update tenant_jobs set status = 'running' where tenant_id = 'acme' returning 1")
    refused = await served.home.post(f"{API}/tenants/acme/resume")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert (await served.home.get(f"{API}/tenants/acme")).json()["status"] == "suspended"
