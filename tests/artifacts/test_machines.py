"""Two machines with nothing in common but the database: what one saves, the other reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from pilothouse import App, Context, workflow
from pilothouse.app import assembled
from pilothouse.cli.migrating import migrate
from pilothouse.server import create_api
from pilothouse.settings import Settings
from support.entrance import CALM
from support.signed import signed
from support.waiting import rows

SIZE = 2_500_000


@workflow("saving")
async def saving(ctx: Context, text: str) -> str:
    """Save an artifact, and return something large."""
    await ctx.save("big.txt", text[:10] * (SIZE // 10))
    return text * 2


def own_files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*/*")}


def url_of(conninfo: str) -> str:
    said = conninfo_to_dict(conninfo)
    return f"postgresql:///{said.pop('dbname')}?{urlencode(said)}"


async def test_artifacts_and_large_payloads_of_one_machine_are_read_on_another(
    new_database: Callable[..., str], tmp_path: Path
) -> None:
    conninfo = new_database()
    url, app = url_of(conninfo), App("saves", workflows=[saving])

    def settings(name: str) -> Settings:
        said = {"database_url": url, "data": tmp_path / name, "payload_inline_bytes": 4_096}
        return Settings(_env_file=None, **CALM | said)

    text = "".join(map(chr, range(0x4E00, 0x4E00 + 6_000)))
    async with assembled(settings("api"), [app]) as here, assembled(settings("worker"), [app]) as there:
        api = create_api(here, execute=False)
        worker = there.engine.worker()
        task = asyncio.create_task(worker.run())
        transport = httpx.ASGITransport(api)
        async with (
            api.router.lifespan_context(api),
            httpx.AsyncClient(
                transport=transport,
                base_url="http://localhost",
                timeout=20,
                headers=await signed(here.secrets),
            ) as client,
        ):
            made = await client.post("/api/v1/runs", json={"workflow": "saving", "input": text})
            path = f"/api/v1/runs/{made.json()['id']}"
            async with asyncio.timeout(15):
                while (run := (await client.get(path)).json())["status"] != "completed":
                    await asyncio.sleep(0.02)
            assert run["output"] == text * 2
            (artifact,) = run["artifacts"]
            content = await client.get(f"/api/v1/artifacts/{artifact['id']}/content")
            assert content.text == text[:10] * (SIZE // 10)
            part = {"range": "bytes=1048570-1048590"}
            ranged = await client.get(f"/api/v1/artifacts/{artifact['id']}/content", headers=part)
            assert ranged.content == content.content[1_048_570:1_048_591]
        await worker.stop()
        await task
    assert own_files(tmp_path) <= {"secrets"}  # nothing else lies on a machine's own disk
    assert rows(conninfo, "select count(*) > 8 from artifact_contents") == [(True,)]


def test_the_schema_is_migrated_where_the_settings_say(
    new_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    conninfo = new_database(None)
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", url_of(conninfo))
    migrate({}, plan=False, with_post=False, force=False, as_json=False)
    assert capsys.readouterr().out.startswith("schema none -> ")
