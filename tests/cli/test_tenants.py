"""`pilothouse tenants`, on this machine's database and on a server."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from pilothouse import App
from pilothouse.app import Pilothouse
from pilothouse.cli import tenanting
from pilothouse.cli.main import cli
from pilothouse.errors import NotFound
from pilothouse.kit import postgres
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import upgrade
from pilothouse.tenants.opening import tenant_work
from support.callers import believed, with_tenants

RUN = """
insert into runs (id, tenant_id, workflow, version, pin, status) values
 ('019fb3a4-0000-7000-8000-000000000001', 'acme', 'w', 1, 'w@1', 'queued')
"""


@pytest.fixture
def told(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Runs commands in this process on the data folder: `told("list")`."""
    with postgres.attach(data) as attachment:
        upgrade(attachment.dsn)
        runner = CliRunner()

        def run(*arguments: str, given: str | None = None) -> SimpleNamespace:
            done = runner.invoke(cli, ["--data", str(data), "tenants", *arguments], input=given)
            return SimpleNamespace(
                code=done.exit_code, out=done.stdout, err=done.stderr, error=done.exception
            )

        yield SimpleNamespace(run=run, dsn=attachment.dsn)
        with psycopg.connect(attachment.dsn) as connection:
            for table in ("tenant_jobs", "runs"):
                connection.execute(f"delete from {table}")  # type: ignore[arg-type]  # noqa: S608 - of our own
            connection.execute("delete from tenants where id <> 'default'")


def test_tenants_are_made_listed_renamed_suspended_and_resumed(told: SimpleNamespace) -> None:
    made = told.run("create", "acme", "--name", "Acme", "--json")
    assert (made.code, json.loads(made.out)["name"]) == (0, "Acme"), made.err
    assert "Acme Ltd" in told.run("rename", "acme", "Acme Ltd").out
    assert "suspended" in told.run("suspend", "acme").out
    listed = json.loads(told.run("list", "--json").out)
    assert [(item["id"], item["status"]) for item in listed] == [
        ("acme", "suspended"),
        ("default", "active"),
    ]
    assert "active" in told.run("resume", "acme").out
    assert json.loads(told.run("show", "acme", "--json").out)["status"] == "active"


def test_what_cannot_be_is_said(told: SimpleNamespace) -> None:
    assert "id" in str(told.run("create", "Not An Id").error)
    assert isinstance(told.run("show", "nobody").error, NotFound)


def test_a_tenant_is_exported_into_a_file_of_its_owner_alone(told: SimpleNamespace, tmp_path: Path) -> None:
    told.run("create", "acme")
    with psycopg.connect(told.dsn) as connection:
        connection.execute(RUN)
    to = tmp_path / "acme.tar"
    done = told.run("export", "acme", "--to", str(to))
    assert done.code == 0, done.error
    assert done.out.startswith(f"{to}: ")
    assert to.stat().st_mode & 0o777 == 0o600
    with tarfile.open(fileobj=io.BytesIO(to.read_bytes())) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]  # a file
    assert (manifest["tenant"]["id"], manifest["tables"]["runs"]) == ("acme", 1)
    assert list(tmp_path.iterdir()) == [to]


def test_a_tenant_is_erased_once_it_is_suspended_and_its_id_is_typed(told: SimpleNamespace) -> None:
    told.run("create", "acme")
    with psycopg.connect(told.dsn) as connection:
        connection.execute(RUN)
    assert told.run("erase", "acme", "--confirm", "acme").code != 0
    told.run("suspend", "acme")
    assert told.run("erase", "acme", given="default\n").code != 0
    done = told.run("erase", "acme", given="acme\n")
    assert done.code == 0, done.error
    assert "journal: the bytes of every entry stay" in done.out
    assert "entries whose payload can still be read" in done.out
    assert "not personal can still be read" in done.err
    assert json.loads(told.run("show", "acme", "--json").out)["status"] == "erased"


async def test_a_server_is_asked_the_same(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    open_pilothouse: Callable[..., Awaitable[Pilothouse]],
    sample_app: App,
    conninfo: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    believed(monkeypatch)
    served = await with_tenants(await open_api(sample_app))
    worker, database = await open_pilothouse(sample_app), Database(conninfo, connections=1)
    work = tenant_work(database, worker.engine, worker.artifacts, worker.vault)

    async def tend() -> None:
        while True:
            await work.work()
            await asyncio.sleep(0.01)

    tending = asyncio.create_task(tend())
    client = tenanting.RemoteClient(served.home)
    tenants = tenanting.Remote(client)
    assert [item["id"] for item in await tenants.all()] == ["acme", "default", "globex"]
    assert (await tenants.create("third", "Third"))["id"] == "third"
    assert (await tenants.rename("third", "3rd"))["name"] == "3rd"
    assert (await tenants.show("third"))["name"] == "3rd"
    monkeypatch.setattr(tenanting, "LOOK_EVERY", 0.01)
    jobs = [job async for job in tenants.follow("acme", "export")]
    tenanting.assert_done(jobs[-1])
    content = b"".join([piece async for piece in tenants.content("acme", jobs[-1]["id"])])
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames()[-1] == "manifest.json"
    assert (await tenants.turn("acme", "suspend"))["status"] == "suspended"
    jobs = [job async for job in tenants.follow("acme", "erase", confirm="acme")]
    assert jobs[-1]["report"]["rows_kept"]
    with pytest.raises(tenanting.JobFailed, match="export of tenant acme failed"):
        tenanting.assert_done({**jobs[-1], "kind": "export", "status": "failed"})
    tending.cancel()
    await asyncio.wait([tending])
    await database.close()
