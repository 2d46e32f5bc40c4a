"""A worker process for benchmarks: `python engine_worker.py CONNINFO FOLDER` executes until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from engine_workflows import WORKFLOWS
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import collecting
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs


async def main(conninfo: str, folder: Path) -> None:
    """Work until told to stop; says so on standard output once it is ready."""
    engine = Engine(conninfo, Workflows(WORKFLOWS), ObjectArtifacts.local(folder))
    await engine.open()
    worker = engine.worker()
    working = asyncio.create_task(worker.run())
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    collecting.settle()  # as `pilothouse worker` does
    print("ready", flush=True)
    await told.wait()
    await worker.stop()
    await working
    await engine.close()


if __name__ == "__main__":
    logs.configure("error", "json")
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
