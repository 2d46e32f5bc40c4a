"""Runs PostgreSQL's programs as the server's user, with an environment that holds nothing of the caller's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pilothouse.kit.postgres.accounts import Account

# Messages are read to explain failures, hence C. No secret of the caller reaches the server's environment.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}
_LONGEST = 800  # bytes; PostgreSQL cuts paths at 1024 (MAXPGPATH) and appends file names to this one


@dataclass(frozen=True)
class Way:
    """How a program is told of a folder: `path` for its arguments, `descriptors` it must inherit for that."""

    path: str
    descriptors: tuple[int, ...] = ()


@contextmanager
def way_to(folder: Path, account: Account) -> Iterator[Way]:
    """A way to `folder` that works even if `account` may not traverse the folders above it.

    Root opens the folder and the program inherits the descriptor: `/proc/self/fd/N` leads straight into
    the folder, so that no parent's permissions have to be widened. The same serves paths that are too
    long for PostgreSQL. Elsewhere the plain path is used.
    """
    by_descriptor = not account.is_me or len(os.fsencode(folder)) > _LONGEST
    if not by_descriptor or not Path("/proc/self/fd").is_dir():
        yield Way(str(folder))
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield Way(f"/proc/self/fd/{descriptor}", (descriptor,))
    finally:
        os.close(descriptor)


def run(
    arguments: Sequence[str],
    account: Account | None = None,
    *,
    inherit: Sequence[int] = (),
    text: str | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as `account` if given, with `text` as input, in a session of its own.

    Ctrl-C in the terminal reaches only this process, which then ends the program.
    """
    other = account is not None and not account.is_me
    return subprocess.run(  # noqa: S603 - programs of the wheel, and useradd
        arguments,
        input=text or "",
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=_ENVIRONMENT,
        cwd=cwd or "/",
        umask=0o077 if account else -1,
        start_new_session=True,
        pass_fds=inherit,
        user=account.uid if account and other else None,
        group=account.gid if account and other else None,
        extra_groups=[] if other else None,
    )


def detach(arguments: Sequence[str], account: Account, *, inherit: Sequence[int], output: Path) -> None:
    """Start a program that outlives this process, in a session of its own, writing to the file `output`.

    A shell starts it in the background and ends at once, so that init, not this process, is its parent.
    """
    other = not account.is_me
    with output.open("wb") as log:
        subprocess.run(  # noqa: S603 - the server of the wheel
            ["/bin/sh", "-c", '"$0" "$@" &', *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,  # whether the server came up is seen by its lock
            env=_ENVIRONMENT,
            cwd="/",
            umask=0o077,
            start_new_session=True,
            pass_fds=inherit,
            user=account.uid if other else None,
            group=account.gid if other else None,
            extra_groups=[] if other else None,
        )
