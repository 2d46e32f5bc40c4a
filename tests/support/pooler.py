"""A real PgBouncer in transaction mode, as an unprivileged process with a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

CONFIGURATION = """
[databases]
* = {target}

[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 200
logfile = {folder}/log
pidfile = {folder}/pid
"""


@contextmanager
def pooler(conninfo: str, sessions: int) -> Iterator[str]:
    """A connection string through a pooler that has only a few `sessions` for all its clients."""
    said = conninfo_to_dict(conninfo)
    target = " ".join(f"{key}={said[key]}" for key in ("host", "port", "user", "password") if said.get(key))
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    account = _account(str(said.get("host", "")))
    try:
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(CONFIGURATION.format(target=target, folder=folder, sessions=sessions))
        for path in (folder, configuration):
            os.chown(path, account.pw_uid, account.pw_gid)
        process = subprocess.Popen(
            [PROGRAM, "-q", configuration],
            user=account.pw_uid if os.geteuid() == 0 else None,
            group=account.pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            stderr=subprocess.DEVNULL,
        )
        try:
            through = make_conninfo(conninfo, host=str(folder), port=6432)
            _wait(through)
            yield through
        finally:
            process.terminate()
            process.wait(10)
    finally:
        shutil.rmtree(folder)


def _account(host: str) -> pwd.struct_passwd:
    """Whom it runs as: not root, and with access to the server's socket."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    return pwd.getpwuid(Path(host).stat().st_uid) if host.startswith("/") else pwd.getpwnam("nobody")


def _wait(conninfo: str, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(conninfo, connect_timeout=2).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def url(conninfo: str) -> str:
    """A connection string as a URL, for the settings."""
    said = conninfo_to_dict(conninfo)
    where = {key: str(said[key]) for key in ("host", "port", "user", "password") if said.get(key)}
    return f"postgresql:///{said['dbname']}?{urlencode(where)}"
