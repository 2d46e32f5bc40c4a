"""What authentication and authorisation add to a request with a key: both are called as the server does."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from starlette.requests import HTTPConnection

from pilothouse.app import assembled
from pilothouse.kit.scope import current
from pilothouse.policies.endpoints import authorised
from pilothouse.policies.repository import Existence
from pilothouse.server import Serving
from pilothouse.settings import load


def connection(credential: str) -> HTTPConnection:
    """A request that reads a run with a credential."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/runs/x",
        "headers": [(b"host", b"127.0.0.1"), (b"authorization", credential.encode())],
        "client": ("127.0.0.1", 1),
        "query_string": b"",
        "path_params": {"run_id": "x"},
        "route": SimpleNamespace(name="show_run"),
    }
    return HTTPConnection(scope)


async def _seconds_each(data: Path, credential: str, times: int) -> float:
    async with assembled(load(data=data), []) as pilothouse:
        serving = Serving(pilothouse, execute=False)
        guard = authorised(serving.authority, Existence(serving.database))
        began = time.perf_counter()
        for _ in range(times):
            request = connection(credential)
            token = current.set(await serving.auth.credentials.authenticate(request))
            await guard(request)
            current.reset(token)
        took = time.perf_counter() - began
        await serving.auth.close()
        await serving.doors.close()
        await serving.database.close()
    return took / times


def seconds_each(data: Path, credential: str, times: int) -> float:
    """Seconds that one request spends on both, on the average, with the look-ups that come every 0.9 s."""
    return asyncio.run(_seconds_each(data, credential, times))
