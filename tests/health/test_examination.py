"""Each part of a process is looked at by itself, in bounded time, and nothing secret is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from pilothouse import App
from pilothouse.errors import Unavailable
from pilothouse.health import examination
from pilothouse.health.examination import Examination, Inside, Probe
from pilothouse.health.schemas import Condition, Part
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import head


def parts(detail: Any) -> dict[str, Part]:
    return {part.name: part for part in detail.parts}


async def examined(*probes: Probe) -> Any:
    return await Examination(probes, SystemClock()).detail()


async def test_every_part_of_a_healthy_process_is_well(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/detail")
    assert answer.status_code == 200
    found = answer.json()
    assert found["status"] == "well", found
    assert {part["name"] for part in found["parts"]} == {
        *("database", "schema", "worker", "queue", "listener", "artifacts", "disk", "secrets"),
        *("limits", "load", "dependencies", "models"),
    }
    figures = {part["name"]: part["figures"] for part in found["parts"]}
    assert 0 <= figures["worker"]["heartbeat_age_seconds"] < 5
    assert 0 < figures["database"]["seconds"] < 1
    assert figures["disk"]["free_bytes"] > 0
    assert figures["queue"] == {"runs": 0, "oldest_seconds": 0}


async def test_a_process_without_a_worker_says_that_others_execute_or_that_nobody_does(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App, client: httpx.AsyncClient
) -> None:
    idle = await open_api(sample_app, execute=False)
    worker = next(
        part for part in (await idle.get("/health/detail")).json()["parts"] if part["name"] == "worker"
    )
    assert (worker["status"], worker["figures"]) == ("absent", {"live_workers": 1})


async def test_nobody_who_executes_degrades_a_process_that_takes_runs_in(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    idle = await open_api(sample_app, execute=False)
    detail = (await idle.get("/health/detail")).json()
    assert detail["status"] == "degraded"


async def test_a_database_that_is_away_fails_its_parts_and_no_others() -> None:
    database = Database("host=/nowhere dbname=x password=hunter2")
    inside = Inside(database, head(), uuid4(), 15.0)
    connected = examination.listener(lambda: False)
    detail = await examined(*inside.probes(), connected, examination.disk(Path("/")))
    await database.close()
    found = parts(detail)
    assert detail.status is Condition.FAILED
    assert {name for name, part in found.items() if part.status is Condition.FAILED} == {
        *("database", "schema", "worker", "queue")
    }
    assert found["listener"].status is Condition.DEGRADED
    assert "hunter2" not in detail.model_dump_json()


async def test_a_silent_worker_another_schema_and_a_long_wait_are_told(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "insert into runs (id, workflow, version, pin, status, changed_at)"
            " values (gen_random_uuid(), 'w', 1, 'w@1', 'queued', now() - interval '2 minutes')"
        )
    database = Database(conninfo)
    detail = await examined(*Inside(database, "9999", uuid4(), 15.0).probes())
    await database.close()
    found = parts(detail)
    assert found["worker"].status is found["schema"].status is Condition.FAILED
    assert found["queue"].status is Condition.DEGRADED
    assert found["queue"].figures["runs"] == 1
    assert 110 < found["queue"].figures["oldest_seconds"] < 200


async def test_a_part_that_hangs_or_breaks_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "PATIENCE", 0.05)

    async def hangs() -> Part:
        await asyncio.Event().wait()
        raise AssertionError

    async def breaks() -> Part:
        raise KeyError("password=hunter2")

    async def away() -> Part:
        raise Unavailable("postgresql://ada:hunter2@db/x does not answer")

    began = time.monotonic()
    detail = await examined(Probe("a", hangs), Probe("b", breaks), Probe("c", away))
    assert time.monotonic() - began < 2
    assert {part.status for part in detail.parts} == {Condition.FAILED}
    assert "hunter2" not in detail.model_dump_json()
    assert parts(detail)["c"].detail == "postgresql://ada:***@db/x does not answer"


@pytest.mark.parametrize(("free", "status"), [
    (10**12, Condition.WELL), (5 * 10**8, Condition.DEGRADED), (10**6, Condition.FAILED),
])  # fmt: skip
async def test_little_space_degrades_and_none_fails(
    free: int, status: Condition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "LITTLE_SPACE", 10**9)

    class Usage:
        def __init__(self) -> None:
            self.free = free

    monkeypatch.setattr(examination.shutil, "disk_usage", lambda _path: Usage())
    detail = await examined(examination.disk(tmp_path / "not" / "there"))
    assert detail.status is status


async def test_those_who_ask_at_once_get_one_answer() -> None:
    looks = 0

    async def look() -> Part:
        nonlocal looks
        looks += 1
        return Part(name="x", status=Condition.WELL, detail="")

    made = Examination([Probe("x", look)], SystemClock())
    found = await asyncio.gather(*(made.detail() for _ in range(20)))
    assert await made.detail() is found[0]
    assert looks == 1


@pytest.mark.parametrize(("reachable", "status"), [
    (None, Condition.WELL), (True, Condition.WELL), (False, Condition.DEGRADED),
])  # fmt: skip
async def test_runs_do_not_depend_on_the_collector(reachable: bool | None, status: Condition) -> None:
    detail = await examined(examination.collector(lambda: reachable, lambda: 3))
    assert detail.status is status
    assert detail.parts[0].figures == {"spans_lost": 3}


async def test_artifacts_that_cannot_be_kept_fail() -> None:
    async def full() -> None:
        raise Unavailable("The disk is full.")

    detail = await examined(examination.artifacts(full))
    assert (detail.status, detail.parts[0].detail) == (Condition.FAILED, "The disk is full.")
