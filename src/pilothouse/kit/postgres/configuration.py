"""The server's settings and who may connect, written anew at each start so that they follow the version.

A user's own settings belong into `ALTER SYSTEM`, which is kept; what safety rests on stands on the
command line, where nothing can override it.
"""

from __future__ import annotations

from pathlib import Path

from pilothouse.kit.postgres import files
from pilothouse.kit.postgres.accounts import Account, me
from pilothouse.kit.postgres.place import Place
from pilothouse.kit.postgres.sockets import PORT, SPARE

ROLE = "pilothouse"
DATABASE = "pilothouse"
LOGS = "log"

_SETTINGS = {
    # Sized for a laptop; the defaults of PostgreSQL are kept where they are not too small.
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "random_page_cost": "1.1",
    # `replica` costs small commits nothing measurable and lets pg_basebackup work; commits wait for the disk.
    "wal_level": "replica",
    "synchronous_commit": "on",
    "wal_buffers": "16MB",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # One file per day of the week, emptied when its day returns; statements and values stay out of them.
    "logging_collector": "on",
    "log_directory": LOGS,
    "log_filename": "server-%a.log",
    "log_file_mode": "0600",
    "log_checkpoints": "off",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] ",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# The three I/O workers of version 18 help scans larger than memory, and cost each start three processes.
_SINCE = {18: {"io_method": "sync"}}

_ACCESS = """\
# Written by Pilothouse at each start.
local all         all peer map=pilothouse
local replication all peer map=pilothouse
"""


def settings_text(major: int) -> str:
    """The text of postgresql.conf for a server of version `major`."""
    settings = dict(_SETTINGS)
    for since, more in _SINCE.items():
        settings |= more if major >= since else {}
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    return "\n".join(
        ["# Written by Pilothouse at each start; use ALTER SYSTEM for settings of your own.", *lines, ""]
    )


def idents_text(names: set[str]) -> str:
    """The text of pg_ident.conf: each operating-system user in `names` may connect as any role."""
    quoted = (name.replace('"', '""') for name in sorted(names))
    lines = [f'pilothouse "{name}" all' for name in quoted]
    return "\n".join(["# Written by Pilothouse at each start.", *lines, ""])


def write(place: Place, cluster: Path, major: int, account: Account) -> None:
    """Write the settings, who may connect, and which operating-system user may be which role."""
    texts = {
        "postgresql.conf": settings_text(major),
        "pg_hba.conf": _ACCESS,
        "pg_ident.conf": idents_text({me().name, account.name}),
    }
    for name, text in texts.items():
        files.write(cluster / name, text, account, through=place.home)


def flags(place: Place, socket_dir: Path) -> list[str]:
    """The settings on the server's command line: private sockets only, and durable."""
    fixed = {
        "listen_addresses": "",
        "unix_socket_directories": f"{socket_dir},{SPARE}",
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "fsync": "on",
        "full_page_writes": "on",
        "cluster_name": place.cluster_name,
    }
    return [part for name, value in fixed.items() for part in ("-c", f"{name}={value}")]


def conninfo(socket_dir: Path, database: str, role: str = ROLE) -> str:
    """A libpq connection string, its values quoted as libpq wants it."""
    values = {"host": str(socket_dir), "port": str(PORT), "user": role, "dbname": database}
    return " ".join(
        f"{key}='{value.replace(chr(92), chr(92) * 2).replace(chr(39), chr(92) + chr(39))}'"
        for key, value in values.items()
    )
