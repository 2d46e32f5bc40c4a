"""The short folder of the server's socket, and whether a server answers there.

A socket's path is limited to 107 bytes (103 on macOS), so that it cannot lie in the data folder. The
server has a spare one inside the cluster: if the short folder is cleaned away, a link to the spare
replaces what was lost and the server goes on.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISDIR

from pilothouse.kit.postgres import files
from pilothouse.kit.postgres.accounts import Account
from pilothouse.kit.postgres.errors import FolderNotUsable

PORT = 5432  # only a part of the socket's name: no TCP port is opened
SOCKET = f".s.PGSQL.{PORT}"
SPARE_LEFT = (SOCKET, f"{SOCKET}.lock")  # what a killed server leaves in the spare's folder
SPARE = "pg_stat_tmp"  # a folder of the cluster that base backups leave out
_LIMIT = 107 if sys.platform == "linux" else 103  # sizeof(sun_path) - 1, unix(7)
_PARENT = "pilothouse"


def socket_folder(name: str) -> Path:
    """The folder for the socket of the place called `name`, in the first runtime folder that will do.

    For root `/run` (or `/var/run`); else `$XDG_RUNTIME_DIR` or `/run/user/UID`; failing these, `/tmp`.
    """
    for base in _runtime_folders():
        folder = base / _PARENT / name
        if (
            _fits(folder)
            and base.is_dir()
            and base.stat().st_uid == os.geteuid()
            and os.access(base, os.W_OK)
        ):
            return folder
    return Path("/tmp") / f"{_PARENT}-{os.geteuid()}-{name}"  # noqa: S108 - made 0700, refused if it is another's


def _runtime_folders() -> Iterator[Path]:
    if os.geteuid() == 0:
        yield from (Path("/run"), Path("/var/run"))
        return
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    if named.startswith("/"):
        yield Path(named)
    yield Path(f"/run/user/{os.geteuid()}")


def _fits(folder: Path) -> bool:
    """Short enough, and free of what libpq and the server's settings would take for a list or a quote."""
    text = str(folder / SOCKET)
    return len(os.fsencode(text)) <= _LIMIT and not set(text) & set(" ,'\"\\")


def prepare(folder: Path, account: Account) -> None:
    """Make `folder`, 0700 and owned by `account`, for the server's socket.

    Raises `FolderNotUsable` if what stands there could be read or replaced by somebody else.
    """
    if folder.parent.name == _PARENT:
        # Root's is passed through by the server's user, who may neither list nor change it.
        folder.parent.mkdir(mode=0o700 if account.is_me else 0o711, exist_ok=True)
        _insist(folder.parent, {os.geteuid()}, forbidden=0o022)
    folder.mkdir(mode=0o700, exist_ok=True)
    _insist(folder, {os.geteuid(), account.uid}, forbidden=0o077)
    if not account.is_me:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def _insist(folder: Path, owners: set[int], *, forbidden: int) -> None:
    status = folder.stat(follow_symlinks=False)
    if not S_ISDIR(status.st_mode) or status.st_uid not in owners or status.st_mode & forbidden:
        raise FolderNotUsable(
            f"The database's socket cannot be in {folder}: it belongs to the user with id {status.st_uid} "
            f"with permissions {status.st_mode & 0o7777:o}, so that others could reach it.",
            hint="Remove that folder, or set XDG_RUNTIME_DIR to a folder that is yours alone.",
        )


def answers(folder: Path) -> bool:
    """Whether a server accepts connections on the socket in `folder`."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(folder / SOCKET))
        except OSError:
            return False
    return True


def link_spare(folder: Path, cluster: Path) -> None:
    """Put a link to the cluster's spare socket into `folder`, in place of a socket that was lost."""
    link = folder / SOCKET
    link.unlink(missing_ok=True)
    link.symlink_to(cluster / SPARE / SOCKET)


def remove(folder: Path) -> None:
    """Remove `folder` with what a killed server left in it: sockets and the marks beside them."""
    if folder.is_dir():
        left = [entry.name for entry in folder.iterdir()]
        files.remove(folder, [name for name in left if name.startswith(".s.PGSQL.")])
        if not any(folder.iterdir()):
            folder.rmdir()
