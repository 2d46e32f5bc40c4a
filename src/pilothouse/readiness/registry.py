"""The checks of `pilothouse doctor --production`, and how they are made.

A part of Pilothouse that has a check of its own offers a function that tells lines, which
`cli/readiness.py` lists.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import NamedTuple

import structlog

from pilothouse.errors import PilothouseError
from pilothouse.readiness.addresses import address_lines
from pilothouse.readiness.database import database_lines
from pilothouse.readiness.installation import Installation
from pilothouse.readiness.operations import (
    backup_lines,
    debug_lines,
    disk_lines,
    governing_lines,
    telemetry_lines,
)
from pilothouse.readiness.schemas import Line, Verdict, failed
from pilothouse.readiness.statements import statement_lines
from pilothouse.readiness.transport import transport_lines
from pilothouse.readiness.versions import version_lines

log = structlog.get_logger(__name__)


class Check(NamedTuple):
    """Looks at one matter, and tells a line for each thing that it has found."""

    name: str
    look: Callable[[], AsyncIterator[Line]]


def checks_of(installation: Installation) -> list[Check]:
    """What can be looked at without any other part of Pilothouse, in the order in which it is shown."""
    looks = {
        "addresses": address_lines,
        "transport": transport_lines,
        "database": database_lines,
        "backups": backup_lines,
        "telemetry": telemetry_lines,
        "debugging": debug_lines,
        "disk": disk_lines,
        "versions": version_lines,
        "governing": governing_lines,
        "statements": statement_lines,
    }
    return [Check(name, partial(look, installation)) for name, look in looks.items()]


async def looked_at(checks: Sequence[Check]) -> list[Line]:
    """What every check has found. One that fails is a failed line, and the others go on."""
    lines: list[Line] = []
    for name, look in checks:
        try:
            lines += [line async for line in look()]
        except PilothouseError as error:
            lines.append(failed(name, error.message, error.hint or ""))
        except Exception as error:
            log.exception("readiness_check_broke", check=name)
            lines.append(failed(name, f"It could not be looked at ({type(error).__name__}).", "See the log."))
    return lines


def is_ready(lines: Sequence[Line]) -> bool:
    """Whether nothing has failed."""
    return all(line.verdict is not Verdict.FAIL for line in lines)
