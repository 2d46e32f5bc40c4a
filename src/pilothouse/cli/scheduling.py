"""What the commands on schedules do. Both a server and this machine's own Pilothouse are asked by the API."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import orjson
from rich.markup import escape

from pilothouse.cli.cards import short
from pilothouse.cli.local import LocalClient
from pilothouse.cli.opening import Options, opened
from pilothouse.cli.remote import RemoteClient
from pilothouse.cli.running import read_input
from pilothouse.cli.schedule_view import listed, state_of, time_in, told
from pilothouse.cli.tables import document, printed
from pilothouse.errors import InvalidInput, NotFound
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.runtime import labels
from pilothouse.schedules.calendar import checked_zone

API = "/schedules"

_LENGTH = re.compile(r"(\d{1,9})\s*([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
NONE = "none"
"""What takes an optional value away."""


@dataclass(frozen=True)
class Said:
    """What was said of a schedule on the command line; None: nothing."""

    text: str | None = None
    file: Path | None = None
    cron: str | None = None
    every: str | None = None
    zone: str | None = None
    start: str | None = None
    end: str | None = None
    missed: str | None = None
    missed_limit: int | None = None
    overlap: str | None = None
    priority: int | None = None
    label: list[str] | None = None
    version: str | None = None

    def members(self, zone: str) -> dict[str, Any]:
        """The members of the API's document; times without an offset are in `zone`, or in what was said."""
        place = ZoneInfo(checked_zone(self.zone or zone))
        given = {
            "input": self._input(),
            "cron": self.cron,
            "interval_seconds": None if self.every is None else seconds(self.every),
            "time_zone": self.zone,
            "missed": self.missed,
            "missed_limit": self.missed_limit,
            "overlap": self.overlap,
            "priority": self.priority,
            "labels": None if self.label is None else labels.parse(self.label, "="),
        }
        taken = {"start_at": self.start, "end_at": self.end, "version": self.version}
        found = {name: value for name, value in given.items() if value is not None}
        for name, text in taken.items():
            if text is not None:
                read = _version if name == "version" else lambda said: _moment(said, place)
                found[name] = None if text == NONE else read(text)
        return found

    def _input(self) -> Any:
        if self.text is None and self.file is None:
            return None
        return orjson.loads(read_input(self.text, self.file))


def seconds(length: str) -> int:
    """The seconds of a length as people write it (90s, 15m, 2h, 1d); raises `InvalidInput`."""
    found = _LENGTH.fullmatch(length.strip())
    if found is None:
        raise InvalidInput(f"--every {length[:40]!r} is no length.", hint="Write it as 90s, 15m, 2h or 1d.")
    return int(found[1]) * _UNITS[found[2]]


class _Here:
    """Nobody comes over a network to an API without a socket: whoever works on the database has signed in."""

    async def authenticate(self, request: object) -> Scope:
        return local_scope()

    async def still_holds(self, request: object, scope: Scope) -> bool:
        return True


async def with_client(options: Options, work: Callable[[RemoteClient], Awaitable[Any]]) -> None:
    """Do `work` with a client of the server, or of this process's own API over the local database."""
    async with opened(options) as client:
        if isinstance(client, RemoteClient):
            await work(client)
        elif isinstance(client, LocalClient):
            from pilothouse.server import Serving

            serving = Serving(client.pilothouse, execute=False, authenticator=_Here())
            transport = httpx.ASGITransport(serving.api, raise_app_exceptions=False)
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                    await work(RemoteClient(http))
            finally:
                await serving.database.close()


async def show_all(client: RemoteClient, query: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the wanted schedules."""
    params = {name: value for name, value in query.items() if value is not None}
    items = await client.every(API, params)
    if as_json:
        document(items)
        return
    listed(items)


async def show(client: RemoteClient, which: str, *, as_json: bool) -> None:
    """Print all there is to know of a schedule."""
    found = await client.ask("GET", await _path(client, which))
    told(found, as_json=as_json)


async def following(client: RemoteClient, which: str, count: int, *, as_json: bool) -> None:
    """Print the next fires of a schedule."""
    found = await client.ask("GET", await _path(client, which), params={"fires": count})
    fires = found["next_fires"]
    if as_json:
        document(fires)
    elif not fires:
        printed(f"{found['name']} is {state_of(found)}: it fires no more by itself.")
    for fire in () if as_json else fires:
        printed(f"{time_in(fire, found['time_zone'])}  ({fire})")


async def create(client: RemoteClient, wanted: Mapping[str, Any], said: Said, *, as_json: bool) -> None:
    """Make a schedule."""
    told(await client.ask("POST", API, json={**wanted, **said.members("UTC")}), as_json=as_json)


async def edit(
    client: RemoteClient, which: str, wanted: Mapping[str, Any], said: Said, *, as_json: bool
) -> None:
    """Change a schedule, unless somebody else has changed it meanwhile."""
    path = await _path(client, which)
    now = await client.ask("GET", path)
    changes = {**wanted, **said.members(now["time_zone"])}
    if not changes:
        raise InvalidInput("Nothing is to be changed.", hint="See `pilothouse schedules edit --help`.")
    tag = {"If-Match": f'"{now["edition"]}"'}
    told(await client.ask("PATCH", path, json=changes, headers=tag), as_json=as_json)


async def turn(client: RemoteClient, which: str, what: str, *, as_json: bool) -> None:
    """Pause or resume a schedule."""
    found = await client.ask("POST", f"{await _path(client, which)}/{what}")
    if as_json:
        document(found)
        return
    following = f"; next: {time_in(found['next_at'], found['time_zone'])}" if found["next_at"] else ""
    printed(f"{escape(found['name'])} is {state_of(found)}{following}")


async def trigger(client: RemoteClient, which: str, key: str | None, *, as_json: bool) -> None:
    """Make a run of a schedule now."""
    headers = {} if key is None else {"Idempotency-Key": key}
    run = await client.ask("POST", f"{await _path(client, which)}/trigger", headers=headers)
    if as_json:
        document(run)
        return
    printed(f"run {run['id']} of {escape(run['workflow'])}: {run['status']}")
    printed(f"follow it: pilothouse watch {short(run['id'])}")


async def delete(client: RemoteClient, which: str) -> None:
    """Delete a schedule."""
    await client.ask("DELETE", await _path(client, which))
    printed(f"deleted {escape(which)}")


async def _path(client: RemoteClient, which: str) -> str:
    """The path of the schedule that is called so, or has that id; raises `NotFound`."""
    try:
        return f"{API}/{UUID(which)}"
    except ValueError:
        found = (await client.ask("GET", API, params={"name": which}))["items"]
    if not found:
        raise NotFound(
            f"There is no schedule {which[:60]!r}.", hint="`pilothouse schedules list` shows them."
        )
    return f"{API}/{found[0]['id']}"


def _moment(text: str, place: ZoneInfo) -> str:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text[:40]!r} is no time.", hint="Write it as 2030-01-31T08:00.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=place)).isoformat()


def _version(text: str) -> int:
    if not text.isdecimal():
        raise InvalidInput(f"--version {text[:40]!r} is no number.", hint="`none` means the newest.")
    return int(text)
