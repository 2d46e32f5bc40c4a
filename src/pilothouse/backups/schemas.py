"""What a backup says of itself: its manifest, and the line about it in the database."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

FORMAT = 1
"""The newest layout of backups that this version knows."""


class Kind(StrEnum):
    """What a backup holds: a dump of the schema, or the files of the whole embedded server."""

    DUMP = "dump"
    BASE = "base"


class Outcome(StrEnum):
    """How a backup went. One whose process died is `interrupted`."""

    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Kept(BaseModel):
    """A file of a backup: its path below the backup, its size in bytes and its SHA-256."""

    model_config = ConfigDict(frozen=True)

    path: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """What a backup is, as of the one moment that its dump shows (`snapshot_at`).

    `server_version` is as PostgreSQL counts (180004), `programs` the major version of what wrote the dump.
    `missing` names contents, as tenant/sha256, that the database names and no store had. `grants` are the
    rights of the database's own roles (role, table, right), which a dump leaves out with all others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    id: str
    kind: Kind
    pilothouse: str
    schema_revision: str
    schema_name: str
    server_version: int
    programs: int
    started_at: dt.datetime
    snapshot_at: dt.datetime
    finished_at: dt.datetime
    database_bytes: int
    runs: int
    entries: int
    artifacts: int
    artifact_bytes: int
    missing: tuple[str, ...] = ()
    grants: tuple[tuple[str, str, str], ...] = ()
    files: tuple[Kept, ...]

    @property
    def size(self) -> int:
        """Bytes of the backup's own files; contents are shared with other backups and not counted."""
        return sum(file.size for file in self.files)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.finished_at - self.started_at).total_seconds()


class Record(BaseModel):
    """A backup as the database remembers it: when, where, how large, and how it went."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: Kind
    place: str
    outcome: Outcome
    started_at: dt.datetime
    finished_at: dt.datetime | None = None
    bytes: int = 0
    detail: str = ""


class Restored(BaseModel):
    """What a restore has done. `aside` is where what was there before is kept, if anything was."""

    model_config = ConfigDict(frozen=True)

    id: str
    runs: int
    entries: int
    artifacts: int
    requeued: int
    seconds: float
    aside: str | None = None
    missing: tuple[str, ...] = ()
