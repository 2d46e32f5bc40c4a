"""Makes backups, lists and verifies them, and lets go of old ones."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import structlog

from pilothouse.backups import checking, programs
from pilothouse.backups.depots import ABANDONED, MANIFEST, Depot
from pilothouse.backups.errors import BackupFailed, BackupRunning
from pilothouse.backups.repository.source import Ledger, Shown, Snapshot, is_named, ledger, snapshot
from pilothouse.backups.schemas import Kept, Kind, Manifest, Outcome, Record
from pilothouse.errors import NotFound, PilothouseError
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.runtime.ports import ArtifactStore

log = structlog.get_logger(__name__)

DATABASE = "database"
SHOWN = 20


@dataclass
class Copied:
    """What became of the contents that a snapshot names."""

    number: int = 0
    size: int = 0
    new: int = 0
    missing: tuple[str, ...] = ()


class Backups:
    """The backups of one database in one place.

    `conninfo` leads straight to the server: a pooler's connections have no state of their own.
    """

    def __init__(
        self, conninfo: str, store: ArtifactStore, depot: Depot, *, clock: Clock, ids: Ids | None = None
    ) -> None:
        """Nothing is opened yet."""
        self.depot = depot
        self._conninfo = conninfo
        self._store = store
        self._clock = clock
        self._ids = ids or Ids()

    @asynccontextmanager
    async def alone(self, kind: Kind = Kind.DUMP) -> AsyncIterator[Ledger]:
        """Be the only process that makes backups of this kind. Raises `BackupRunning`."""
        async with ledger(self._conninfo) as lines:
            if not await lines.claim(kind):
                raise BackupRunning("Another process makes a backup now.", hint="Wait for it to end.")
            yield lines

    def new_id(self) -> str:
        """A name for a backup that begins now; names sort by time."""
        now = self._clock.now()
        return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond // 1000:03x}{self._ids.new().hex[-3:]}"

    async def take(self, lines: Ledger, kind: Kind = Kind.DUMP) -> Manifest:
        """Make a backup, verified and whole, or none at all.

        Raises what kept it from being made; the ledger and the log tell it as well.
        """
        started = self._clock.now()
        backup_id = self.new_id()
        await lines.begun(
            Record(
                id=backup_id,
                kind=kind,
                place=self.depot.where,
                outcome=Outcome.RUNNING,
                started_at=started,
            )
        )
        try:
            manifest = await self._made(backup_id, kind)
        except asyncio.CancelledError:
            await asyncio.shield(lines.ended(backup_id, Outcome.INTERRUPTED, None, "Its process was ended."))
            raise
        except Exception as error:
            reason = (
                error.message if isinstance(error, PilothouseError) else f"{type(error).__name__}: {error}"
            )
            told = {"backup": backup_id, "place": self.depot.where, "reason": reason}
            log.error("backup_failed", **told, exc_info=not isinstance(error, PilothouseError))  # noqa: TRY400 - expected ones have no traceback
            await lines.ended(backup_id, Outcome.FAILED, None, reason)
            raise
        detail = f"{len(manifest.missing)} contents are missing" if manifest.missing else ""
        await lines.ended(backup_id, Outcome.COMPLETE, manifest, detail)
        size, seconds = manifest.size, round(manifest.seconds, 1)
        log.info("backup_made", backup=backup_id, kind=kind.value, bytes=size, seconds=seconds)
        return manifest

    async def _made(self, backup_id: str, kind: Kind) -> Manifest:
        started = self._clock.now()
        async with self._drafting(backup_id) as draft:
            async with snapshot(self._conninfo) as seen:
                shown = seen.shown
                target = draft / DATABASE
                if kind is Kind.DUMP:
                    given = (shown.schema, shown.snapshot, shown.server_version)
                    made_by = await programs.dump(self._conninfo, *given, target)
                else:
                    made_by = await programs.base(self._conninfo, shown.server_version, target)
                copied = await self._copy_contents(seen, draft)
                counts, grants = await seen.counts(), await seen.grants()
            files = await asyncio.to_thread(checking.kept, draft)
            manifest = self._manifest(backup_id, kind, shown, copied, files, counts, made_by=made_by)
            manifest = manifest.model_copy(update={"started_at": started, "grants": grants})
            await asyncio.to_thread((draft / MANIFEST).write_text, manifest.model_dump_json(indent=2) + "\n")
            await asyncio.to_thread(checking.check_files, draft, manifest)
            await asyncio.to_thread(self.depot.publish, backup_id, draft)
        return manifest

    def _manifest(
        self,
        backup_id: str,
        kind: Kind,
        shown: Shown,
        copied: Copied,
        files: Sequence[Kept],
        counts: tuple[int, int],
        *,
        made_by: int,
    ) -> Manifest:
        now = self._clock.now()
        return Manifest(
            id=backup_id,
            kind=kind,
            pilothouse=version("pilothouse"),
            schema_revision=shown.revision,
            schema_name=shown.schema,
            server_version=shown.server_version,
            programs=made_by,
            started_at=now,
            snapshot_at=shown.at,
            finished_at=now,
            database_bytes=shown.database_bytes,
            runs=counts[0],
            entries=counts[1],
            artifacts=copied.number,
            artifact_bytes=copied.size,
            missing=copied.missing,
            files=tuple(files),
        )

    async def _copy_contents(self, seen: Snapshot, draft: Path) -> Copied:
        """Copy the contents that the snapshot names and the depot lacks.

        A content is stored before the entry that names it is committed, and this reads the names from the
        very snapshot of the dump: whatever the dump names was there before. What retention has removed since,
        with the run that it belonged to, is listed as missing.
        """
        there = await asyncio.to_thread(self.depot.contents)
        copied, missing = Copied(), list[str]()
        with gzip.open(draft / checking.ARTIFACTS, "wt", encoding="utf-8", compresslevel=1) as lines:
            async for tenant, sha256, size in seen.contents():
                name = f"{tenant}/{sha256}"
                lines.write(json.dumps([tenant, sha256, size]) + "\n")
                if name not in there:
                    if not await self._copied(tenant, sha256, draft):
                        missing.append(name)
                        continue
                    copied.new += 1
                copied.number += 1
                copied.size += size
        copied.missing = tuple(missing)
        return copied

    async def _copied(self, tenant: str, sha256: str, draft: Path) -> bool:
        """Copy one content; False, with an error in the log, where the store does not have it."""
        file, said = draft / ".content", hashlib.sha256()
        try:
            with file.open("wb") as target:
                async for piece in self._store.read(tenant, sha256):
                    said.update(piece)
                    await asyncio.to_thread(target.write, piece)
        except NotFound:
            file.unlink(missing_ok=True)
            if await is_named(self._conninfo, tenant, sha256):
                log.error("backup_lacks_content", tenant_id=tenant, sha256=sha256)  # noqa: TRY400 - it is told
            return False
        if said.hexdigest() != sha256:
            raise BackupFailed(f"The content {tenant}/{sha256} is damaged where artifacts are kept.")
        await asyncio.to_thread(self.depot.put_content, f"{tenant}/{sha256}", file)
        return True

    async def keep_contents(self) -> None:
        """Copy the contents that the database names now and the depot lacks, without a backup."""
        async with self._drafting(f"contents-{self.new_id()}") as draft, snapshot(self._conninfo) as seen:
            await self._copy_contents(seen, draft)

    @asynccontextmanager
    async def _drafting(self, name: str) -> AsyncIterator[Path]:
        drafting = self.depot.drafting(name)
        draft = await asyncio.to_thread(drafting.__enter__)
        try:
            yield draft
        finally:
            await asyncio.shield(asyncio.to_thread(drafting.__exit__, None, None, None))

    async def listed(self) -> list[Manifest]:
        """The backups that are there, the newest first."""
        return await asyncio.to_thread(listed, self.depot)

    async def prune(self, keep: int, kind: Kind = Kind.DUMP) -> list[str]:
        """Remove all but the newest `keep` (1 or more) backups of a kind, and contents that none names.

        Only what is complete counts and is removed, so that the last good one always stays.
        """
        return await asyncio.to_thread(_prune, self.depot, max(keep, 1), kind)


def listed(depot: Depot) -> list[Manifest]:
    """The backups in a place, the newest first; one whose manifest cannot be read is told in the log."""
    found = []
    for backup_id in reversed(depot.ids()):
        try:
            found.append(checking.manifest_of(depot, backup_id))
        except PilothouseError as error:
            log.warning("backup_unreadable", backup=backup_id, reason=str(error))
    return found


def verify(depot: Depot, backup_id: str) -> Manifest:
    """Read the whole of a backup. Raises `BackupDamaged`, naming the first file that is not as it was."""
    manifest = checking.manifest_of(depot, backup_id)
    with depot.fetched(backup_id) as folder, tempfile.TemporaryDirectory() as work:
        checking.check_files(folder, manifest)
        checking.check_contents(depot, folder, manifest, Path(work))
    return manifest


def _prune(depot: Depot, keep: int, kind: Kind) -> list[str]:
    every = listed(depot)
    old = [manifest.id for manifest in every if manifest.kind is kind][keep:]
    for backup_id in old:
        depot.remove(backup_id)
        log.info("backup_removed", backup=backup_id, place=depot.where)
    depot.clean()
    if not old or len(every) != len(depot.ids()) + len(old):  # one that cannot be read names who knows what
        return old
    named = set[str]()
    for backup_id in depot.ids():
        with depot.fetched(backup_id) as folder:
            named |= {f"{tenant}/{sha256}" for tenant, sha256, _ in checking.contents_of(folder)}
    for name, age in depot.contents().items():
        if name not in named and age > ABANDONED:
            depot.remove_content(name)
    return old
