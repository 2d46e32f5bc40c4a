"""Restores a dump: into a database made beside the one there is, which it replaces only once all is well."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import structlog

from pilothouse.backups import checking, programs
from pilothouse.backups.depots import Depot
from pilothouse.backups.errors import BackupTooNew, RestoreFailed
from pilothouse.backups.repository import target as queries
from pilothouse.backups.repository.target import Target
from pilothouse.backups.schemas import Kind, Manifest, Restored
from pilothouse.backups.service import DATABASE
from pilothouse.errors import InvalidInput, NotFound
from pilothouse.runtime.ports import ArtifactStore

log = structlog.get_logger(__name__)

OLDEST_SERVER = 15


@dataclass(frozen=True)
class Destination:
    """Where a backup is restored to.

    `conninfo` leads straight to the server. `open_store` gives the place of artifacts for a database,
    `migrate` brings one to the schema `head`.
    """

    conninfo: str
    open_store: Callable[[str], ArtifactStore]
    migrate: Callable[[str], object]
    head: str


def assert_known(manifest: Manifest, head: str) -> None:
    """Raise `BackupTooNew` for a schema that this version does not know."""
    if manifest.schema_revision > head:
        raise BackupTooNew(
            f"The backup {manifest.id} has schema {manifest.schema_revision}, this version knows {head}.",
            hint=f"Install Pilothouse {manifest.pilothouse} or newer.",
        )


async def restore(depot: Depot, backup_id: str, to: Destination, *, force: bool = False) -> Restored:
    """Restore a dump. What was there before is kept aside where there was anything.

    Versions, files and contents are checked first. Nothing is changed where this raises: `NotFound`,
    `BackupDamaged`, `BackupTooNew`, `NotEmpty`, `StillUsed`, `RestoreFailed`.
    """
    began = time.monotonic()
    manifest = await asyncio.to_thread(checking.manifest_of, depot, backup_id)
    if manifest.kind is not Kind.DUMP:
        raise InvalidInput(
            f"{backup_id} is a copy of a whole server.", hint="Restore it with --at TIME or --at latest."
        )
    assert_known(manifest, to.head)
    target = Target(to.conninfo)
    there = await target.assert_free(manifest.schema_name, force=force)
    fetching = depot.fetched(backup_id)
    folder = await asyncio.to_thread(fetching.__enter__)
    try:
        await asyncio.to_thread(checking.check_files, folder, manifest)
        await asyncio.to_thread(checking.check_presence, depot, folder, manifest)
        filled = f"restoring_{backup_id.lower().replace('-', '_')}"
        aside = f"{target.name}_before_{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}" if there else None
        await target.drop(filled)  # of an attempt that was killed
        try:
            await target.create(filled, manifest.schema_name)
            done = await _fill(target, filled, folder, manifest, to)
            done = await _contents(depot, folder, manifest, to, Target(target.beside(filled)), done)
            exists = await target.exists()
            await target.swap(filled, aside or (f"{target.name}_empty_{filled[-6:]}" if exists else None))
        except BaseException:
            await asyncio.shield(target.drop(filled))
            raise
        if not there and exists:
            await target.drop(f"{target.name}_empty_{filled[-6:]}")
    finally:
        await asyncio.to_thread(fetching.__exit__, None, None, None)
    told = done.model_copy(update={"seconds": time.monotonic() - began, "aside": aside})
    log.info("backup_restored", backup=backup_id, runs=told.runs, requeued=told.requeued, aside=aside)
    return told


async def _fill(target: Target, filled: str, folder: Path, manifest: Manifest, to: Destination) -> Restored:
    """Load the dump into the empty database `filled`, put right what was true of processes, migrate."""
    where, schema = target.beside(filled), manifest.schema_name
    try:
        async with target.connected(filled) as connection:
            version = connection.info.server_version
            if version // 10_000 < OLDEST_SERVER:
                raise RestoreFailed(
                    f"The server has PostgreSQL {version // 10_000}, {OLDEST_SERVER} is needed."
                )
            load = await programs.loading(where, folder / DATABASE, schema, manifest.programs, version)
            with tempfile.TemporaryDirectory() as work:
                contents = Path(work) / "contents"
                await load.list(contents)
                for section in ("pre-data", "data", "post-data"):
                    await load.section(section, contents)
                    if section == "data":
                        await queries.forget_transactions(connection, schema)
            await queries.grant(connection, schema, manifest.grants)
            runs, entries = await queries.counts(connection, schema)
            if (runs, entries) != (manifest.runs, manifest.entries):
                raise RestoreFailed(
                    f"{runs} runs and {entries} entries arrived; the backup {manifest.id} was made of "
                    f"{manifest.runs} and {manifest.entries}."
                )
        await asyncio.to_thread(to.migrate, where)
        async with target.connected(filled) as connection:
            requeued = await queries.settle(connection, schema, manifest.id)
            await queries.analyze(connection)
    except psycopg.Error as error:
        raise RestoreFailed(f"The database refused: {error}".strip()) from error
    return Restored(
        id=manifest.id,
        runs=runs,
        entries=entries,
        artifacts=0,
        requeued=requeued,
        seconds=0,
        missing=manifest.missing,
    )


async def _contents(
    depot: Depot,
    folder: Path,
    manifest: Manifest,
    to: Destination,
    there: Target,
    done: Restored,
) -> Restored:
    """Put the contents that the backup names into the store of artifacts; those that are there stay.

    What the dump itself holds is put, too, where the store is another: a server's backup may be restored
    into a data folder.
    """
    store = to.open_store(there.conninfo)
    try:
        number = await put_contents(depot, folder, manifest, store)
        async with there.connected() as connection:
            for tenant, sha256, size in await queries.inside(connection, manifest.schema_name):
                number += 1
                if not await has(store, tenant, sha256, size):
                    await store.put(tenant, sha256, await queries.content(connection, tenant, sha256))
    finally:
        await store.close()
    return done.model_copy(update={"artifacts": number})


async def put_contents(depot: Depot, folder: Path, manifest: Manifest, store: ArtifactStore) -> int:
    """Put what a backup names and the store lacks; how many contents the backup names. Each is checked."""
    number = 0
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        for tenant, sha256, size in checking.contents_of(folder):
            name = f"{tenant}/{sha256}"
            if name in manifest.missing:
                continue
            number += 1
            if await has(store, tenant, sha256, size):
                continue
            path = await asyncio.to_thread(checking.whole_content, depot, name, work, manifest.id)
            await store.put(tenant, sha256, await asyncio.to_thread(path.read_bytes))
            if path.parent == work:
                path.unlink()
    return number


async def has(store: ArtifactStore, tenant_id: str, sha256: str, size: int) -> bool:
    """Whether a store has a content of this size: its last byte is there."""
    try:
        pieces = [piece async for piece in store.read(tenant_id, sha256, max(size - 1, 0), size)]
    except NotFound:
        return False
    return sum(map(len, pieces)) == min(size, 1)
