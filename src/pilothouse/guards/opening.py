"""The guard of a process, as its settings ask for it. What scans is loaded when it is needed first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.settings import Settings
from pilothouse.switches.service import Switchboard

if TYPE_CHECKING:
    from pilothouse.guards.passing import Guards


def open_guards(database: Database, sealer: Sealer, switches: Switchboard, settings: Settings) -> Guards:
    """The guard by the table in the setting `guards`; `switches` say what is only observed.

    Raises `SettingsInvalid` where the table makes no sense.
    """
    from pilothouse.guards.passing import Guards
    from pilothouse.guards.scanning import TYPES
    from pilothouse.guards.table import read

    return Guards(database, sealer, switches.on, read(settings.guards, TYPES))
