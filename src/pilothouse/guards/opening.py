"""The guard of a process, as its settings ask for it. What scans is loaded when it is needed first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.settings import Settings
from pilothouse.switches.service import Switchboard

if TYPE_CHECKING:
    from pilothouse.guards.name_model import NameModel
    from pilothouse.guards.passing import Guards


def open_guards(database: Database, sealer: Sealer, switches: Switchboard, settings: Settings) -> Guards:
    """The guard by the table in the setting `guards`; `switches` say what is only observed.

    Raises `SettingsInvalid` where the table makes no sense, and as `name_model`.
    """
    from pilothouse.guards.passing import Guards
    from pilothouse.guards.scanning import TYPES
    from pilothouse.guards.table import read

    return Guards(database, sealer, switches.on, read(settings.guards, TYPES), name_model(settings))


def name_model(settings: Settings) -> NameModel | None:
    """The model that finds names by the setting `guards_names_model`; None where it is not set.

    Raises `NameModelUnusable` where it or spaCy is not installed.
    """
    if settings.guards_names_model is None:
        return None
    from pilothouse.guards.name_model import NameModel

    return NameModel(settings.guards_names_model)
