"""Secrets in files of a folder: `pepper`, and `pepper.2`, `pepper.3` for newer versions.

A folder that an orchestrator mounts is only read. One of our own is made for this user alone, and several
processes that write to it at once wait for each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from pilothouse.secrets.errors import SecretsUnavailable
from pilothouse.secrets.providers.port import Held, greater

MOST_BYTES = 64 << 10
"""Bytes of a file that can be a secret."""

_FILE = re.compile(r"([a-z][a-z0-9_]*(?:-[a-z][a-z0-9_-]*)?)(?:\.([1-9][0-9]{0,8}))?")
_LOCK = ".lock"


class Files:
    """Reads and writes the files of `folder`: rights 0600 in a folder with 0700."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.where = f"files ({folder})"

    def stamp(self) -> object:
        """When a file was last added to the folder, taken away or replaced."""
        try:
            return self.folder.stat().st_mtime_ns
        except OSError:
            return None

    async def read(self, name: str) -> Sequence[Held]:
        """The versions that files hold, that of the greatest number first."""
        return await asyncio.to_thread(self._read, name)

    async def names(self) -> Sequence[str]:
        """The secrets that files hold."""
        return await asyncio.to_thread(self._names)

    async def add(self, name: str, raw: bytes, *, first: bool = False) -> Held | None:
        """Write a new file; one that could be written in part only is never seen."""
        return await asyncio.to_thread(self._add, name, raw, first)

    async def remove(self, name: str, version: str) -> None:
        """Remove a file."""
        await asyncio.to_thread(self._path(name, version).unlink, missing_ok=True)

    def _read(self, name: str) -> list[Held]:
        found = []
        for path, number in self._files(name):
            try:
                with path.open("rb") as file:
                    raw = file.read(MOST_BYTES + 1)
                    written = dt.datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, dt.UTC)
            except FileNotFoundError:
                continue  # removed a moment ago
            except OSError as error:
                raise _unreadable(path, error) from error
            if len(raw) > MOST_BYTES:
                raise SecretsUnavailable(f"{path} is too large for a secret.")
            found.append(Held(str(number), raw, f"file {path}", written))
        return found

    def _names(self) -> list[str]:
        stems = {match[1] for path in self._listed() if (match := _FILE.fullmatch(path.name))}
        return sorted(stem.replace("-", "/", 1) for stem in stems)

    def _files(self, name: str) -> list[tuple[Path, int]]:
        """The files of a secret with the numbers of their versions, the greatest first."""
        found = []
        for path in self._listed():
            match = _FILE.fullmatch(path.name)
            if match and match[1] == _stem(name):
                found.append((path, int(match[2] or 1)))
        return sorted(found, key=lambda pair: pair[1], reverse=True)

    def _listed(self) -> list[Path]:
        try:
            return list(self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(self.folder, error) from error

    def _add(self, name: str, raw: bytes, first: bool) -> Held | None:
        try:
            with self._locked():
                there = self._read(name)
                if there and first:
                    return None
                version = greater(there)
                write_privately(self._path(name, version), raw)
        except OSError as error:
            raise _unreadable(self.folder, error) from error
        return next(held for held in self._read(name) if held.version == version)

    def _path(self, name: str, version: str) -> Path:
        return self.folder / (_stem(name) + ("" if version == "1" else f".{version}"))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def write_privately(path: Path, raw: bytes) -> None:
    """Write a file that only this user can read, all of it or nothing; raises `OSError`."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def others_may_read(folder: Path) -> list[Path]:
    """The files of a folder that other users of the machine could read, and the folder if it is open."""
    seen = (
        [folder, *(path for path in folder.iterdir() if _FILE.fullmatch(path.name))]
        if folder.is_dir()
        else []
    )
    return [path for path in seen if path.stat().st_mode & 0o077]


def _stem(name: str) -> str:
    return name.replace("/", "-")


def _unreadable(path: Path, error: OSError) -> SecretsUnavailable:
    return SecretsUnavailable(
        f"{path} cannot be read or written: {error.strerror}.",
        hint="Give the folder of secrets to the user that Pilothouse runs as.",
    )
