"""What `pilothouse breakers` works on: this machine's database, or a server over its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from pilothouse.cli.opening import Options, on_this_machine, remote
from pilothouse.cli.remote import RemoteClient
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.slashes import as_part
from pilothouse.resilience.schemas import Breakers, BreakerShown, NewOverride


class Breaking(Protocol):
    """What the commands around breakers ask for."""

    async def all(self) -> Breakers:
        """Every breaker."""
        ...

    async def show(self, name: str) -> BreakerShown:
        """One of them."""
        ...

    async def override(self, name: str, wanted: NewOverride) -> BreakerShown:
        """Set one by hand."""
        ...

    async def reset(self, name: str) -> None:
        """Have one forget all."""
        ...


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Breaking]:
    """The breakers of the server named by `--server`, or of this machine's installation."""
    if options.server is not None:
        async with remote(options, options.server) as client:
            yield RemoteBreakers(client)
        return
    from pilothouse.resilience.repository import BreakerRepository
    from pilothouse.resilience.service import BreakerBook

    async with on_this_machine(options) as here, here.database.session(here.scope) as session:
        yield BreakerBook(BreakerRepository(session), here.scope, SystemClock(), here.parts.ids)


class RemoteBreakers:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        """Ask with `client`."""
        self._client = client

    async def all(self) -> Breakers:
        """Every breaker."""
        return await self._client.told(Breakers, "GET", "/breakers")

    async def show(self, name: str) -> BreakerShown:
        """One of them."""
        return await self._client.told(BreakerShown, "GET", f"/breakers/{as_part(name)}")

    async def override(self, name: str, wanted: NewOverride) -> BreakerShown:
        """Set one by hand."""
        body, path = wanted.model_dump(mode="json"), f"/breakers/{as_part(name)}/override"
        return await self._client.told(BreakerShown, "PUT", path, json=body)

    async def reset(self, name: str) -> None:
        """Have one forget all."""
        await self._client.ask("POST", f"/breakers/{as_part(name)}/reset")
