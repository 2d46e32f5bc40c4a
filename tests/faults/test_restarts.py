"""PostgreSQL is restarted under load: processes come back by themselves, nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from uuid import UUID

import pytest

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.kit.postgres.accounts import of_uid
from pilothouse.kit.postgres.cluster import current
from pilothouse.kit.postgres.programs import run, way_to
from pilothouse.kit.postgres.wheel import servers
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from support import victim
from support.proof import completed, operator, ordered, prove
from support.workers import Workers


def restart(attachment: postgres.Attachment, mode: str) -> None:
    """Stop the server as an administrator would, and start it again."""
    cluster = current(attachment.place.home)
    owner = of_uid(cluster.path.stat().st_uid)
    with way_to(cluster.path, owner) as way:
        command = [servers()[-1].program("pg_ctl"), "stop", "-D", way.path, "-m", mode, "-w", "-t", "30"]
        done = run(command, owner, inherit=way.descriptors)
    assert done.returncode == 0, done.stderr
    attachment.revive()


@pytest.mark.parametrize(("restarts", "runs"), [(2, 24), pytest.param(10, 300, marks=pytest.mark.long)])
async def test_restarts_under_load_lose_nothing_and_double_nothing(
    tmp_path: Path, restarts: int, runs: int
) -> None:
    randomly = random.Random(3)
    with await asyncio.to_thread(postgres.attach, tmp_path / "data") as attachment:
        conninfo = attachment.dsn
        await asyncio.to_thread(upgrade, conninfo)
        engine = Engine(conninfo, Workflows(victim.FLOWS), ObjectArtifacts.local(tmp_path / "artifacts"))
        workers = Workers(conninfo, tmp_path)
        try:
            await engine.open()
            for _ in range(2):
                workers.start(lease=3.0)
            made: dict[str, UUID] = {}

            async def load() -> None:
                for number in range(runs):
                    name = f"run{number}"
                    made[name] = await ordered(engine, victim.errand, workers, name)
                    await asyncio.sleep(0.03)

            async with operator(engine, conninfo):
                loading = asyncio.create_task(load())
                for number in range(restarts):
                    await asyncio.sleep(randomly.uniform(0.2, 0.6))
                    await asyncio.to_thread(restart, attachment, ("fast", "immediate")[number % 2])
                await loading
                await completed(conninfo, runs, 60)
            prove(conninfo, workers, made)
        finally:
            workers.stop()
            await engine.close()
