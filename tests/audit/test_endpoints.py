from __future__ import annotations

import base64
import csv
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from pilothouse import App
from pilothouse.audit import tree
from pilothouse.audit.notes import from_pem
from pilothouse.audit.schemas import Kind
from pilothouse.audit.verifying import verify
from support.acting import acting, believing

AUDIT = "/api/v1/audit"


@pytest.fixture
async def reader(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App, desk: Any
) -> httpx.AsyncClient:
    """A client of a server that executes nothing, so that nobody but a request leads."""
    return await open_api(sample_app, execute=False)


async def asked(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(AUDIT + path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def signed(client: httpx.AsyncClient) -> Any:
    answer = await client.post(f"{AUDIT}/heads")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_entries_are_listed_by_pages_with_and_without_a_place(reader: Any, desk: Any) -> None:
    first = await desk.write(3)
    await signed(reader)
    then = await desk.write(3)
    page = await asked(reader, "/entries", limit=4)
    assert [item["id"] for item in page["items"]] == [str(id_) for id_ in [*then[::-1], first[2]]]
    assert [item["position"] for item in page["items"]] == [None, None, None, 2]
    rest = await asked(reader, "/entries", limit=4, cursor=page["next_cursor"])
    assert [item["position"] for item in rest["items"]] == [1, 0]
    assert rest["next_cursor"] is None


async def test_entries_are_found_by_kind_actor_run_time_and_text(reader: Any, desk: Any) -> None:
    run = desk.ids.new()
    (one,) = await desk.write(kind=Kind.KEY, actor="key:1", subject="key/7", details={"name": "Nightly"})
    await signed(reader)
    (other,) = await desk.write(run_id=run)
    at = (await asked(reader, f"/entries/{other}"))["at"]
    for query, wanted in (
        ({"kind": "key"}, one),
        ({"actor": "key:1"}, one),
        ({"text": "nightLY"}, one),
        ({"until": at}, one),
        ({"run_id": str(run)}, other),
        ({"since": at}, other),
    ):
        found = await asked(reader, "/entries", **query)
        assert [item["id"] for item in found["items"]] == [str(wanted)], query
    assert (await reader.get(f"{AUDIT}/entries", params={"kind": "nonsense"})).status_code == 400


async def test_an_entry_says_what_was_recorded(reader: Any, desk: Any) -> None:
    (id_,) = await desk.write(kind=Kind.KEY, subject="key/7", details={"roles": ["operator"]})
    found = await asked(reader, f"/entries/{id_}")
    assert found["details"] == {"roles": ["operator"]}
    assert found["position"] is None
    assert (found["kind"], found["subject"]) == ("key", "key/7")
    assert str(id_) in found["leaf"]
    assert (await reader.get(f"{AUDIT}/entries/{UUID(int=7)}")).status_code == 404


async def test_an_entry_is_proved_in_the_newest_and_in_former_trees(reader: Any, desk: Any) -> None:
    ids = await desk.write(300)
    assert (await reader.get(f"{AUDIT}/entries/{ids[0]}/proof")).status_code == 409
    head = await signed(reader)
    await desk.write(50)
    await signed(reader)
    for size in (None, 300, 123):
        params = {} if size is None else {"size": size}
        found = await asked(reader, f"/entries/{ids[100]}/proof", **params)
        path = [base64.b64decode(node) for node in found["path"]]
        root, leaf = base64.b64decode(found["root"]), base64.b64decode(found["leaf_hash"])
        assert found["size"] == (size or 350)
        assert tree.includes(root, found["size"], 100, leaf, path)
        assert (found["head"] is None) == (size == 123)
        assert size != 300 or found["head"] == head
    for size in (100, 351):
        answer = await reader.get(f"{AUDIT}/entries/{ids[100]}/proof", params={"size": size})
        assert (answer.status_code, answer.json()["code"]) == (400, "audit_no_such_tree")


async def test_two_heads_are_proved_consistent(reader: Any, desk: Any) -> None:
    await desk.write(300)
    before = await signed(reader)
    await desk.write(50)
    after = await signed(reader)
    found = await asked(reader, "/consistency", first=300, second=350)
    assert (found["first_root"], found["second_root"]) == (before["root"], after["root"])
    roots = [base64.b64decode(head["root"]) for head in (before, after)]
    path = [base64.b64decode(node) for node in found["path"]]
    assert tree.consistent(300, roots[0], 350, roots[1], path)
    assert (await asked(reader, "/consistency", first=0, second=0))["path"] == []
    answer = await reader.get(f"{AUDIT}/consistency", params={"first": 1, "second": 351})
    assert answer.status_code == 400
    listed = await asked(reader, "/heads")
    assert [item["size"] for item in listed["items"]] == [350, 300]


async def test_damaged_hashes_are_said_to_be_damaged(reader: Any, desk: Any, conninfo: str) -> None:
    (id_, *_) = await desk.write(3)
    await signed(reader)
    with psycopg.connect(conninfo) as connection:
        connection.execute("delete from audit_tiles")
    answer = await reader.get(f"{AUDIT}/entries/{id_}/proof")
    assert (answer.status_code, answer.json()["code"]) == (500, "audit_log_damaged")


async def test_an_export_is_verified_offline_and_is_itself_in_it(reader: Any, desk: Any) -> None:
    public = from_pem((await asked(reader, "/key"))["pem"].encode())
    await desk.write(1_500)
    note = (await signed(reader))["note"]
    assert from_pem((await asked(reader, "/key"))["pem"].encode()) == public
    answer = await reader.get(f"{AUDIT}/export")
    assert answer.headers["content-type"] == "application/jsonl"
    report = verify(answer.content.splitlines(), public, [note])
    assert report.findings == []
    assert (report.size, report.entries, report.signed, report.kept) == (1_501, 1_501, 1_501, 1)
    newest = (await asked(reader, "/entries", limit=1))["items"][0]
    assert (newest["kind"], newest["position"]) == ("export", 1_500)


async def test_an_entry_that_was_altered_in_the_database_is_named(
    reader: Any, desk: Any, conninfo: str
) -> None:
    await desk.write(20)
    await signed(reader)
    with psycopg.connect(conninfo) as connection:
        connection.execute("update audit_entries set leaf = '{}' where position = 7")
        connection.execute("delete from audit_entries where position = 9")
    public = from_pem((await asked(reader, "/key"))["pem"].encode())
    report = verify((await reader.get(f"{AUDIT}/export")).content.splitlines(), public)
    assert [(finding.flaw.value, finding.position) for finding in report.findings] == [
        ("altered", 7),
        ("removed", 9),
    ]


async def test_a_table_is_exported_whose_cells_are_no_formulas(reader: Any, desk: Any) -> None:
    await desk.write(subject="=1+1")
    answer = await reader.get(f"{AUDIT}/export", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["subject"] for row in rows] == ["'=1+1", "audit"]
    assert rows[0]["position"] == "0"


async def test_roles_decide_who_reads_exports_and_manages(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App, desk: Any
) -> None:
    (id_,) = await desk.write()
    await desk.sequencer().sign_now()
    with believing():
        client = await open_api(sample_app, execute=False)
    paths = ("/entries", "/heads", "/export", "/retention", "/key", f"/entries/{id_}")
    for role, status in (("operator", 403), ("admin", 200)):
        for path in paths:
            answer = await client.get(AUDIT + path, headers=acting(role))
            assert answer.status_code == status, (role, path)
    there = await client.get(f"{AUDIT}/entries/{id_}", headers=acting("admin", tenant="other"))
    assert there.status_code == 404


async def test_entries_leave_by_rule_once_exported_and_never_under_a_hold(
    reader: Any, desk: Any, conninfo: str, tmp_path: Path
) -> None:
    import datetime as dt

    from pilothouse.audit.keeping import LeavingChore
    from pilothouse.kit.clock import SystemClock

    chore = LeavingChore(desk.database, SystemClock(), desk.ids)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=31)
    ids = await desk.write(600)
    kept = (await reader.put(f"{AUDIT}/retention", json={"days": 30})).json()
    assert (kept["days"], kept["first"], kept["exported"]) == (30, 0, 0)
    assert await chore.leave(later) == 0  # nothing is exported
    await reader.get(f"{AUDIT}/export")
    hold = (await reader.post(f"{AUDIT}/holds", json={"reason": "case 17"})).json()
    assert await chore.leave(later) == 0  # held
    for _ in range(2):
        answer = await reader.post(f"{AUDIT}/holds/{hold['id']}/release")
        assert answer.json()["released_by"] == "local"
    assert (await reader.post(f"{AUDIT}/holds/{UUID(int=7)}/release")).status_code == 404
    assert await chore.leave(dt.datetime.now(dt.UTC)) == 0  # too young
    assert await chore.tend(later) == await chore.tend(later)
    kept = await asked(reader, "/retention")
    assert (kept["first"], kept["exported"], len(kept["holds"])) == (602, 602, 1)
    assert (await reader.get(f"{AUDIT}/entries/{ids[0]}")).status_code == 404
    public = from_pem((await asked(reader, "/key"))["pem"].encode())
    report = verify((await reader.get(f"{AUDIT}/export")).content.splitlines(), public)
    assert report.findings == []
    assert report.entries == report.size - 602 > 0
    recorded = await asked(reader, "/entries", kind="retention")
    assert {item["subject"] for item in recorded["items"]} == {"entries", f"hold/{hold['id']}"}
