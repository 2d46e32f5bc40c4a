"""File locks (`flock`) that processes, and the server itself, hold on the data folder.

The kernel releases a lock when its last holder is gone, however it died, so that none is ever stale.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pilothouse.kit.postgres.errors import Busy
from pilothouse.kit.postgres.processes import having_open

_PAUSE = 0.002  # seconds between two tries


def open_lock(path: Path) -> int:
    """A descriptor of the lock file at `path`, which is made if it is missing; not inherited by programs."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def try_lock(descriptor: int, *, shared: bool) -> bool:
    """Lock at once or not at all. True if `descriptor` now holds the lock."""
    import fcntl

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path, *, exclusively: bool) -> bool:
    """Whether anybody holds the lock at `path`: exclusively, or at all. A missing file is held by nobody."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(descriptor, shared=exclusively)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(path: Path, *, patience: float, what: str) -> Iterator[None]:
    """Hold the lock at `path` alone, waiting up to `patience` seconds for it.

    Raises `Busy` with `what` (a clause such as "the database is being started") and the holders' pids.
    """
    descriptor = open_lock(path)
    try:
        deadline = time.monotonic() + patience
        while not try_lock(descriptor, shared=False):
            if time.monotonic() > deadline:
                others = ", ".join(str(pid) for pid in having_open(path) if pid != os.getpid())
                raise Busy(
                    f"Waited {patience:g} seconds because {what} by another process"
                    f"{f' (pid {others})' if others else ''}, which holds {path}.",
                    hint="Try again; end that process if it hangs.",
                )
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)
