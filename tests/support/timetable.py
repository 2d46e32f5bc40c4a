"""Schedules for tests: rows as the API would write them, and a process that fires them, made to be killed.

Start it as `python -m support.timetable DSN FOLDER`; with `forever` behind it fires until it dies, else once.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit.ids import Ids
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.schedules.firing import Firing
from support import parcels

IDS = Ids()
SECOND, MINUTE, HOUR = (dt.timedelta(seconds=seconds) for seconds in (1, 60, 3_600))
DEFAULTS: dict[str, Any] = {
    "tenant_id": "default",
    "workflow": "echo",
    "version": None,
    "payload": b'{"text": "hello"}',
    "cron": None,
    "interval_seconds": 3_600,
    "time_zone": "UTC",
    "start_at": None,
    "end_at": None,
    "missed": "once",
    "missed_limit": 100,
    "overlap": "allow",
    "paused": False,
    "next_at": None,
    "last_run_id": None,
    "principal": "me",
}
INSERT = """
insert into schedules (id, name, {names}) values (%(id)s, %(id)s, {values})
"""


def add(conninfo: str, *, count: int = 1, **given: Any) -> list[UUID]:
    """Add schedules; what is not given is as in `DEFAULTS`.

    They were made when they are due first, so that an interval counts from there whenever the row is written.
    """
    made = [IDS.new() for _ in range(count)]
    row = DEFAULTS | given
    if row["next_at"] is not None:
        row = {"created_at": row["next_at"], **row}
    statement = INSERT.format(names=", ".join(row), values=", ".join(f"%({name})s" for name in row))
    with psycopg.connect(conninfo) as connection:
        connection.cursor().executemany(statement.encode(), [row | {"id": item} for item in made])
    return made


def now(conninfo: str) -> dt.datetime:
    """The database's time."""
    with psycopg.connect(conninfo) as connection:
        found: dt.datetime = connection.execute("select clock_timestamp()").fetchone()[0]  # type: ignore[index]  # it is one row
    return found


def the_second(conninfo: str) -> dt.datetime:
    """The whole second that is under way, as long as at least a third of it is left."""
    while True:
        moment = now(conninfo)
        if moment.microsecond < 600_000:
            return moment.replace(microsecond=0)


async def main(conninfo: str, folder: Path, *, forever: bool) -> None:
    """Fire what is due, once or for ever."""
    engine = Engine(conninfo, Workflows(parcels.app.workflows), ObjectArtifacts.local(folder))
    firing = Firing(engine)
    await firing.tend(dt.datetime.now(dt.UTC))
    while forever:
        await asyncio.sleep(0.02)
        await firing.tend(dt.datetime.now(dt.UTC))
    await firing.close()
    await engine.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), forever=len(sys.argv) > 3))
