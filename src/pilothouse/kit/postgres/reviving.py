"""Starts the embedded server again, should it die under a process that uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from pilothouse.errors import PilothouseError

log = structlog.get_logger(__name__)

REVIVE_AFTER = 1.0
"""Seconds between two looks at whether the embedded server still answers."""


class Revivable(Protocol):
    """What is attached to a server of this machine."""

    def revive(self) -> None:
        """Start it again where it does not run. Blocks."""
        ...


async def keep_alive(attachment: Revivable, connected: Callable[[], bool]) -> None:
    """Start the server again whenever nobody is `connected`; runs then go on by themselves."""
    while True:
        await asyncio.sleep(REVIVE_AFTER)
        if not connected():
            try:
                await asyncio.to_thread(attachment.revive)
            except PilothouseError as error:
                log.warning("database_not_revived", reason=str(error))
