"""Brings the embedded database back to a moment, from the archive: its files, its WAL and the contents."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import structlog

from pilothouse.backups import archive, checking
from pilothouse.backups.depots import FolderDepot
from pilothouse.backups.errors import BackupDamaged, RestoreFailed
from pilothouse.backups.repository import target as queries
from pilothouse.backups.repository.source import snapshot
from pilothouse.backups.repository.target import Target
from pilothouse.backups.restoring import assert_known, has
from pilothouse.backups.schemas import Manifest, Restored
from pilothouse.backups.service import DATABASE
from pilothouse.errors import NotFound
from pilothouse.kit.postgres.archiving import Archive
from pilothouse.kit.postgres.recovering import Base, recover
from pilothouse.runtime.ports import ArtifactStore

log = structlog.get_logger(__name__)


async def rewind(
    data: Path,
    source: Archive,
    until: dt.datetime | None,
    *,
    head: str,
    migrate: Callable[[str], object],
    store: ArtifactStore,
) -> Restored:
    """Bring the folder `data` back to the moment `until`, or as far as the archive goes (None).

    The newest copy of the files from before that moment is checked first, and the server's former files are
    kept aside. Raises `NotFound` where there is no such copy, `BackupDamaged`, `BackupTooNew`, `InUse`,
    `StartFailed` with what the server says; the database is as it was then.
    """
    began = time.monotonic()
    depot = FolderDepot(source.folder)
    found = await asyncio.to_thread(archive.leading, depot)
    fitting = [manifest for manifest in found if until is None or manifest.finished_at <= until]
    if not fitting:
        raise NotFound(
            f"There is no copy of the server's files from before {until or 'now'} in {depot.where}.",
            hint=f"The oldest is of {found[-1].finished_at:%Y-%m-%d %H:%M:%S} UTC." if found else None,
        )
    manifest, requeued = fitting[0], 0

    def settle(conninfo: str) -> None:
        nonlocal requeued
        requeued = asyncio.run(_settle(conninfo, manifest, migrate))

    assert_known(manifest, head)
    await asyncio.to_thread(checking.check_files, depot.folder / manifest.id, manifest)
    base = Base(depot.folder / manifest.id / DATABASE, manifest.server_version // 10_000)
    aside = await asyncio.to_thread(recover, data, base, source, until, settle)
    done = await _contents(data, depot, store)
    told = {"requeued": requeued, "seconds": time.monotonic() - began, "aside": str(aside) if aside else None}
    return done.model_copy(update={"id": manifest.id, **told})


async def _settle(conninfo: str, manifest: Manifest, migrate: Callable[[str], object]) -> int:
    """Put right what was true of processes that are gone, before anybody else is let in."""
    try:
        await asyncio.to_thread(migrate, conninfo)
        async with Target(conninfo).connected() as connection:
            return await queries.settle(connection, manifest.schema_name, manifest.id)
    except psycopg.Error as error:
        raise RestoreFailed(f"The recovered database refused: {error}".strip()) from error


async def _contents(data: Path, depot: FolderDepot, store: ArtifactStore) -> Restored:
    """Put back the contents that the recovered database names and the store lacks."""
    from pilothouse.kit import postgres

    number, missing = 0, list[str]()
    attachment = await asyncio.to_thread(postgres.attach, data)
    try:
        with tempfile.TemporaryDirectory() as work:
            async with snapshot(attachment.dsn) as seen:
                runs, entries = await seen.counts()
                async for tenant, sha256, size in seen.contents():
                    number += 1
                    if not await has(store, tenant, sha256, size) and not await _put(
                        depot, store, tenant, sha256, Path(work)
                    ):
                        missing.append(f"{tenant}/{sha256}")
    finally:
        await store.close()
        await asyncio.to_thread(attachment.close)
    return Restored(
        id="", runs=runs, entries=entries, artifacts=number, requeued=0, seconds=0, missing=tuple(missing)
    )


async def _put(depot: FolderDepot, store: ArtifactStore, tenant: str, sha256: str, work: Path) -> bool:
    """Put one content; False, with an error in the log, where the archive does not have it whole."""
    try:
        path = await asyncio.to_thread(
            checking.whole_content, depot, f"{tenant}/{sha256}", work, "the archive"
        )
    except BackupDamaged as error:
        log.error("content_not_restored", tenant_id=tenant, sha256=sha256, reason=str(error))  # noqa: TRY400 - expected, and told
        return False
    await store.put(tenant, sha256, await asyncio.to_thread(path.read_bytes))
    return True
