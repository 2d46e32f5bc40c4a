"""Archives the server's write-ahead log to a folder, segment by segment, and reads it back.

A segment is compressed into a draft, written to the disk and renamed; one that is there already must be the
same. Where the folder is away the server works on, keeps its log and tries again.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pilothouse.kit.postgres.accounts import Account
from pilothouse.kit.postgres.place import Place
from pilothouse.kit.postgres.programs import way_to

WAL = "wal"
SUFFIX = ".gz"

# In a shell without `pipefail`, hence no pipe on the way to the archive. GNU and BusyBox sync the one file
# or folder that is named, macOS everything.
_KEEP = (
    'd={folder}; f="$d/%f{suffix}"; t="$d/.%f.draft"; '
    'if test -e "$f"; then gzip -dc "$f" | cmp -s - "%p"; '
    'else gzip -1 -c "%p" > "$t" && sync "$t" && mv "$t" "$f" && sync "$d"; fi'
)
_FETCH = 'f={folder}/%f{suffix}; test -e "$f" && gzip -dc "$f" > "%p"'


@dataclass(frozen=True)
class Archive:
    """Where WAL is archived, and after how many seconds (1 to 300) also a segment that is not full."""

    folder: Path
    timeout: int

    @property
    def wal(self) -> Path:
        """The folder of the segments; it belongs to the server's user."""
        return self.folder / WAL


def read(place: Place) -> Archive | None:
    """Where the place's server is to archive; None where it is not to."""
    try:
        said = json.loads(place.archive_mark.read_text())
    except FileNotFoundError:
        return None
    return Archive(Path(said["folder"]), int(said["timeout"]))


def write(place: Place, archive: Archive | None) -> None:
    """Have the place's server archive from its next start on, or no longer."""
    if archive is None:
        place.archive_mark.unlink(missing_ok=True)
    elif read(place) != archive:
        draft = place.archive_mark.with_suffix(".draft")
        draft.write_text(json.dumps({"folder": str(archive.folder), "timeout": archive.timeout}))
        draft.replace(place.archive_mark)


@dataclass(frozen=True)
class Extra:
    """More settings for the server's command line, and the descriptors that they need it to inherit."""

    flags: tuple[str, ...] = ()
    descriptors: tuple[int, ...] = ()


@contextmanager
def archiving(place: Place, account: Account) -> Iterator[Extra]:
    """What has the server of `place`, run by `account`, archive as it is to."""
    archive = read(place)
    if archive is None:
        yield Extra()
        return
    with _way(archive, account) as (folder, descriptors):
        yield Extra(
            _flags(
                archive_mode="on",
                archive_timeout=f"{archive.timeout}s",
                archive_command=_KEEP.format(folder=folder, suffix=SUFFIX),
            ),
            descriptors,
        )


@contextmanager
def replaying(archive: Archive, account: Account, until: str | None) -> Iterator[Extra]:
    """What has a server recover from the archive up to the time `until`, or to its end, and then work."""
    with _way(archive, account) as (folder, descriptors):
        settings = {
            "restore_command": _FETCH.format(folder=folder, suffix=SUFFIX),
            "recovery_target_timeline": "latest",
            "recovery_target_action": "promote",
            "hot_standby": "off",  # nobody is let in before it is done
        }
        if until is not None:
            settings["recovery_target_time"] = until
        yield Extra(_flags(**settings), descriptors)


@contextmanager
def _way(archive: Archive, account: Account) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The folder of the segments as the server's shell names it. One that is away fails there, not here."""
    try:
        archive.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        archive.wal.mkdir(mode=0o700, exist_ok=True)
        if not account.is_me:
            os.chown(archive.wal, account.uid, account.gid, follow_symlinks=False)
        opened = way_to(archive.wal, account)
        way = opened.__enter__()
    except OSError:
        yield _quoted(str(archive.wal)), ()
        return
    try:
        yield _quoted(way.path), way.descriptors
    finally:
        opened.__exit__(None, None, None)


def _quoted(path: str) -> str:
    return shlex.quote(path).replace("%", "%%")


def _flags(**settings: str) -> tuple[str, ...]:
    return tuple(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
