"""Embedded PostgreSQL: a private server on a data folder, shared by the processes that attach to it.

`attach` starts it when needed; the last to leave stops it. Why it works as it does is told in
docs/decisions/0002-embedded-postgresql.md.
"""

from pilothouse.kit.postgres.administration import (
    Command,
    Status,
    Upgraded,
    psql_command,
    start,
    status,
    stop,
    stop_archiving,
    upgrade,
)
from pilothouse.kit.postgres.archiving import Archive
from pilothouse.kit.postgres.attachment import Attachment, attach
from pilothouse.kit.postgres.place import Place, default_data

__all__ = [
    "Archive",
    "Attachment",
    "Command",
    "Place",
    "Status",
    "Upgraded",
    "attach",
    "default_data",
    "psql_command",
    "start",
    "status",
    "stop",
    "stop_archiving",
    "upgrade",
]
