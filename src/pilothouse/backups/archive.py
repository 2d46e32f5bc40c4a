"""The archive of the embedded server: which copies of its files there are, and which WAL they still need."""

from __future__ import annotations

import gzip
import json
import re
from typing import NamedTuple

import structlog

from pilothouse.backups.checking import manifest_of
from pilothouse.backups.depots import FolderDepot
from pilothouse.backups.schemas import Kind, Manifest
from pilothouse.backups.service import DATABASE
from pilothouse.kit.postgres.archiving import WAL

log = structlog.get_logger(__name__)

_SEGMENT = re.compile(r"[0-9A-F]{8}([0-9A-F]{16})(\.[0-9A-F]{8}\.backup|\.partial)?\.gz")
_SEGMENT_BYTES = 1 << 24


class Span(NamedTuple):
    """What a copy of the files needs of the WAL: its timeline, and from where to where (in bytes)."""

    timeline: int
    start: int
    end: int

    @property
    def segment(self) -> str:
        """How the name of the first segment ends."""
        return f"{self.start >> 32:08X}{(self.start & 0xFFFFFFFF) // _SEGMENT_BYTES:08X}"


def bases(depot: FolderDepot) -> list[Manifest]:
    """The copies of the server's files, the newest first."""
    found = [manifest_of(depot, backup_id) for backup_id in reversed(depot.ids())]
    return [manifest for manifest in found if manifest.kind is Kind.BASE]


def span_of(depot: FolderDepot, backup_id: str) -> Span:
    """What a copy needs, as pg_basebackup has written it down."""
    said = json.loads(depot.read(f"{backup_id}/{DATABASE}/backup_manifest"))["WAL-Ranges"][0]
    return Span(int(said["Timeline"]), _position(said["Start-LSN"]), _position(said["End-LSN"]))


def leading(depot: FolderDepot) -> list[Manifest]:
    """The copies from which the archive's latest timeline can be reached, the newest first.

    When the database was brought back to a moment, a new timeline began there: copies that were made later
    on the former one lead elsewhere.
    """
    histories = sorted((depot.folder / WAL).glob("????????.history.gz"))
    if not histories:
        return bases(depot)
    latest = int(histories[-1].name[:8], 16)
    limit = float("inf")
    left = {latest: limit}
    # A timeline may be left before it began: one that a restore made, whose moment a later restore preceded.
    for line in reversed(gzip.decompress(histories[-1].read_bytes()).decode().splitlines()):
        if line.strip() and not line.startswith("#"):
            timeline, position = line.split("\t")[:2]
            limit = min(limit, _position(position))
            left[int(timeline)] = limit
    spans = [(manifest, span_of(depot, manifest.id)) for manifest in bases(depot)]
    return [manifest for manifest, span in spans if span.end <= left.get(span.timeline, -1)]


def _position(text: str) -> int:
    """A position in the WAL from how PostgreSQL writes it: two hexadecimal numbers."""
    high, low = (int(part, 16) for part in text.split("/"))
    return high << 32 | low


def newest_timeline(depot: FolderDepot) -> int | None:
    """The timeline of the newest copy; None where there is none."""
    found = bases(depot)
    return span_of(depot, found[0].id).timeline if found else None


def prune(depot: FolderDepot) -> int:
    """Remove the segments that no copy needs any more; how many. Without a copy all stay."""
    needed = [span_of(depot, manifest.id).segment for manifest in bases(depot)]
    gone = 0
    for path in (depot.folder / WAL).glob("*.gz") if needed else ():
        segment = _SEGMENT.fullmatch(path.name)
        if segment and segment[1] < min(needed):
            path.unlink(missing_ok=True)
            gone += 1
    if gone:
        log.info("wal_removed", segments=gone, place=depot.where)
    return gone
