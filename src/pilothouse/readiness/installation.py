"""What the checks are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pilothouse.kit.clock import Clock
from pilothouse.kit.session import Database
from pilothouse.settings import Settings


@dataclass(frozen=True)
class Installation:
    """An installation that is looked at. `server` is the address at which its API is asked.

    `ca` is a file with the certificates that are trusted besides the system's; `direct` leads straight to the
    database. `said` are the settings as they were said, without what was added for this process.
    """

    settings: Settings
    said: Settings
    data: Path
    direct: str = field(repr=False)  # which may hold a password
    database: Database
    clock: Clock
    server: str
    ca: Path | None = None
