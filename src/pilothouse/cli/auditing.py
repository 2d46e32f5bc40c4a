"""What the commands on the audit log do: a server, or this machine's own Pilothouse, is asked by the API."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from pilothouse.cli.remote import RemoteClient
from pilothouse.cli.tables import document, listed
from pilothouse.errors import PilothouseError

API = "/audit"


class ProofWrong(PilothouseError):
    """The server's proof proves nothing."""

    code = "audit_proof_wrong"


async def show_all(client: RemoteClient, wanted: Mapping[str, Any], limit: int, *, as_json: bool) -> None:
    """Print the wanted entries."""
    params = {name: value for name, value in wanted.items() if value is not None}
    items = await client.every(f"{API}/entries", params, limit)
    if as_json:
        document(items)
        return
    rows = [
        [_place(item), item["at"], item["kind"], item["actor"], item["subject"], item["id"]] for item in items
    ]
    listed(("place", "at", "kind", "actor", "subject", "id"), rows, "There are none.", whole=("id",))


async def show(client: RemoteClient, entry: str, *, as_json: bool) -> None:
    """Print all there is to know of an entry."""
    found = await client.ask("GET", f"{API}/entries/{_id(entry)}")
    if as_json:
        document(found)
        return
    for name in ("id", "position", "at", "kind", "actor", "subject", "run_id", "step", "append"):
        if found[name] is not None:
            typer.echo(f"{name:<10}{found[name]}")
    for name, value in found["details"].items():
        typer.echo(f"  {name}: {value}")


async def proof(client: RemoteClient, entry: str, size: int | None) -> None:
    """Print a proof that was checked. Raises `ProofWrong`."""
    from pilothouse.audit.tree import includes, leaf_hash

    params = {} if size is None else {"size": size}
    found = await client.ask("GET", f"{API}/entries/{_id(entry)}/proof", params=params)
    leaf = (await client.ask("GET", f"{API}/entries/{_id(entry)}"))["leaf"]
    path = [base64.b64decode(node) for node in found["path"]]
    root = base64.b64decode(found["root"])
    if not includes(root, found["size"], found["position"], leaf_hash(leaf.encode()), path):
        raise ProofWrong(hint="Export the log and verify it.")
    document(found)


async def heads(client: RemoteClient, limit: int, *, sign: bool, note: bool, as_json: bool) -> None:
    """Print heads, or the newest one as it is signed."""
    if sign:
        await client.ask("POST", f"{API}/heads")
    items = (await client.ask("GET", f"{API}/heads", params={"limit": 1 if note else limit}))["items"]
    if note:
        typer.echo("".join(item["note"] for item in items), nl=False)
    elif as_json:
        document(items)
    else:
        rows = [[f"{item['size']:,}", item["at"], item["key_id"], item["root"]] for item in items]
        listed(("size", "at", "key", "root"), rows, "There are none.")


async def export(client: RemoteClient, to: Path, written: str) -> None:
    """Write the log to a file, which appears when it is whole."""
    draft = to.with_name(f".{to.name}.part")
    size = 0
    try:
        with draft.open("wb") as file:
            async for piece in client.pieces(f"{API}/export?format={written}"):
                size += file.write(piece)
        draft.rename(to)
    finally:
        draft.unlink(missing_ok=True)
    typer.echo(f"{to}: {size:,} bytes")


async def key(client: RemoteClient, *, as_json: bool) -> None:
    """Print the public key."""
    found = await client.ask("GET", f"{API}/key")
    if as_json:
        document(found)
    else:
        typer.echo(found["pem"], nl=False)


async def keep(client: RemoteClient, days: int | None, *, always: bool, as_json: bool) -> None:
    """Say or show how long entries are kept."""
    if days is not None or always:
        await client.ask("PUT", f"{API}/retention", json={"days": None if always else days})
    found = await client.ask("GET", f"{API}/retention")
    if as_json:
        document(found)
        return
    rule = "for ever" if found["days"] is None else f"for {found['days']:,} days, and until exported"
    typer.echo(f"Entries are kept {rule}. {found['first']:,} have left; {found['exported']:,} are exported.")
    for one in found["holds"]:
        until = f"released {one['released_at']}" if one["released_at"] else "holds"
        typer.echo(f"  {one['id']}  {until}: {one['reason']}")


async def hold(client: RemoteClient, reason: str) -> None:
    """Make a hold."""
    typer.echo((await client.ask("POST", f"{API}/holds", json={"reason": reason}))["id"])


async def release(client: RemoteClient, hold_id: str) -> None:
    """Release a hold."""
    await client.ask("POST", f"{API}/holds/{_id(hold_id)}/release")
    typer.echo("released")


def _id(text: str) -> str:
    from pilothouse.kit import ids

    return str(ids.parse(text))


def _place(item: Mapping[str, Any]) -> str:
    return "-" if item["position"] is None else f"{item['position']:,}"
