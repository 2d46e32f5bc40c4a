"""Waiting for what will happen, with a deadline."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
import psycopg

from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import FINAL, Entry, decode
from pilothouse.runtime.workflows import Workflow

EMPTYING = "tests-emptying"
"""How the session shows itself that empties the database, and stays."""


async def until(found: Callable[[], Any | Awaitable[Any]], seconds: float = 15.0, pause: float = 0.01) -> Any:
    """What `found` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = found()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {inspect.getsource(found).strip()}")
        await asyncio.sleep(pause)


async def submit(engine: Engine, workflow: Workflow, value: Any = None, **order: Any) -> UUID:
    """Submit a run of a workflow with an input."""
    return await engine.submit(Order(workflow.name, orjson.dumps(value), **order))


async def ended(engine: Engine, run_id: UUID, seconds: float = 15.0) -> Entry:
    """The entry that ends a run."""
    async with asyncio.timeout(seconds):
        async for entry in engine.follow(run_id):
            last = entry
    if last.kind not in FINAL:
        raise AssertionError(f"{last} is no end")
    return last


async def output(engine: Engine, run_id: UUID, seconds: float = 15.0) -> Any:
    """The output of a run that completes."""
    return said(await ended(engine, run_id, seconds))["output"]


async def status(engine: Engine, run_id: UUID, wanted: str, seconds: float = 15.0) -> None:
    """Wait for a run's status."""

    async def reached() -> bool:
        return await engine.status(run_id) == wanted

    await until(reached, seconds)


def said(entry: Entry) -> Any:
    """What an entry says."""
    return orjson.loads(decode(entry.codec, entry.payload))


async def shown(engine: Engine, run_id: UUID) -> list[tuple[str, str]]:
    """A run's journal in short."""
    return [(entry.kind.value, entry.key) for entry in await engine.journal(run_id)]


def rows(conninfo: str, sql: str, *parameters: Any) -> list[Any]:
    """The rows of one statement on a connection of its own."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []
