"""Ends a server that nobody needs any more: one that was started to have a look at something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
import uvicorn

from pilothouse.kit.clock import elapsed

log = structlog.get_logger(__name__)

LOOKS = 10
"""How often it is looked in the time after which a server ends."""


@asynccontextmanager
async def until_idle(
    server: uvicorn.Server, seconds: float | None, is_busy: Callable[[], bool]
) -> AsyncIterator[None]:
    """While the block lasts, end `server` once it had nothing to do for `seconds`; None: never.

    Nothing to do is: no request came, no answer or stream is under way, and it is not busy otherwise.
    """
    if seconds is None:
        yield
        return
    watching = asyncio.create_task(_watch(server, seconds, is_busy))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _watch(server: uvicorn.Server, seconds: float, is_busy: Callable[[], bool]) -> None:
    asked, since = 0, elapsed()
    while elapsed() - since < seconds:
        await asyncio.sleep(seconds / LOOKS)
        state = server.server_state
        if state.total_requests != asked or state.tasks or is_busy():
            asked, since = state.total_requests, elapsed()
    log.info("stopping_idle", seconds=seconds)
    server.should_exit = True
