"""`pilothouse upload`: a file for runs to read, sent to a server or kept by this machine's own Pilothouse."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.cli.tables import document
from pilothouse.errors import InvalidInput

if TYPE_CHECKING:
    from pilothouse.cli.local import LocalClient
    from pilothouse.cli.opening import Options
    from pilothouse.cli.remote import RemoteClient

PIECE = 1 << 18
"""Bytes that are read and sent at once."""


async def upload(options: Options, file: Path, name: str | None, *, as_json: bool) -> None:
    """Upload a file and tell its id. Raises `InvalidInput` where it cannot be read, and what was refused."""
    from pilothouse.cli.local import LocalClient
    from pilothouse.cli.opening import opened
    from pilothouse.cli.remote import RemoteClient

    async with opened(options) as client:
        pieces, called = _pieces(file, show=sys.stderr.isatty() and not as_json), name or file.name
        if isinstance(client, RemoteClient):
            found = await _sent(client, pieces, called, await asyncio.to_thread(_size, file))
        elif isinstance(client, LocalClient):
            found = await _kept(client, pieces, called)
        else:
            raise TypeError(client)
    if as_json:
        document(found)
        return
    flags = f", {', '.join(found['flags'])}" if found["flags"] else ""
    sys.stdout.write(f"{found['id']}\n")
    sys.stderr.write(f"{found['name']}: {found['media_type']}, {found['size']:,} bytes{flags}\n")


async def _sent(client: RemoteClient, pieces: AsyncIterator[bytes], name: str, size: int) -> dict[str, Any]:
    headers = {"content-type": "application/octet-stream", "content-length": str(size)}
    asked = {"params": {"name": name}, "content": pieces, "headers": headers, "timeout": 600}
    return dict(await client.ask("POST", "/uploads", **asked))


async def _kept(client: LocalClient, pieces: AsyncIterator[bytes], name: str) -> dict[str, Any]:
    from pilothouse.app import data_folder
    from pilothouse.kit.clock import SystemClock
    from pilothouse.kit.scope import local_scope
    from pilothouse.kit.session import Database
    from pilothouse.uploads.room import bounds_of
    from pilothouse.uploads.service import Receiving

    pilothouse, settings = client.pilothouse, client.pilothouse.settings
    database = Database(pilothouse.conninfo, connections=1, prepare=settings.prepares)
    try:
        receiving = Receiving(
            database,
            pilothouse.artifacts,
            pilothouse.vault,
            pilothouse.engine.ids,
            SystemClock(),
            folder=data_folder(settings) / "incoming",
            largest=settings.upload_max_bytes,
            scope=local_scope(),
            bounds=bounds_of(settings),
            guard=pilothouse.engine.guard,
        )
        return (await receiving.receive(pieces, lambda: (name, ""))).model_dump(mode="json")
    finally:
        await database.close()


def _size(file: Path) -> int:
    return file.stat().st_size


async def _pieces(file: Path, *, show: bool) -> AsyncIterator[bytes]:
    """The file's bytes; how far they are is shown on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    try:
        size, opened = await asyncio.to_thread(_size, file), await asyncio.to_thread(file.open, "rb")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from error
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with opened, Progress(*columns, console=Console(stderr=True), disable=not show, transient=True) as bar:
        task = bar.add_task("uploading", total=size)
        while piece := await asyncio.to_thread(opened.read, PIECE):
            yield piece
            bar.advance(task, len(piece))
