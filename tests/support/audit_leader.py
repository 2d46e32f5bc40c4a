"""A process that gives entries of the audit log their places, to be killed within a transaction.

Start it as `python -m support.audit_leader DSN FOLDER`: it prints a line once its first batch is written and
signed but not committed, and waits there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pilothouse.audit import sequencing
from pilothouse.audit.sequencing import Sequencer
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.session import Database
from support.kept import secrets_in


class Stopping(Sequencer):
    """Stops behind the signature."""

    async def _signed(self, *given: object) -> list[object]:
        await super()._signed(*given)
        print("within", flush=True)  # noqa: T201 - the test reads it
        await asyncio.sleep(60)
        raise AssertionError


async def main(conninfo: str, folder: Path) -> None:
    sequencing.AT_ONCE = 50
    database = Database(conninfo, connections=2)
    await Stopping(database, secrets_in(folder), SystemClock(), Ids()).sign_now()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
