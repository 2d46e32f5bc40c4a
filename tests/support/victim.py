"""Workers in processes of their own, made to be killed: `python -m support.victim` forks one for each line.

The process that forks has imported everything, so that a worker is there in some 20 ms.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from pilothouse import Context, Progress, ReasonCard, agent, tool, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.runtime.branch import current
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows

SETTINGS = WorkerSettings(lease=1.0, grace=0.2, heartbeat=0.05, poll=0.05)


class Journey(BaseModel):
    folder: Path
    name: str = "journey"


def note(folder: Path, what: str) -> None:
    """Write down at once that something is really done, by whom and when."""
    line = f"{time.time_ns()} {os.getpid()} {what}\n"
    handle = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, line.encode())
    os.close(handle)


class Work(BaseModel):
    journey: Journey
    value: int


def compute(work: Work) -> int:
    note(work.journey.folder, f"{work.journey.name} {current.get().path}")
    return work.value * 3 + 1


@agent
async def brief(ctx: Context, work: Work) -> int:
    await asyncio.sleep(0.004)
    return compute(work)


@agent
def thread(ctx: Context, work: Work) -> int:
    ctx.emit(Progress(message=f"at {work.value}"))
    time.sleep(0.004)
    return compute(work)


@agent
async def scope(ctx: Context, work: Work) -> int:
    ctx.emit(ReasonCard(decision=f"{work.value}"))
    first = await ctx.call(brief, work)
    return await ctx.call(thread, work.model_copy(update={"value": first % 1_000}))


@tool(idempotent=True)
async def send(ctx: Context, work: Work) -> int:
    return compute(work)


@tool
async def pay(ctx: Context, work: Work) -> int:
    note(work.journey.folder, f"{work.journey.name} paid")
    return work.value


@workflow("journey")
async def journey(ctx: Context, given: Journey) -> str:
    """A bit of everything, for some 0.3 s."""

    def work(value: int) -> Work:
        return Work(journey=given, value=value)

    total = 0
    for number in range(4):
        total += await ctx.call(brief, work(number))
        total += await ctx.call(thread, work(number))
    await ctx.save("first.txt", f"{total}\n" * 1_000)
    hurried = ctx.ask("?", default="default", expires_after=dt.timedelta(milliseconds=20))
    parts = await ctx.gather(
        ctx.call(scope, work(7)), ctx.act(send, work(8)), ctx.sleep(0.03), hurried, ctx.call(brief, work(9))
    )
    for number in range(4):
        total += await ctx.act(send, work(number))
        await ctx.sleep(0.005)
    text = f"{total} {parts} {ctx.random().random()}"
    await ctx.save("second.txt", text)
    return text


@workflow("gated")
async def gated(ctx: Context, given: Journey) -> str:
    """Pay once a file is there."""
    note(given.folder, f"{given.name} waits")
    await ctx.call(linger, given)
    await ctx.act(pay, Work(journey=given, value=5))
    return "paid"


@tool
async def post(ctx: Context, work: Work) -> int:
    note(work.journey.folder, f"{work.journey.name} posted {work.value}")
    await asyncio.sleep(0.004)
    return work.value


@workflow("errand")
async def errand(ctx: Context, given: Journey) -> int:
    """Steps, and side effects that must not be repeated, for some 0.1 s."""

    def work(value: int) -> Work:
        return Work(journey=given, value=value)

    total = 0
    for number in range(3):
        total += await ctx.call(brief, work(number))
        pair = await ctx.gather(ctx.call(thread, work(number + 10)), ctx.act(send, work(number + 20)))
        total += sum(pair)
        total += await ctx.act(post, work(number))
        await ctx.sleep(0.005)
    return total


@workflow("patient")
async def patient(ctx: Context) -> str:
    """Wait for a person."""
    return await ctx.ask("Go on?", default="yes", key="go")


@agent
async def linger(ctx: Context, given: Journey) -> None:
    note(given.folder, f"{given.name} lingers")
    while not (given.folder / "go").exists():
        await asyncio.sleep(0.01)


FLOWS = (journey, gated, errand, patient)


async def work(conninfo: str, folder: str, settings: dict[str, float]) -> None:
    engine = Engine(conninfo, Workflows(FLOWS), ObjectArtifacts.local(Path(folder) / "artifacts"))
    await engine.open()
    await engine.worker(replace(SETTINGS, **settings)).run()


def fork(work: Callable[..., Coroutine[Any, Any, None]]) -> None:
    """Fork a worker for each line, which has the arguments of `work` as JSON, and write its pid."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        given = orjson.loads(line)
        pid = os.fork()
        if pid == 0:
            path = Path(given["folder"]) / "workers.log"
            log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            asyncio.run(work(**given))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    fork(work)
