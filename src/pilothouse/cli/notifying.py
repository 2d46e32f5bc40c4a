"""What `pilothouse notify` does, and what it prints. A server and this machine's own are asked by the API."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput, NotFound

TARGETS = "/notifications/targets"
PAGE = 200


async def show_all(client: RemoteClient, *, as_json: bool) -> bool:
    """Print the targets."""
    items = await _targets(client)
    if as_json:
        return _document(items)
    rows = [
        (
            *(item["id"], item["name"], item["shown"]),
            ", ".join(item["events"]) or "all",
            ", ".join(item["roles"]) or "all",
            f"{item['addressee'] or '-'}{' with links' if item['links'] else ''}",
            item["disabled_because"] or "on",
        )
        for item in items
    ]
    headings = ("id", "name", "where", "events", "roles", "person", "state")
    return _table(headings, rows, "Nobody is told anything. Add a target: pilothouse notify add")


async def add(client: RemoteClient, given: dict[str, Any], url: str, *, as_json: bool) -> bool:
    """Add a target; the address may be read from standard input, so that no history of a shell has it."""
    address = sys.stdin.readline().strip() if url == "-" else url
    if not address:
        raise InvalidInput("There is no address.", hint="Write it as the first line of standard input.")
    made = await client.ask("POST", TARGETS, json=given | {"url": address})
    return _secret(made, as_json=as_json)


async def remove(client: RemoteClient, which: str) -> bool:
    """Remove a target."""
    item = await _found(client, which)
    await client.ask("DELETE", f"{TARGETS}/{item['id']}")
    return _print(f"removed: {item['name']}")


async def enable(client: RemoteClient, which: str) -> bool:
    """Send to a target again."""
    item = await _found(client, which)
    await client.ask("POST", f"{TARGETS}/{item['id']}/enable")
    return _print(f"on again: {item['name']}")


async def rotate(client: RemoteClient, which: str, overlap: int, *, as_json: bool) -> bool:
    """Give a webhook a new secret."""
    item = await _found(client, which)
    made = await client.ask("POST", f"{TARGETS}/{item['id']}/rotate", json={"overlap": overlap})
    return _secret(made, as_json=as_json)


async def test(client: RemoteClient, which: str, *, as_json: bool) -> bool:
    """Send a test; whether it was taken."""
    item = await _found(client, which)
    done = await client.ask("POST", f"{TARGETS}/{item['id']}/test", timeout=60)
    if as_json:
        _document(done)
    elif done["status"] == "sent":
        _print(f"sent: {item['name']} has taken it{_answered(done)}")
    else:
        _print(f"not sent: {done['reason']}")
    return bool(done["status"] == "sent")


async def deliveries(
    client: RemoteClient, status: str | None, which: str | None, limit: int, *, as_json: bool
) -> bool:
    """Print messages and what became of them."""
    params: dict[str, Any] = {"limit": limit} | ({"status": status} if status else {})
    if which is not None:
        params["target_id"] = which if _is_id(which) else (await _found(client, which))["id"]
    items = (await client.ask("GET", "/notifications/deliveries", params=params))["items"]
    if as_json:
        return _document(items)
    rows = [
        (
            *(item["id"], item["event"], item["target"]),
            *(f"{item['status']}{_answered(item)}", str(item["attempts"])),
            (item["next_at"] or item["ended_at"] or "")[:16],
            item["reason"],
        )
        for item in items
    ]
    headings = ("id", "event", "target", "state", "attempts", "next or last", "why")
    return _table(headings, rows, "No messages.")


async def _targets(client: RemoteClient) -> list[dict[str, Any]]:
    return list((await client.ask("GET", TARGETS, params={"limit": PAGE}))["items"])


async def _found(client: RemoteClient, which: str) -> dict[str, Any]:
    """The target of this name or id; raises `NotFound`."""
    for item in await _targets(client):
        if item["name"] == which or (_is_id(which) and UUID(item["id"]) == UUID(which)):
            return item
    raise NotFound(
        f"There is no target {which[:60]!r}.", hint="`pilothouse notify list` shows what there is."
    )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _answered(item: dict[str, Any]) -> str:
    return f" ({item['answered']})" if item["answered"] else ""


def _secret(made: dict[str, Any], *, as_json: bool) -> bool:
    """Print a new secret and nothing else to standard output; what is to be known goes to standard error."""
    if as_json:
        return _document(made)
    target = made["target"]
    if made["secret"] is None:
        return _print(f"added: {target['name']} ({target['shown']})")
    sys.stderr.write(f"{target['name']} ({target['shown']}): keep this, it is not shown again.\n")
    return _print(made["secret"])


def _document(found: Any) -> bool:
    return _print(json.dumps(found, indent=2))


def _print(text: str) -> bool:
    sys.stdout.write(f"{text}\n")
    return True


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> bool:
    if not rows:
        return _print(nothing)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, heading in enumerate(headings):
        table.add_column(heading, no_wrap=place == 0, min_width=36 if place == 0 else None)
    for row in rows:
        table.add_row(*map(escape, row))
    Console(width=None if sys.stdout.isatty() else 240).print(table, highlight=False)
    return True
