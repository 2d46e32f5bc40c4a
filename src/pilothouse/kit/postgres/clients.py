"""PostgreSQL's client programs (pg_dump and the like): those of the system, or the ones in the wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pilothouse.errors import Category, PilothouseError
from pilothouse.kit.postgres.wheel import servers

_PACKAGED = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")
"""Where Debian and Homebrew put the programs of each version."""

_OWN = ("PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "KRB5CCNAME")
_SECONDS = 10.0  # for a program to say its version


class NoClientPrograms(PilothouseError):
    """There are no PostgreSQL client programs that fit the server."""

    code = "backup_no_programs"
    category = Category.USER


@dataclass(frozen=True)
class Clients:
    """An installation of PostgreSQL's client programs: their folder and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """The path of the program `name`, for example `pg_dump`."""
        return str(self.folder / name)


def clients(least: int, *, package: Path | None = None, path: str | None = None) -> Clients:
    """The oldest installation of version `least` or higher: programs fit older servers, not newer ones.

    Looks into `path` (the variable PATH by default), where systems keep their versions, and the wheel's
    `package`. Raises `NoClientPrograms`.
    """
    found = sorted(_installed(package, path), key=lambda one: one.major)
    for one in found:
        if one.major >= least:
            return one
    seen = ", ".join(sorted({str(one.major) for one in found})) or "none"
    raise NoClientPrograms(
        f"PostgreSQL {least} needs pg_dump and pg_restore of version {least} or newer; found: {seen}.",
        hint=f"Install the client programs of PostgreSQL {least} (Debian: postgresql-client-{least}).",
    )


def environment(conninfo: str) -> tuple[str, dict[str, str]]:
    """`conninfo` without its password, and the environment in which a program finds that instead.

    A command line is for everybody to read. Nothing of the caller's environment but what libpq reads
    (PG...) and what programs need to run is handed on.
    """
    said = conninfo_to_dict(conninfo)
    password = said.pop("password", None)
    kept = {name: value for name, value in os.environ.items() if name in _OWN or name.startswith("PG")}
    given = {"PATH": os.defpath, **kept, "LC_ALL": "C", "TZ": "UTC"}
    if password is not None:
        given["PGPASSWORD"] = str(password)
    return make_conninfo("", **said), given


def _installed(package: Path | None, path: str | None) -> Iterator[Clients]:
    candidates: list[Path] = []
    if on_path := shutil.which("pg_dump", path=path):
        candidates.append(Path(on_path).parent)
    if path is None:
        for packages in _PACKAGED:
            candidates += sorted(program.parent for program in Path(packages).glob("*/bin/pg_dump"))
    for folder in candidates:
        major = _major(folder / "pg_dump")
        if major is not None and (folder / "pg_restore").exists():
            yield Clients(folder, major)
    try:
        found = servers(package)
    except PilothouseError:  # no wheel for this platform: the system's programs may do
        return
    for server in found:
        yield Clients(server.root / "bin", server.major)


def _major(program: Path) -> int | None:
    """The major version that a program tells of itself; None where it does not run."""
    try:
        done = subprocess.run(  # noqa: S603 - a program of the system
            [program, "--version"], capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(said[1]) if said and done.returncode == 0 else None
