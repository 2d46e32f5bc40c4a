"""A server that was started to have a look ends once nobody looks any more, and no sooner."""

from __future__ import annotations

import asyncio

import uvicorn

from pilothouse.protocols.http.leisure import until_idle
from support.waiting import until


async def nothing(scope: object, receive: object, send: object) -> None:
    """Never asked."""


def made() -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(nothing))


async def test_it_ends_after_its_time_without_anything_to_do() -> None:
    server = made()
    async with until_idle(server, 0.1, lambda: False):
        assert not server.should_exit
        await until(lambda: server.should_exit)


async def test_requests_streams_and_runs_keep_it() -> None:
    asked, streaming, busy = made(), made(), made()
    forever = asyncio.get_running_loop().create_future()
    stream = asyncio.ensure_future(forever)
    streaming.server_state.tasks.add(stream)
    async with (
        until_idle(asked, 0.2, lambda: False),
        until_idle(streaming, 0.2, lambda: False),
        until_idle(busy, 0.2, lambda: True),
    ):
        for _ in range(40):
            asked.server_state.total_requests += 1
            await asyncio.sleep(0.02)
        assert [one.should_exit for one in (asked, streaming, busy)] == [False] * 3
        forever.cancel()
        streaming.server_state.tasks.clear()
        await until(lambda: asked.should_exit and streaming.should_exit)
        assert not busy.should_exit


async def test_without_a_time_it_stays() -> None:
    server = made()
    async with until_idle(server, None, lambda: False):
        await asyncio.sleep(0.05)
    assert not server.should_exit
