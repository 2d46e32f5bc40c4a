"""Ways to an MCP server: a process of its own, or HTTP to an address that may be asked."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Protocol

import httpx2
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from pilothouse.errors import Unavailable
from pilothouse.kit.outgoing import Guard

NOTHING = dict.fromkeys(("HOME", "LOGNAME", "SHELL", "TERM", "USER"), "")
"""What the SDK would hand on of this process's environment; PATH alone is handed on, to find the command."""
TOLD = 400
"""Characters of a server's standard error that a failure quotes."""


class ServerUnavailable(Unavailable):
    """An MCP server cannot be reached, or does not answer as it should."""

    code = "mcp_server_unavailable"


class Way(Protocol):
    """How a server is reached."""

    def connected(self, timeout: float) -> AbstractAsyncContextManager[Client]:
        """A client for one use, closed with its block."""
        ...


@dataclass(frozen=True)
class Process:
    """A server that is a process of its own, started for each use and ended with all that it has started.

    It gets PATH and `environment`, and nothing else of this process's: no secrets by accident.
    """

    command: str
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: str | None = None

    @asynccontextmanager
    async def connected(self, timeout: float) -> AsyncIterator[Client]:
        """A client of a new process. Raises `ServerUnavailable` where it does not start."""
        said = StdioServerParameters(
            command=self.command,
            args=list(self.arguments),
            env={**NOTHING, **self.environment},
            cwd=self.folder,
        )
        with tempfile.TemporaryFile("w+", errors="replace") as heard:
            try:
                transport = stdio_client(said, errlog=heard)
                async with Client(transport, read_timeout_seconds=timeout, cache=None) as client:
                    yield client
            except OSError as error:
                reason = error.strerror or str(error)
                raise ServerUnavailable(f"{self.command} cannot be started: {reason}.") from error
            except Exception as error:
                heard.seek(0)
                if last := heard.read()[-TOLD:].strip():
                    error.add_note(f"It last said: {last}")
                raise


@dataclass(frozen=True)
class Web:
    """A server at an address. It is asked only where `guard` lets it be, whatever its name leads to later."""

    url: str
    guard: Guard = field(default_factory=Guard, repr=False)
    token: Callable[[], str] | None = field(default=None, repr=False)

    @asynccontextmanager
    async def connected(self, timeout: float) -> AsyncIterator[Client]:
        """A client of the server. Raises `InvalidInput` and `AddressForbidden`."""
        self.guard.checked(self.url)
        headers = {"authorization": f"Bearer {self.token()}"} if self.token is not None else {}
        transport = _Guarded(self.guard)
        async with httpx2.AsyncClient(
            transport=transport, headers=headers, timeout=timeout, trust_env=False, follow_redirects=False
        ) as http:
            way = streamable_http_client(self.url, http_client=http)
            async with Client(way, read_timeout_seconds=timeout, cache=None) as client:
                yield client


class _Guarded(httpx2.AsyncBaseTransport):
    """Connects to an address that was looked at, under the name that was asked for."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await self._guard.addresses(url.host, port)
        except OSError as error:
            raise httpx2.ConnectError(f"there is no host {url.host}") from error
        address = ip_address(found[0].partition("%")[0])
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host=str(address))  # the Host header was made of the name before
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
