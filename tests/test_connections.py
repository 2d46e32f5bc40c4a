"""The whole product and its connections: how many a process opens, and that it works behind a pooler."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from pilothouse import App
from pilothouse.app import assembled, worker_settings
from pilothouse.kit.connecting import PoolerInBetween, silence_of
from pilothouse.readiness.machine import API_OWN, SPARE, WORKER_CONNECTIONS
from pilothouse.server import create_api
from pilothouse.settings import Settings
from support.entrance import CALM
from support.pooler import PROGRAM, pooler, url
from support.signed import signed
from support.waiting import rows, until

OPEN = """
select application_name from pg_stat_activity
 where datname = current_database() and application_name like 'pilothouse-%%'
"""
LEFT = "select count(*) from journal where run_id not in (select id from runs where status = 'completed')"
GUIDE = Path(__file__).parents[1] / "docs/guides/connections.md"
POOLED = pytest.mark.skipif(PROGRAM is None, reason="not run behind a pooler: pgbouncer is missing")


@asynccontextmanager
async def served(settings: Settings, app: App, *, execute: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """A process as `pilothouse serve` makes it, but for the socket."""
    async with assembled(settings, [app]) as pilothouse:
        api = create_api(pilothouse, execute=execute)
        async with api.router.lifespan_context(api):
            transport = httpx.ASGITransport(api)
            headers = await signed(pilothouse.secrets)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers=headers
            ) as client:
                yield client


async def busy(client: httpx.AsyncClient, runs: int) -> None:
    """Make and read many runs at once."""

    at_once = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        wanted = {"workflow": "echo", "input": {"text": f"parcel {number}"}}
        async with at_once:
            made = await client.post("/api/v1/runs", json=wanted)
            assert made.status_code == 201, made.text
            assert (await client.get(f"/api/v1/runs/{made.json()['id']}/journal")).status_code == 200
            assert (await client.get("/api/v1/runs")).status_code == 200

    await asyncio.gather(*(one(number) for number in range(runs)))


def guide() -> tuple[dict[str, tuple[str, str]], str]:
    """What the guide says of each connection: how many, and of which process; and all of its text."""
    text = GUIDE.read_text(encoding="utf-8")
    said = re.findall(r"^\| `([a-z-]+)` \| (\S+) \| (.+?) \| (?:yes|no) \|$", text, re.MULTILINE)
    return {name: (number, who) for name, number, who in said}, text


def most(names: dict[str, tuple[str, str]], *wanted: str) -> int:
    """How many connections processes of these kinds open beside the pool for requests."""
    return sum(
        int(number)
        for number, who in names.values()
        if number.isdigit() and any(each in who for each in wanted)
    )


LAPTOP = 42
"""Connections that `pilothouse serve` may open with the defaults: two of them fit a server as it comes.

It allows 100, of which 16 are for migrations, backups and administrators.
"""


def test_the_advice_for_a_machine_counts_as_the_guide_does() -> None:
    names, _ = guide()
    assert (most(names, "API"), most(names, "worker"), 6 + 10) == (API_OWN, WORKER_CONNECTIONS, SPARE)


def test_the_guides_sums_are_right() -> None:
    names, text = guide()
    api, worker, both = most(names, "API"), most(names, "worker"), most(names, "API", "worker")
    without_metrics = both - int(names["metrics"][0])
    assert f"`pilothouse serve --no-worker` | `database_connections` + {api} |" in text
    assert f"`pilothouse worker` | {worker} |" in text
    assert f"`pilothouse serve` | `database_connections` + {without_metrics} |" in text
    assert f"N * (database_connections + {api}) + M * {worker} + 6 + 10" in text
    serve = Settings(_env_file=None).database_connections + without_metrics
    files = sum(int(number) for name, (number, _) in names.items() if name.startswith("artifact-"))
    assert serve <= LAPTOP
    assert f"opens at most {serve}, and {serve - files} where" in text
    assert f"4 * {10 + api} + 8 * {worker} + 16 = {4 * (10 + api) + 8 * worker + 16}." in text


@pytest.mark.parametrize("execute", [True, False])
async def test_a_process_opens_as_many_connections_as_the_guide_says(
    conninfo: str, tmp_path: Path, sample_app: App, execute: bool
) -> None:
    names, _ = guide()
    said = {"database_url": url(conninfo), "data": tmp_path, "database_connections": 3}
    settings = Settings(_env_file=None, **CALM, **said, database_patience=60)
    async with served(settings, sample_app, execute=execute) as client:
        await busy(client, 40)
        if execute:
            await until(lambda: rows(conninfo, LEFT) == [(0,)])
        found = Counter(name.removeprefix("pilothouse-") for (name,) in rows(conninfo, OPEN))
    assert found.pop("api") == 3
    assert all(found[name] <= int(names[name][0]) for name in found)
    assert {"submits", "listener"} <= set(found)
    expected = {"claims", "appends", "tending", "heartbeat"} if execute else set()
    assert set(found) & {"claims", "appends", "tending", "heartbeat"} == expected
    assert all(execute or "API" in names[name][1] for name in found)
    await until(lambda: rows(conninfo, OPEN) == [])


async def test_the_settings_reach_every_connection(conninfo: str, tmp_path: Path, sample_app: App) -> None:
    said = {"database_url": url(conninfo), "data": tmp_path, "database_silence": 7, "worker_heartbeat": 0.3}
    async with assembled(Settings(_env_file=None, **said), [sample_app]) as pilothouse:
        assert silence_of(pilothouse.direct) == silence_of(pilothouse.conninfo) == 7
        assert silence_of(pilothouse.engine.store.conninfo) == 7
        assert worker_settings(pilothouse.settings).heartbeat == 0.3


@POOLED
async def test_the_whole_product_works_behind_a_pooler(
    conninfo: str, tmp_path: Path, sample_app: App
) -> None:
    with pooler(conninfo, 2) as through:
        said = {"database_url": url(through), "data": tmp_path, "database_patience": 60}
        with pytest.raises(PoolerInBetween):
            async with assembled(Settings(_env_file=None, **said), [sample_app]):
                raise AssertionError
        settings = Settings(_env_file=None, **said, database_direct_url=url(conninfo))
        async with served(settings, sample_app) as client:
            await busy(client, 20)
            await until(lambda: rows(conninfo, LEFT) == [(0,)])
            found = Counter(name.removeprefix("pilothouse-") for (name,) in rows(conninfo, OPEN))
            assert (found["listener"], found["heartbeat"]) == (1, 1)
            assert found.total() <= 2 + 2  # two sessions of the pooler serve all the rest
