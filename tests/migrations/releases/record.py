"""Records what a release leaves in a database, and the statements that it sends. Not a test.

    git archive TAG src | tar x -C FOLDER
    PYTHONPATH=FOLDER/src:tests .venv/bin/python tests/migrations/releases/record.py VERSION

Writes VERSION.sql (schema and rows, without what only psql understands) and VERSION.json beside this file.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.kit.postgres.wheel import newest
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows

HERE = Path(__file__).parent
MODULES = ("sql", "events", "execution", "asking", "saving")
EXPECTED = {
    "finishing": "completed",
    "asking": "waiting",
    "sleeping": "waiting",
    "holding": "running",
    "failing": "failed",
    "later": "queued",
}


def dumped(conninfo: str) -> str:
    """The database as statements that any driver executes."""
    command = [newest().program("pg_dump"), "--inserts", "--no-owner", "--no-privileges", "-d", conninfo]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text = text.replace(f"'{socket.gethostname()}'", "'released'")
    dropped = ("SET ", "SELECT pg_catalog.set_config", "\\", "--")
    return "\n".join(line for line in text.splitlines() if line and not line.startswith(dropped)) + "\n"


def statements() -> dict[str, str]:
    """The SQL constants of the release's runtime."""
    found = {}
    for name in MODULES:
        module = importlib.import_module(f"pilothouse.runtime.{name}")
        for constant, value in vars(module).items():
            if constant.isupper() and isinstance(value, str) and "%s" in value:
                found[f"{name}.{constant}"] = value
    return found


async def fill(conninfo: str, folder: Path) -> None:
    """Leave a run in each state, the worker still alive."""
    from support import released

    everything = Engine(conninfo, Workflows(released.ALL), ObjectArtifacts.local(folder))
    known = [item for item in released.ALL if item.name != "later"]
    engine = Engine(conninfo, Workflows(known), ObjectArtifacts.local(folder))
    await everything.open()
    await engine.open()
    worker = engine.worker(WorkerSettings(poll=0.1))
    task = asyncio.create_task(worker.run())
    made = {name: await everything.submit(Order(name, b"21")) for name in EXPECTED}
    until = time.monotonic() + 20
    while {name: await everything.status(made[name]) for name in made} != EXPECTED:
        if time.monotonic() > until:
            raise TimeoutError
        await asyncio.sleep(0.02)
    version = sys.argv[1]
    (HERE / f"{version}.sql").write_text(await asyncio.to_thread(dumped, conninfo))
    (HERE / f"{version}.json").write_text(json.dumps(statements(), indent=1) + "\n")
    await worker.stop(drain=0)  # after the dump: the step that is under way would never end
    await task


def main() -> None:
    """Record one release."""
    os.environ["RELEASED_HOLDS"] = "1"
    with tempfile.TemporaryDirectory() as folder, postgres.attach(Path(folder) / "pg") as attachment:
        conninfo = attachment.create_database("released")
        upgrade(conninfo)
        asyncio.run(fill(conninfo, Path(folder) / "artifacts"))


if __name__ == "__main__":
    main()
