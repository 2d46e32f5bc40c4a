"""Runs pytest once more, on the oldest supported PostgreSQL: `python -m support.oldest ARGUMENTS`.

The server is one that answers on this machine, or one of our own made from installed programs, which root
installs where they are missing. Where none is to be had, it says what was not run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from support.external import URL

OLDEST = 15
LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
PROGRAMS = Path(f"/usr/lib/postgresql/{OLDEST}/bin")
PACKAGE = f"postgresql-{OLDEST}"


def answers() -> bool:
    """Whether that version answers on this machine, and lets us in."""
    try:
        with psycopg.connect(LOCAL, connect_timeout=2) as connection:
            row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
            return connection.info.server_version // 10_000 == OLDEST and row == (True,)
    except psycopg.OperationalError:
        return False


def installed() -> bool:
    """Whether its programs are here; root installs Debian's."""
    if (PROGRAMS / "initdb").exists():
        return True
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", PACKAGE]
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0 and (PROGRAMS / "initdb").exists()


@contextmanager
def own() -> Iterator[str]:
    """A server of our own, on a Unix socket in a folder that is removed afterwards; its connection string."""
    account = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="oldest-"))
    if account:
        shutil.chown(folder, **account)

    def call(program: str, *arguments: str) -> None:
        command = [PROGRAMS / program, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **account)

    data = str(folder / "data")
    try:
        call("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=200"
        call("pg_ctl", "start", "-w", "-s", "-D", data, "-l", str(folder / "log"), "-o", settings)
        try:
            yield make_conninfo(host=str(folder), user="postgres", dbname="postgres")
        finally:
            call("pg_ctl", "stop", "-m", "immediate", "-s", "-D", data)
    finally:
        shutil.rmtree(folder)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run pytest with `arguments` on that server; its exit code, 0 where there is no server."""
    with ExitStack() as stack:
        if answers():
            url, where = LOCAL, "the one at 127.0.0.1:5432"
        elif installed():
            url, where = stack.enter_context(own()), f"one of our own, from {PROGRAMS}"
        else:
            say(f"Not run: the engine's tests on PostgreSQL {OLDEST}. Start one that lets {LOCAL} in.")
            return 0
        say(f"Once more on PostgreSQL {OLDEST}: {where}.")
        command = [sys.executable, "-m", "pytest", *arguments]
        return subprocess.run(command, env={**os.environ, URL: url}, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
