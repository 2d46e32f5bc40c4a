from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest

from pilothouse import Context, Upload, agent, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.errors import NotFound
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.uploaded import NoUploads
from pilothouse.runtime.worker import Worker
from pilothouse.uploads.service import Receiving, UploadFinder
from pilothouse.vault.service import Vault
from support.rehearsal import Rehearsal
from support.waiting import rows

CONTENT = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
INSERT = """
insert into uploads (id, tenant_id, engagement_id, name, media_type, size, sha256, principal, flags)
values (%s, %s, %s, 'table.csv', 'text/csv', %s, %s, 'local', '{active}')
"""


@agent
async def count(ctx: Context, upload: Upload) -> int:
    """Count the lines."""
    return len((await (await ctx.open(upload)).text()).splitlines())


@workflow("reads_upload")
async def reads_upload(ctx: Context, upload: Upload) -> dict[str, object]:
    opened = await ctx.open(upload)
    pieces = [piece async for piece in opened.pieces(2, 4)]
    said = {"name": opened.name, "type": opened.media_type, "size": opened.size, "flags": list(opened.flags)}
    return said | {
        "part": b"".join(pieces).decode(),
        "lines": await ctx.call(count, upload),
        "id": str(opened.id),
    }


@workflow("misuses_upload")
async def misuses_upload(ctx: Context, upload: Upload) -> list[str]:
    told = []
    opened = await ctx.open(upload)
    for most in (3, 100):
        try:
            await opened.text(most)
        except Exception as error:
            told.append(getattr(error, "code", ""))
    return told


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    made = Database(conninfo, connections=1)
    yield made
    await made.close()


def add(conninfo: str, tenant: str = "default", engagement: UUID | None = None, sha256: str = SHA256) -> UUID:
    id_ = uuid4()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(INSERT, (id_, tenant, engagement, len(CONTENT), sha256))
    return id_


async def run(engine: Engine, name: str, upload_id: UUID, **said: object) -> tuple[str, dict]:
    order = Order(name, orjson.dumps({"id": str(upload_id)}), principal="local", **said)
    run_id = await engine.submit(order)
    ends = [entry async for entry in engine.follow(run_id)]
    found = orjson.loads(ends[-1].payload)
    return str(run_id), found.get("output", found)


@pytest.fixture
async def engine(
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Worker]],
    database: Database,
    artifacts: ObjectArtifacts,
    vault: Vault,
) -> Engine:
    await artifacts.put("default", SHA256, CONTENT)
    finder = UploadFinder(database, artifacts, vault)
    made = await open_engine(reads_upload, misuses_upload, uploads=finder)
    await start_worker(made)
    return made


async def test_a_run_opens_an_upload_of_its_tenant(engine: Engine, conninfo: str) -> None:
    upload_id = add(conninfo)
    run_id, result = await run(engine, "reads_upload", upload_id)
    said = {
        "name": "table.csv",
        "type": "text/csv",
        "size": 8,
        "flags": ["active"],
        "part": "b\n",
        "lines": 2,
    }
    assert result == said | {"id": str(upload_id)}
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select upload_id, run_id::text from upload_uses").fetchall() == [
            (upload_id, run_id)
        ]


@pytest.fixture
async def sealed(database: Database, artifacts: ObjectArtifacts, vault: Vault, tmp_path: Path) -> UUID:
    """An upload that lies as they do when they are taken in."""

    async def pieces() -> AsyncIterator[bytes]:
        yield CONTENT

    given = {"folder": tmp_path / "incoming", "largest": 1 << 20, "scope": Scope("default", "local")}
    receiving = Receiving(database, artifacts, vault, Ids(), SystemClock(), **given)
    return (await receiving.receive(pieces(), lambda: ("table.csv", "text/csv"))).id


async def test_a_run_opens_what_lies_sealed_until_the_key_is_destroyed(
    engine: Engine, sealed: UUID, conninfo: str, vault: Vault
) -> None:
    assert rows(conninfo, "select content_key is not null, sha256 = content_sha256 from uploads") == [
        (True, False)
    ]
    _, result = await run(engine, "reads_upload", sealed)
    assert (result["part"], result["lines"], result["size"]) == ("b\n", 2, 8)
    await vault.destroy("default")
    _, failure = await run(engine, "reads_upload", sealed)
    assert failure["code"] == "payload_erased"


@pytest.mark.parametrize("whose", ["stranger", "nobody"])
async def test_what_belongs_to_others_is_not_there(engine: Engine, conninfo: str, whose: str) -> None:
    upload_id = add(conninfo, "stranger") if whose == "stranger" else uuid4()
    _, failure = await run(engine, "reads_upload", upload_id)
    assert failure["code"] == "not_found"
    assert failure["step"] == "open#0"


async def test_a_run_of_one_engagement_opens_nothing_of_another(engine: Engine, conninfo: str) -> None:
    mine, other = uuid4(), uuid4()
    for engagement, opened in ((mine, True), (other, False), (None, False)):
        _, result = await run(
            engine, "reads_upload", add(conninfo, engagement=engagement), engagement_id=mine
        )
        assert (result.get("code") != "not_found") is opened


async def test_too_much_at_once_and_other_bytes_are_errors(
    engine: Engine, conninfo: str, artifacts: ObjectArtifacts
) -> None:
    wrong = hashlib.sha256(b"x").hexdigest()
    await artifacts.put("default", wrong, b"changed!")
    _, told = await run(engine, "misuses_upload", add(conninfo, sha256=wrong))
    assert told == ["invalid_input", "upload_damaged"]
    text = b"\xff\xfe\xfa"
    await artifacts.put("default", hashlib.sha256(text).hexdigest(), text)
    _, told = await run(engine, "misuses_upload", add(conninfo, sha256=hashlib.sha256(text).hexdigest()))
    assert told == ["invalid_input", "invalid_input"]


async def test_without_uploads_there_is_none() -> None:
    run_ = Rehearsal(reads_upload, {"id": str(uuid4())})
    await run_.finish()
    assert run_.status == "failed"
    with pytest.raises(NotFound):
        NoUploads().read(Scope("t", "local"), uuid4())
    with pytest.raises(NotFound):
        await NoUploads().find(Scope("t", "local"), uuid4(), uuid4())


class Fixed:
    """Tells once what an upload is, and then that it is gone."""

    def __init__(self) -> None:
        self.asked = 0

    async def find(self, scope: Scope, run_id: UUID, upload_id: UUID) -> object:
        from pilothouse.runtime.uploaded import Opened

        self.asked += 1
        return Opened(id=upload_id, name="n", media_type="text/plain", size=8, sha256=SHA256)

    def read(
        self, scope: Scope, upload_id: UUID, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        async def pieces() -> AsyncIterator[bytes]:
            yield CONTENT[start:end]

        return pieces()


async def test_what_was_opened_is_journalled_and_not_looked_up_again() -> None:
    from dataclasses import replace

    source, run_ = Fixed(), Rehearsal(reads_upload, {"id": str(uuid4())}, lose_after={1})
    run_.services = replace(run_.services, uploads=source)
    await run_.finish()
    assert run_.status == "completed"
    assert source.asked == 2  # once for the workflow, once for its agent, although the turn was lost
    assert any(SHA256.encode() in (entry.payload or b"") for entry in run_.entries)
