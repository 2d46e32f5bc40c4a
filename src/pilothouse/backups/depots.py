"""Where backups are kept: a folder or a bucket, each backup below its id, contents below `objects`.

A backup is there once its manifest is: it is built in a draft, and gets its name, or its manifest, last.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import obstore
from obstore.store import ObjectStore, from_url

from pilothouse.backups.errors import PlaceInvalid
from pilothouse.errors import NotFound

MANIFEST = "manifest.json"
OBJECTS = "objects"
ABANDONED = 86_400.0
"""Seconds after which a draft counts as left by a process that died, and a content nobody names as free."""

_DRAFT = ".draft-"
_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_SCHEMES = frozenset({"s3", "s3a", "gs", "az", "azure", "abfs", "abfss"})


class Depot(Protocol):
    """A place for backups. Its methods block; contents are named `tenant/sha256`."""

    @property
    def where(self) -> str:
        """The place as people write it; it holds no secret."""
        ...

    def ids(self) -> list[str]:
        """The backups that are there, the oldest first: ids sort by time."""
        ...

    def read(self, name: str) -> bytes:
        """A small file by its path, such as `ID/manifest.json`. Raises `NotFound`."""
        ...

    def drafting(self, backup_id: str) -> AbstractContextManager[Path]:
        """An empty folder on this machine to build a backup in; it is removed unless it was published."""
        ...

    def publish(self, backup_id: str, draft: Path) -> None:
        """Have what stands in `draft`, manifest and all, be the backup of this id."""
        ...

    def fetched(self, backup_id: str) -> AbstractContextManager[Path]:
        """A folder on this machine with the files of a backup. Raises `NotFound`."""
        ...

    def remove(self, backup_id: str) -> None:
        """Remove a backup: its manifest first, so that no half of one is ever seen."""
        ...

    def contents(self) -> dict[str, float]:
        """The contents that are there, each with its age in seconds."""
        ...

    def put_content(self, name: str, file: Path) -> None:
        """Keep a file as a content; the file is used up."""
        ...

    def content(self, name: str, folder: Path) -> Path:
        """A file with a content, made in `folder` if it lies elsewhere. Raises `NotFound`."""
        ...

    def remove_content(self, name: str) -> None:
        """Remove a content."""
        ...

    def clean(self) -> None:
        """Remove the drafts of processes that died."""
        ...


def depot_at(where: str) -> Depot:
    """The place that `where` names: a folder, or the URL of a bucket (s3://, gs://, az://).

    Credentials come from the usual variables. Raises `PlaceInvalid`.
    """
    url = urlsplit(where)
    if url.scheme in {"", "file"} or len(url.scheme) == 1:
        return FolderDepot(Path(url.path if url.scheme == "file" else where).expanduser().absolute())
    if url.scheme not in _SCHEMES or not url.netloc:
        raise PlaceInvalid(f"{url.scheme}:// is no place for backups.", hint="Name a folder or s3://BUCKET.")
    if url.username or url.password or url.query:
        raise PlaceInvalid(
            "The place of backups must not hold credentials.",
            hint="Set those of the bucket by its usual variables, such as AWS_ACCESS_KEY_ID.",
        )
    return BucketDepot(from_url(where), where)


class FolderDepot:
    """Backups in a folder that only its owner can read. What is published is on the disk."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made when something is first written."""
        self.folder = folder

    @property
    def where(self) -> str:
        """The folder's path."""
        return str(self.folder)

    def ids(self) -> list[str]:
        """The backups that are there, the oldest first."""
        found = (path.parent.name for path in self.folder.glob(f"*/{MANIFEST}"))
        return sorted(name for name in found if _ID.fullmatch(name))

    def read(self, name: str) -> bytes:
        """A file by its path. Raises `NotFound`."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"There is no {name} in {self.where}.") from None

    @contextmanager
    def drafting(self, backup_id: str) -> Iterator[Path]:
        """A draft beside the backups."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f"{_DRAFT}{backup_id}"
        draft.mkdir(mode=0o700)
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def publish(self, backup_id: str, draft: Path) -> None:
        """Write everything to the disk and give the draft its name."""
        for path in (*draft.rglob("*"), draft):
            _sync(path)
        draft.rename(self.folder / backup_id)
        _sync(self.folder)

    @contextmanager
    def fetched(self, backup_id: str) -> Iterator[Path]:
        """The backup's own folder."""
        if not (self.folder / backup_id / MANIFEST).is_file():
            raise NotFound(f"There is no backup {backup_id} in {self.where}.")
        yield self.folder / backup_id

    def remove(self, backup_id: str) -> None:
        """Take its name away, then its files."""
        gone = self.folder / f"{_DRAFT}removed-{backup_id}"
        (self.folder / backup_id).rename(gone)
        shutil.rmtree(gone)

    def contents(self) -> dict[str, float]:
        """The contents that are there, each with its age in seconds."""
        now = time.time()
        top = self.folder / OBJECTS
        return {
            f"{path.parent.parent.relative_to(top)}/{path.name}": now - path.stat().st_mtime
            for path in top.glob("*/*/*")
        }

    def put_content(self, name: str, file: Path) -> None:
        """Move a file of a draft to its place."""
        target = self.folder / _key(name)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(file)
        file.rename(target)
        for folder in target.parents[:3]:
            _sync(folder)

    def content(self, name: str, folder: Path) -> Path:
        """The file itself."""
        path = self.folder / _key(name)
        if not path.is_file():
            raise NotFound(f"{_key(name)} is missing in {self.where}.")
        return path

    def remove_content(self, name: str) -> None:
        """Remove a content."""
        (self.folder / _key(name)).unlink(missing_ok=True)

    def clean(self) -> None:
        """Remove drafts that nobody has touched for a day."""
        for draft in self.folder.glob(f"{_DRAFT}*"):
            newest = max(path.stat().st_mtime for path in (draft, *draft.rglob("*")))
            if time.time() - newest > ABANDONED:
                shutil.rmtree(draft)


class BucketDepot:
    """Backups in an object store. Drafts are built in a temporary folder; a manifest is uploaded last."""

    def __init__(self, store: ObjectStore, where: str) -> None:
        """Use `store`, whose keys begin where the URL `where` ends."""
        self._store = store
        self._where = where

    @property
    def where(self) -> str:
        """The bucket's URL."""
        return self._where

    def ids(self) -> list[str]:
        """The backups that are there, the oldest first."""
        parts = [key.split("/") for key in self._keys("")]
        return sorted(key[0] for key in parts if _ID.fullmatch(key[0]) and key[1:] == [MANIFEST])

    def read(self, name: str) -> bytes:
        """A file by its path. Raises `NotFound`."""
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            raise NotFound(f"There is no {name} in {self.where}.") from None

    @contextmanager
    def drafting(self, backup_id: str) -> Iterator[Path]:
        """A temporary folder."""
        with tempfile.TemporaryDirectory(prefix=f"pilothouse-{backup_id}-") as folder:
            yield Path(folder)

    def publish(self, backup_id: str, draft: Path) -> None:
        """Upload all files, the manifest last."""
        files = sorted(path for path in draft.rglob("*") if path.is_file())
        for path in sorted(files, key=lambda path: path == draft / MANIFEST):
            obstore.put(self._store, f"{backup_id}/{path.relative_to(draft).as_posix()}", path)

    @contextmanager
    def fetched(self, backup_id: str) -> Iterator[Path]:
        """A temporary folder with the files downloaded."""
        keys = self._keys(f"{backup_id}/")
        if f"{backup_id}/{MANIFEST}" not in keys:
            raise NotFound(f"There is no backup {backup_id} in {self.where}.")
        with tempfile.TemporaryDirectory(prefix="pilothouse-restore-") as folder:
            for key in keys:
                self._download(key, Path(folder) / key.removeprefix(f"{backup_id}/"))
            yield Path(folder)

    def remove(self, backup_id: str) -> None:
        """Remove the manifest, then the rest."""
        for key in sorted(self._keys(f"{backup_id}/"), key=lambda key: not key.endswith(f"/{MANIFEST}")):
            obstore.delete(self._store, key)

    def contents(self) -> dict[str, float]:
        """The contents that are there, each with its age in seconds."""
        found = {}
        for page in obstore.list(self._store, prefix=OBJECTS):
            for item in page:
                _, tenant, _, digest = item["path"].split("/")
                found[f"{tenant}/{digest}"] = time.time() - item["last_modified"].timestamp()
        return found

    def put_content(self, name: str, file: Path) -> None:
        """Upload a file."""
        obstore.put(self._store, _key(name), file)
        file.unlink()

    def content(self, name: str, folder: Path) -> Path:
        """The content, downloaded."""
        target = folder / name.replace("/", "-")
        try:
            self._download(_key(name), target)
        except FileNotFoundError:
            raise NotFound(f"{_key(name)} is missing in {self.where}.") from None
        return target

    def remove_content(self, name: str) -> None:
        """Remove a content."""
        obstore.delete(self._store, _key(name))

    def clean(self) -> None:
        """Remove what uploads left that never got a manifest, once they are a day old."""
        whole = set(self.ids())
        for page in obstore.list(self._store):
            for item in page:
                top = item["path"].split("/")[0]
                age = time.time() - item["last_modified"].timestamp()
                if _ID.fullmatch(top) and top not in whole and age > ABANDONED:
                    obstore.delete(self._store, item["path"])

    def _keys(self, prefix: str) -> list[str]:
        return [item["path"] for page in obstore.list(self._store, prefix=prefix or None) for item in page]

    def _download(self, key: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            for piece in obstore.get(self._store, key):
                file.write(piece)


def _key(name: str) -> str:
    tenant, _, digest = name.rpartition("/")
    return f"{OBJECTS}/{tenant}/{digest[:2]}/{digest}"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
