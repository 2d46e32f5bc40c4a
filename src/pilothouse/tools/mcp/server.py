"""An MCP server of somebody else's: its tools as tools of Pilothouse, called by `ctx.act` and nothing else.

Each call opens a connection of its own, and looks first whether the server still is what was approved: a
description that changes between two calls is seen, whether the server tells of it or not.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent
from mcp_types import Tool as Told
from pydantic import JsonValue

from pilothouse.errors import InvalidInput, PilothouseError
from pilothouse.kit.outgoing import Guard
from pilothouse.runtime.context import Context
from pilothouse.runtime.described import Arguments, described
from pilothouse.runtime.ports import Actor
from pilothouse.runtime.signature import checked_name
from pilothouse.tools.mcp.pins import Description, Offered, Pin, allowed
from pilothouse.tools.mcp.transports import Process, ServerUnavailable, Way, Web
from pilothouse.tools.tool import Tool

TIMEOUT = 30.0
MOST_BYTES = 1 << 20
MOST_TOOLS = 500
_UNFIT = re.compile("[^A-Za-z0-9_-]")


class McpCallFailed(PilothouseError):
    """A tool of an MCP server says that it failed."""

    code = "mcp_call_failed"


@dataclass(frozen=True)
class McpServer:
    """An MCP server, pinned by the file `pin`.

    `allow` names its tools that may be called (None: all that were approved), `idempotent` those that may be
    called again after a crash. `timeout` is in seconds for a call with its connection, `most_bytes` what a
    result may have as JSON.
    """

    name: str
    way: Way = field(repr=False)
    pin: Pin = field(repr=False)
    allow: frozenset[str] | None = None
    idempotent: frozenset[str] = frozenset()
    timeout: float = TIMEOUT
    most_bytes: int = MOST_BYTES

    @classmethod
    def stdio(
        cls,
        name: str,
        command: str,
        *arguments: str,
        pin: str | Path,
        environment: Mapping[str, str] | None = None,
        folder: str | None = None,
        **options: Any,
    ) -> McpServer:
        """A server that is started as a process, with PATH and `environment` and nothing else of ours."""
        way = Process(command, arguments, dict(environment or {}), folder)
        return cls._made(name, way, pin, **options)

    @classmethod
    def http(
        cls,
        name: str,
        url: str,
        *,
        pin: str | Path,
        token: Callable[[], str] | None = None,
        private: Iterable[str] = (),
        **options: Any,
    ) -> McpServer:
        """A server at a web address, in the internet or in networks that are named as `private`.

        `token` gives what is sent as its bearer token, when it is needed.
        """
        return cls._made(name, Web(url, Guard(private), token), pin, **options)

    @classmethod
    def _made(
        cls,
        name: str,
        way: Way,
        pin: str | Path,
        *,
        allow: Collection[str] | None = None,
        idempotent: Collection[str] = (),
        timeout: float = TIMEOUT,
        most_bytes: int = MOST_BYTES,
    ) -> McpServer:
        checked_name(name, "MCP server")
        allowing = None if allow is None else frozenset(allow)
        return cls(name, way, Pin(Path(pin)), allowing, frozenset(idempotent), timeout, most_bytes)

    @property
    def tools(self) -> Sequence[Tool[Any, Any]]:
        """The tools that were approved, called by the server's name and theirs; none before any were.

        Raises `PinInvalid`, and `InvalidInput` where two would have one name.
        """
        approved = self.pin.approved()
        offered = () if approved is None else allowed(approved.tools, self.allow)
        made = [self._tool(each) for each in offered]
        names = [tool.name for tool in made]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InvalidInput(
                f"Tools of the MCP server {self.name} would have one name: {', '.join(twice)}.",
                hint="Leave one out by allow=.",
            )
        return tuple(made)

    async def offered(self, ctx: Context) -> Sequence[Actor[Any, Any]]:
        """The approved tools for a model of an agent (`mcp=[server]`): nobody is asked but the pin.

        A replay after another approval may offer others; what was answered before is in the journal. Raises
        as `tools`.
        """
        return await asyncio.to_thread(lambda: self.tools)

    async def describe(self) -> Description:
        """What the server says of itself now. Raises `ServerUnavailable`."""
        async with self._connected() as client:
            return await self._description(client)

    async def approve(self, pin: str) -> Description:
        """Approve the server as it is now, which has to be what `pin` says. Raises `InvalidInput`."""
        now = await self.describe()
        if now.pin != pin:
            raise InvalidInput(f"The MCP server {self.name} is {now.pin} now, not {pin}: look at it again.")
        self.pin.approve(now)
        return now

    def _tool(self, offered: Offered) -> Tool[Any, Any]:
        name = f"{self.name}_{_UNFIT.sub('_', offered.name)}"

        async def call(_: Context, arguments: Arguments) -> JsonValue:
            return await self._call(offered.name, arguments)

        signature = described(checked_name(name, "tool"), offered.description, offered.input_schema, call)
        again = offered.name in self.idempotent
        return Tool(name, signature, idempotent=again, timeout=self.timeout + 10, from_outside=True)

    async def _call(self, name: str, arguments: Arguments) -> JsonValue:
        async with self._connected() as client:
            self.pin.insist(self.name, await self._description(client))
            result = await client.call_tool(name, dict(arguments))
        return self._read(name, result)

    def _read(self, name: str, result: CallToolResult) -> JsonValue:
        """What a call gave: its structured result, else its text; of anything else, what it is."""
        parts = [
            part.text if isinstance(part, TextContent) else f"[{part.type} left out]"
            for part in result.content
        ]
        text = "\n".join(parts)
        if result.is_error:
            raise McpCallFailed(f"{name} of the MCP server {self.name} failed: {text[:2_000]}")
        found: JsonValue = text if result.structured_content is None else result.structured_content
        size = len(orjson.dumps(found))
        if size > self.most_bytes:
            raise McpCallFailed(f"{name} of {self.name} gave {size:,} bytes, of at most {self.most_bytes:,}.")
        return found

    async def _description(self, client: Client) -> Description:
        told: list[Told] = []
        cursor: str | None = None
        while True:
            page = await client.list_tools(cursor=cursor)
            told += page.tools
            if len(told) > MOST_TOOLS:
                raise ServerUnavailable(f"The MCP server {self.name} offers more than {MOST_TOOLS} tools.")
            cursor = page.next_cursor
            if not cursor:
                break
        about = client.server_info
        return Description(
            name=about.name if about else "",
            version=about.version if about else "",
            instructions=client.instructions,
            tools=allowed([_offered(each) for each in told], self.allow),
        )

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Client]:
        """A client for one use; what goes wrong on the way is told of the server."""
        try:
            async with asyncio.timeout(self.timeout), self.way.connected(self.timeout) as client:
                yield client
        except TimeoutError as error:
            raise ServerUnavailable(
                f"The MCP server {self.name} did not answer within {self.timeout:g} s."
            ) from error
        except Exception as error:
            known = _known(error)
            if known is not None:
                raise known from error
            raise ServerUnavailable(f"The MCP server {self.name} cannot be used: {_why(error)}.") from error


def _offered(told: Told) -> Offered:
    dumped = told.annotations.model_dump(mode="json", exclude_none=True) if told.annotations else None
    return Offered(
        name=told.name,
        description=told.description or "",
        input_schema=told.input_schema,
        output_schema=told.output_schema,
        title=told.title,
        annotations=dumped,
    )


def _known(error: BaseException) -> PilothouseError | None:
    """The error of ours in it, if there is one: a task group wraps what is raised within it."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for each in error.exceptions if (found := _known(each))), None)
    return error if isinstance(error, PilothouseError) else None


def _why(error: BaseException) -> str:
    """What went wrong, and what the server itself said of it last."""
    notes = [*getattr(error, "__notes__", ())]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
        notes += getattr(error, "__notes__", ())
    said = error.error.message if isinstance(error, MCPError) else str(error)
    return f"{' '.join([f'{type(error).__name__}: {said}', *notes])}"[:800]
