"""A process that governs what applications do, with a client of its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from pilothouse import App
from pilothouse.app import Pilothouse, assembled
from pilothouse.server import create_api
from pilothouse.settings import Settings
from support.entrance import CALM
from support.pooler import url
from support.signed import signed
from support.waiting import until


class Governed(NamedTuple):
    """A running process, as who works on its machine sees it."""

    client: httpx.AsyncClient
    conninfo: str
    pilothouse: Pilothouse

    async def ask(self, method: str, path: str, **said: Any) -> Any:
        """What the API answers, which has to be well."""
        answer = await self.client.request(method, f"/api/v1{path}", **said)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def submit(self, workflow: str, **wanted: Any) -> str:
        """Submit a run; its id."""
        run = await self.ask("POST", "/runs", json={"workflow": workflow, "input": wanted})
        return str(run["id"])

    async def reach(self, run_id: str, status: str) -> dict[str, Any]:
        """The run, once it is in a state."""

        async def found() -> Any:
            run = await self.ask("GET", f"/runs/{run_id}")
            return run if run["status"] == status else None

        return await until(found)

    async def entries(self, kind: str) -> list[dict[str, Any]]:
        """The audit log's entries of a kind that have their places."""
        return (await self.ask("GET", "/audit/entries", params={"kind": kind, "limit": 100}))["items"]


@asynccontextmanager
async def governed(
    conninfo: str, folder: Path, app: App, *, execute: bool = True, **said: Any
) -> AsyncIterator[Governed]:
    """Run an application over a database as `pilothouse serve` does, but for the socket.

    Without `execute` its runs are for the workers of other processes.
    """
    settings = Settings(_env_file=None, **CALM | said, database_url=url(conninfo), data=folder / "data")
    async with assembled(settings, [app]) as pilothouse:
        api = create_api(pilothouse, execute=execute)
        async with (
            api.router.lifespan_context(api),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(api),
                base_url="http://localhost",
                headers=await signed(pilothouse.secrets),
            ) as client,
        ):
            yield Governed(client, conninfo, pilothouse)
