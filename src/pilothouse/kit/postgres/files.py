"""Reads, writes and removes files in a folder that another user owns, without being led elsewhere.

Root works in the cluster of an unprivileged user here; a link that this user laid must not make root
read, overwrite or remove a file of somebody else's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pilothouse.kit.postgres.accounts import Account


def read_end(path: Path, limit: int) -> str:
    """The last `limit` bytes of a regular file as text; empty if there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        file.seek(max(0, os.fstat(descriptor).st_size - limit))
        return file.read(limit).decode(errors="replace")


def write(target: Path, text: str, account: Account, *, through: Path) -> None:
    """Put `text` at `target`, 0600 and owned by `account`, unless it is there already.

    The file is made in the folder `through`, which only this process' user can change, and renamed.
    """
    data = text.encode(errors="surrogateescape")
    if read_end(target, len(data) + 1).encode(errors="surrogateescape") == data:
        return
    draft = through / f".{target.name}.draft"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if not account.is_me:
            os.fchown(descriptor, account.uid, account.gid)
    draft.replace(target)


def remove(folder: Path, names: Iterable[str]) -> None:
    """Remove files from `folder`, which must not be a link; what is missing stays missing."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        for name in names:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def size_of(folder: Path) -> int:
    """Bytes on the disk below `folder`; files that vanish meanwhile do not count."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(parent, name).stat(follow_symlinks=False).st_blocks * 512
            except FileNotFoundError:
                continue
    return total
