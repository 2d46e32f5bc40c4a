"""A copy of the wheel's server for a user who may not read the wheel, as where it lies below /root.

The copy belongs to root and can be read by everyone, as any installed program; the permissions of the
wheel and of the folders above it stay as they are.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pilothouse.kit.postgres.accounts import Account
from pilothouse.kit.postgres.errors import FolderNotUsable, explaining
from pilothouse.kit.postgres.wheel import PACKAGE, Server

_NOT_RUN = {"include", "pgxs", "pkgconfig"}  # folders that are only needed to compile


def readable(server: Server, account: Account, cache: Path | None = None) -> Server:
    """`server` itself if `account` may run it, else a copy of it in the folder `cache`, made once.

    `cache` defaults to the system's cache folder (`/var/cache/pilothouse`); it must be root's alone.
    """
    if account.is_me or _may_run(server, account):
        return server
    if cache is None:
        import platformdirs

        cache = platformdirs.site_cache_path("pilothouse", appauthor=False)
    home = cache / f"postgresql-{server.major}-{_fingerprint(server)}"
    copy = Server(home / PACKAGE / server.root.name, server.major)
    if not home.is_dir():
        with explaining(cache):
            cache.mkdir(parents=True, exist_ok=True)
            cache.chmod(0o755)
            _copy(server, home)
    for folder in (cache, home):
        status = folder.stat(follow_symlinks=False)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise FolderNotUsable(
                f"The copy of PostgreSQL in {folder} could have been changed by another user.",
                hint=f"Remove {folder}; it is made anew.",
            )
    if not _may_run(copy, account):
        raise FolderNotUsable(
            f"The user {account.name} may read neither the server in {server.root} nor its copy in {home}.",
            hint=f"Let that user pass through the folders above {home}, which holds no data.",
        )
    return copy


def _parts(server: Server) -> Iterator[tuple[Path, str]]:
    """What the server consists of, and the names in a copy: programs find their libraries by them."""
    package = server.root.parent
    yield server.root, f"{PACKAGE}/{server.root.name}"
    for folder, name in (
        (package.parent / f"{PACKAGE}.libs", f"{PACKAGE}.libs"),
        (package / ".dylibs", ".dylibs"),
    ):
        if folder.is_dir():
            yield folder, name if name.startswith(PACKAGE) else f"{PACKAGE}/{name}"


def _may_run(server: Server, account: Account) -> bool:
    """Whether the permission bits let `account` run the server; what access lists add is left aside."""
    wanted = [(folder, 0o5) for folder, _ in _parts(server)]
    wanted += [
        (server.root / name, 0o5) for name in ("bin", "bin/postgres", "lib/postgresql", "share/postgresql")
    ]
    wanted += [(folder, 0o1) for folder in server.root.parents]
    return all(_allowed(path, account) & bits == bits for path, bits in wanted)


def _allowed(path: Path, account: Account) -> int:
    """The three permission bits of `path` that apply to `account`."""
    status = path.stat()
    if status.st_uid == account.uid:
        return status.st_mode >> 6 & 0o7
    return (status.st_mode >> 3 if status.st_gid == account.gid else status.st_mode) & 0o7


def _files(server: Server) -> Iterator[tuple[Path, str]]:
    """Every file that is needed to run the server, and its name in a copy, in a fixed order."""
    for part, name in _parts(server):
        for folder, folders, names in os.walk(part):
            folders[:] = sorted(set(folders) - _NOT_RUN)
            for file in sorted(names):
                if not file.endswith(".a"):
                    path = Path(folder, file)
                    yield path, f"{name}/{path.relative_to(part)}"


def _fingerprint(server: Server) -> str:
    """Changes whenever a file of the server does: names, sizes and times, in order."""
    digest = hashlib.sha256()
    for path, name in _files(server):
        status = path.stat()
        digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def _copy(server: Server, home: Path) -> None:
    """Copy all files into a draft beside `home`, each on disk, and rename it when it is whole."""
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home.parent))
    try:
        for source, name in _files(server):
            target = draft / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
            with target.open("rb") as file:
                os.fsync(file.fileno())
        for folder, _, _ in os.walk(draft):
            Path(folder).chmod(0o755)
        if not home.is_dir():
            draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
