"""A worker for `governance.py`: `python governance_worker.py CONNINFO FOLDER SLOTS free|governed TOLD`.

Governed is all that a production worker has: switches, policies, budgets, the audit log and its leader. Free
is the same engine with nothing that governs. On SIGTERM it writes to the file TOLD how long each action took.
"""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

from psycopg.conninfo import conninfo_to_dict

from pilothouse import App, Context, Money, tool, workflow
from pilothouse.app import assembled
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import collecting
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from pilothouse.settings import Settings
from pilothouse.telemetry import logs

CENT = Money(Decimal("0.01"), "EUR")
took: list[tuple[float, float]] = []
"""When each action ended, by the monotonic clock, and how many seconds it took."""


@tool(cost=lambda _: CENT)
async def nothing(_: Context, number: int) -> int:
    """No work: what is measured is what stands around it."""
    return number


@workflow("acting")
async def acting(ctx: Context, times: int) -> int:
    """Act so many times, one after the other."""
    for number in range(times):
        since = time.perf_counter()
        await ctx.act(nothing, number)
        took.append((time.monotonic(), time.perf_counter() - since))
    return times


app = App(
    "bench", workflows=[acting], tools=[nothing], policies=Path(__file__).parent / "governance_policies"
)


def url(conninfo: str) -> str:
    """A connection string as the settings take it."""
    said = conninfo_to_dict(conninfo)
    where = {key: str(said[key]) for key in ("host", "port", "user", "password") if said.get(key)}
    return f"postgresql:///{said['dbname']}?{urlencode(where)}"


@asynccontextmanager
async def opened(conninfo: str, folder: Path, *, governed: bool) -> AsyncIterator[Engine]:
    """The engine of a production worker, or the bare one."""
    if governed:
        settings = Settings(_env_file=None, database_url=url(conninfo), data=folder)
        async with assembled(settings, [app]) as parts:
            yield parts.engine
        return
    engine = Engine(conninfo, Workflows([acting]), ObjectArtifacts.local(folder / "artifacts"))
    await engine.open()
    yield engine
    await engine.close()


async def main(conninfo: str, folder: Path, slots: int, mode: str) -> float:
    """Work until told to stop, which it says it is ready for; returns the seconds of processor time."""
    async with opened(conninfo, folder, governed=mode == "governed") as engine:
        worker = engine.worker(WorkerSettings(slots=slots))
        working = asyncio.create_task(worker.run())
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        collecting.settle()  # as `pilothouse worker` does
        before = resource.getrusage(resource.RUSAGE_SELF)
        print("ready", flush=True)
        await ended.wait()
        used = resource.getrusage(resource.RUSAGE_SELF)
        await worker.stop()
        await working
    return used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    collecting.seldom()
    logs.configure("error", "json")
    spent = asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
    Path(sys.argv[5]).write_text(json.dumps({"took": took, "cpu": spent}))
