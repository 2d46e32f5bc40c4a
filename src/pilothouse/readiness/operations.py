"""Whether somebody would notice and could help: backups, telemetry, debugging, and what governs."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
from collections.abc import AsyncIterator

from psycopg.conninfo import conninfo_to_dict

from pilothouse.readiness.installation import Installation
from pilothouse.readiness.repository import governing, newest_backup
from pilothouse.readiness.schemas import Line, failed, passed, warned
from pilothouse.settings import LogFormat, LogLevel

FREE_BYTES = 2_000_000_000

BEHIND = 60.0
"""Seconds that an entry of the audit log may wait for its place; a worker needs one."""

LATE = 2
"""How many times the interval the newest backup may be old."""


async def backup_lines(installation: Installation) -> AsyncIterator[Line]:
    """How old the newest whole backup is."""
    settings, name = installation.settings, "backups"
    if settings.backup_to is None:
        yield failed(
            name, "Nothing says where to.", "Set PILOTHOUSE_BACKUP_TO to a bucket or folder elsewhere."
        )
        return
    async with installation.database.maintenance() as session:
        newest = await newest_backup(session)
    if newest is None:
        yield failed(name, "There is none.", "`pilothouse backup`")
        return
    age = installation.clock.now() - newest.started_at
    hours = age.total_seconds() / 3_600
    if age > LATE * dt.timedelta(seconds=settings.backup_every):
        yield failed(
            name, f"The newest is {hours:.1f} h old.", "Look at the workers' log, then `pilothouse backup`."
        )
    else:
        yield passed(name, f"The newest, {newest.id} in {newest.place}, is {hours:.1f} h old.")


async def telemetry_lines(installation: Installation) -> AsyncIterator[Line]:
    """Where spans and log lines go. Alerts have no part of their own yet."""
    settings = installation.settings
    if settings.otlp_endpoint is None:
        yield warned("telemetry", "No collector is named.", "Set PILOTHOUSE_OTLP_ENDPOINT; scrape /metrics.")
    else:
        yield passed("telemetry", "Spans go to a collector.")
    if settings.log_format is LogFormat.READABLE:
        yield warned("log lines", "They are not for programs.", "Set PILOTHOUSE_LOG_FORMAT=json.")
    else:
        yield passed("log lines", "They are JSON where nobody looks at a terminal.")
    yield warned(
        "alert routes",
        "Not there yet: Pilothouse sends no alerts itself.",
        "Have your Prometheus alert on pilothouse_*; docs/guides/telemetry.md has rules.",
    )


async def debug_lines(installation: Installation) -> AsyncIterator[Line]:
    """Whether anything that helps to develop is on."""
    on = [
        said
        for said, is_on in (
            ("PILOTHOUSE_LOG_LEVEL=debug", installation.settings.log_level is LogLevel.DEBUG),
            ("Python's development mode", sys.flags.dev_mode),
            ("PYTHONASYNCIODEBUG", bool(os.environ.get("PYTHONASYNCIODEBUG"))),
        )
        if is_on
    ]
    if on:
        yield failed("debugging", f"{', '.join(on)} is on.", "Switch it off.")
    else:
        yield passed("debugging", "It is off.")
    url = installation.said.database_url
    if url is not None and conninfo_to_dict(url).get("password"):
        yield warned(
            "database password",
            "It stands in the URL.",
            "Take it out, and keep it as the secret database_password: it can be rotated then.",
        )


async def disk_lines(installation: Installation) -> AsyncIterator[Line]:
    """Room on the disk for data."""
    data = installation.data
    existing = next(path for path in (data, *data.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    found = f"{free / 1e9:.1f} GB are free in {existing}."
    if free < FREE_BYTES:
        yield failed("disk", found, "Free some space.")
    else:
        yield passed("disk", found)


async def governing_lines(installation: Installation) -> AsyncIterator[Line]:
    """Whether budgets bound anything, what is killed, and whether the audit log keeps up."""
    async with installation.database.maintenance() as session:
        found = await governing(session)
    if found.budgets:
        yield passed("budgets", f"{found.budgets} have a hard limit.")
    else:
        yield warned("budgets", "None has a hard limit.", "`pilothouse budgets create`")
    if found.killed:
        yield warned("kill switch", f"{found.killed} hold now.", "`pilothouse switches` shows them.")
    else:
        yield passed("kill switch", "None holds, and `pilothouse kill` throws one.")
    if found.unplaced > BEHIND:
        said = f"Entries have waited {found.unplaced:.0f} s for their places."
        yield failed("audit log", said, "Start a worker: `pilothouse worker`.")
    else:
        yield passed("audit log", "Every entry gets its place.")
