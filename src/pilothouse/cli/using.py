"""What `pilothouse usage` works on: this machine's database, or a server over its API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from pilothouse.cli.governing import moment
from pilothouse.cli.opening import Options, on_this_machine, server_named
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.pagination import Page
from pilothouse.usage.schemas import CallQuery, Filters, ShownCall, UsageQuery, UsageReport


class Using(Protocol):
    """What the command asks for."""

    async def report(self, query: UsageQuery) -> UsageReport:
        """Sums."""
        ...

    async def calls(self, query: CallQuery) -> Page[ShownCall]:
        """Calls."""
        ...


def asked(since: str, until: str | None, where: Sequence[str]) -> dict[str, object]:
    """What was said of time and calls, as a query takes it. Raises `InvalidInput`."""
    now = SystemClock().now()
    given: dict[str, object] = {"since": _past(since)}
    if until is not None:
        given["until"] = _past(until)
    known = [name for name in Filters.model_fields if name not in {"since", "until"}]
    for text in where:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            message = f"{text!r} says nothing of a call."
            raise InvalidInput(message, hint=f"Write NAME=VALUE; a name is one of {', '.join(known)}.")
        given[name] = value
    return given | {"until": given.get("until", now)}


def _past(text: str) -> object:
    """A moment, or that from so long ago that `2h` names."""
    now = SystemClock().now()
    found = moment(text, now)
    return now - (found - now) if text.strip()[-1:].isalpha() and text.strip()[-1] != "Z" else found


@asynccontextmanager
async def opened(options: Options, tenant: str | None = None) -> AsyncIterator[Using]:
    """The usage on the server named by `--server`, or in this machine's database, of `tenant` there."""
    async with server_named(options, tenant) as client:
        if client is not None:
            yield RemoteUsage(client)
            return
    from pilothouse.usage.repository import UsageRepository
    from pilothouse.usage.service import UsageBook

    async with (
        on_this_machine(options, tenant) as here,
        here.database.session(here.scope) as session,
    ):
        yield UsageBook(UsageRepository(session, here.scope), SystemClock())


class RemoteUsage:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        """Ask through `client`."""
        self._client = client

    async def report(self, query: UsageQuery) -> UsageReport:
        """Sums. Raises what the server says."""
        return await self._client.told(UsageReport, "GET", "/usage", params=query)

    async def calls(self, query: CallQuery) -> Page[ShownCall]:
        """Calls. Raises what the server says."""
        params = query.model_dump(mode="json", exclude_none=True, exclude={"cursor"})
        return await self._client.told(Page[ShownCall], "GET", "/usage/calls", params=params)
