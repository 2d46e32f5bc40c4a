"""What tenants have put behind aliases, known to a process: read when a notification says so."""

from __future__ import annotations

import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.looking import Looking
from pilothouse.kit.session import Database
from pilothouse.llm.catalogue import Catalogue
from pilothouse.llm.repository import everybodys

log = structlog.get_logger(__name__)

EVERY = 5.0
"""Seconds after which it is read without a notification: one that was lost costs no more."""


class Overrides:
    """Keeps the overrides of a catalogue as the database has them."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        """Nothing is read before `open`."""
        self._database, self._catalogue = database, catalogue
        self._looking = Looking(self._look_again, EVERY)

    async def open(self) -> None:
        """Read what there is, and go on reading. Raises `DatabaseUnavailable`."""
        await self.look()
        self._looking.start()

    async def close(self) -> None:
        """Read no more."""
        await self._looking.stop()

    def changed(self) -> None:
        """Something has changed: read it soon."""
        self._looking.ask()

    async def look(self) -> None:
        """Read it now. Raises `DatabaseUnavailable`."""
        async with self._database.maintenance() as session:
            self._catalogue.overrides = dict(await everybodys(session))

    async def _look_again(self) -> None:
        try:
            await self.look()
        except DatabaseUnavailable as error:
            log.info("models_not_read", reason=str(error))
