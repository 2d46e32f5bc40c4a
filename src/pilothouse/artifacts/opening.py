"""Which artifact store a process uses, and whether it works: nothing has to be set for many machines."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from pathlib import Path

from pilothouse.artifacts.contents.repository import DatabaseArtifacts
from pilothouse.artifacts.store import ArtifactsUnavailable, ObjectArtifacts
from pilothouse.errors import PilothouseError
from pilothouse.runtime.ports import ArtifactStore

TRIED_AS = "pilothouse-doctor"
"""The tenant under which a store is tried."""

TRIED_BYTES = 64


def open_store(
    url: str | None, database_url: str | None, folder: Path, *, prepare: bool = True
) -> ArtifactStore:
    """The store at `url`; without one the database where it is a server of one's own, else a local folder.

    What an earlier release put into the folder is still found. Raises `SettingsInvalid`.
    """
    if url is not None:
        return ObjectArtifacts.at(url)
    if database_url is None:
        return ObjectArtifacts.local(folder)
    former = ObjectArtifacts.local(folder) if folder.is_dir() else None
    return DatabaseArtifacts(database_url, former, prepare=prepare)


def place(url: str | None, database_url: str | None, folder: Path) -> str:
    """What to call that store before people; never with credentials."""
    if url is not None:
        return url.partition("?")[0]
    return str(folder) if database_url is None else "the database"


async def try_out(store: ArtifactStore, now: dt.datetime) -> None:
    """Put a content, read it and remove it. Raises what went wrong as `PilothouseError`."""
    content = os.urandom(TRIED_BYTES)
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        await store.put(TRIED_AS, sha256, content)
        found = b"".join([piece async for piece in store.read(TRIED_AS, sha256)])
        await store.remove(TRIED_AS, sha256, now + dt.timedelta(days=1))
    except PilothouseError:
        raise
    except Exception as error:
        raise ArtifactsUnavailable(f"{type(error).__name__}: {error}") from error
    if found != content:
        raise ArtifactsUnavailable("What was put was read back differently.")
