"""Says whether a backup is what it was when it was made: its files and contents, by their digests."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from pilothouse.backups.depots import MANIFEST, Depot
from pilothouse.backups.errors import BackupDamaged, BackupTooNew
from pilothouse.backups.schemas import FORMAT, Kept, Manifest
from pilothouse.errors import NotFound

ARTIFACTS = "artifacts.jsonl.gz"
_BLOCK = 1 << 20


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept(folder: Path) -> tuple[Kept, ...]:
    """The files below a folder, but for the manifest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return tuple(
        Kept(path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=digest(path))
        for path in files
    )


def manifest_of(depot: Depot, backup_id: str) -> Manifest:
    """What a backup says of itself. Raises `NotFound`, `BackupDamaged`, `BackupTooNew`."""
    return parsed(depot.read(f"{backup_id}/{MANIFEST}"), f"{backup_id}/{MANIFEST}")


def parsed(text: bytes, name: str) -> Manifest:
    """A manifest from its text. Raises `BackupDamaged`, `BackupTooNew`."""
    try:
        found = json.loads(text)
        if isinstance(found, dict) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
            raise BackupTooNew(
                f"The backup {found.get('id')} has format {found['format']}, this version knows {FORMAT}.",
                hint="Install the version of Pilothouse that made it, or a newer one.",
            )
        return Manifest.model_validate(found)
    except (ValueError, ValidationError) as error:
        raise BackupDamaged(f"{name} is no manifest of a backup.") from error


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raise `BackupDamaged`, naming the file, unless all files of the backup are there and whole."""
    for file in manifest.files:
        path = folder / file.path
        if not path.is_file():
            raise BackupDamaged(f"The file {file.path} of backup {manifest.id} is missing.")
        if path.stat().st_size != file.size or digest(path) != file.sha256:
            raise BackupDamaged(f"The file {file.path} of backup {manifest.id} is damaged.")


def contents_of(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Tenant, SHA-256 and size of the contents that a backup names."""
    with gzip.open(folder / ARTIFACTS, "rt", encoding="utf-8") as lines:
        for line in lines:
            tenant, sha256, size = json.loads(line)
            yield str(tenant), str(sha256), int(size)


def check_presence(depot: Depot, folder: Path, manifest: Manifest) -> None:
    """Raise `BackupDamaged` unless all contents that the backup names are there, whole or not."""
    there = depot.contents().keys() | set(manifest.missing)
    for tenant, sha256, _ in contents_of(folder):
        if f"{tenant}/{sha256}" not in there:
            raise BackupDamaged(f"The content {tenant}/{sha256} of backup {manifest.id} is missing.")


def check_contents(depot: Depot, folder: Path, manifest: Manifest, work: Path) -> int:
    """Raise `BackupDamaged` unless all contents that the backup names are there and whole; how many."""
    number = 0
    for tenant, sha256, _ in contents_of(folder):
        name = f"{tenant}/{sha256}"
        if name in manifest.missing:
            continue
        whole_content(depot, name, work, manifest.id)
        number += 1
    return number


def whole_content(depot: Depot, name: str, work: Path, backup_id: str) -> Path:
    """The file of a content. Raises `BackupDamaged`, naming it, where it is missing or not whole."""
    try:
        path = depot.content(name, work)
    except NotFound as error:
        raise BackupDamaged(f"The content {name} of backup {backup_id} is missing.") from error
    if digest(path) != name.rpartition("/")[2]:
        raise BackupDamaged(f"The content {name} of backup {backup_id} is damaged.")
    return path
