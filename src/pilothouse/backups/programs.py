"""Runs pg_dump, pg_restore and pg_basebackup: politely, killable, and with no password in sight."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pilothouse.backups.errors import BackupFailed, RestoreFailed
from pilothouse.kit.postgres.clients import Clients, clients, environment

_SAID = 2_000  # characters of what a program said that are shown
_UNKNOWN_SETTING = 'unrecognized configuration parameter "transaction_timeout"'
_ERRORS = re.compile(r"^pg_restore: error: (.+)$", re.MULTILINE)


async def dump(conninfo: str, schema: str, snapshot: str, server_version: int, target: Path) -> int:
    """Dump a schema as a snapshot shows it into the folder `target`; returns the programs' major version.

    It takes the weakest lock of each table and none that a writer waits for; where it cannot get one within
    ten seconds, because a migration has the table, it gives up. Workers are left out: they are processes.
    Raises `BackupFailed`, `NoClientPrograms`.
    """
    programs = await asyncio.to_thread(clients, server_version // 10_000)
    where, given = environment(conninfo)
    quoted = '"' + schema.replace('"', '""') + '"'
    arguments = [
        *_polite(),
        programs.program("pg_dump"),
        *("--format=directory", "--compress=1", "--no-owner", "--no-privileges", "--lock-wait-timeout=10s"),
        *(f"--jobs={max(1, _cores() // 2)}", f"--snapshot={snapshot}", f"--schema={quoted}"),
        *(f"--exclude-table-data={quoted}.workers", f"--file={target}", "--dbname", where),
    ]
    code, said = await _run(arguments, given)
    if code != 0:
        raise BackupFailed(
            f"pg_dump failed: {said[-_SAID:]}", hint="Nothing was kept; the next one tries again."
        )
    return programs.major


async def base(conninfo: str, server_version: int, target: Path) -> int:
    """Copy the files of a whole server into `target`, as archives with the WAL that makes them consistent.

    Returns the programs' major version. Raises `BackupFailed`.
    """
    programs = await asyncio.to_thread(clients, server_version // 10_000)
    where, given = environment(conninfo)
    arguments = [
        *_polite(),
        programs.program("pg_basebackup"),
        *("--format=tar", "--gzip", "--compress=1", "--wal-method=stream", "--checkpoint=fast"),
        *(f"--pgdata={target}", "--no-password", "--dbname", where),
    ]
    code, said = await _run(arguments, given)
    if code != 0:
        raise BackupFailed(f"pg_basebackup failed: {said[-_SAID:]}")
    return programs.major


class Load:
    """Loads a dump into an empty schema, section by section."""

    def __init__(self, conninfo: str, folder: Path, programs: Clients, schema: str) -> None:
        """Load the dump in `folder`; made by `loading`."""
        self._where, self._environment = environment(conninfo)
        self._folder = folder
        self._programs = programs
        self._schema = schema

    async def list(self, contents: Path) -> None:
        """Write down what is to be loaded into the file `contents`. Raises `RestoreFailed`."""
        listed = [self._programs.program("pg_restore"), "--list", f"--file={contents}", str(self._folder)]
        code, said = await _run(listed, self._environment)
        if code != 0:
            raise RestoreFailed(f"pg_restore cannot read the dump: {said[-_SAID:]}")
        await asyncio.to_thread(_without_schema, contents, self._schema)

    async def section(self, name: str, contents: Path) -> None:
        """Load `pre-data` (tables), `data` or `post-data` (indexes) of what is listed in `contents`.

        Raises `RestoreFailed`. Servers before version 17 do not know a setting that newer programs make;
        that is no failure.
        """
        arguments = [
            self._programs.program("pg_restore"),
            *("--no-owner", "--no-privileges", f"--jobs={_cores()}", f"--section={name}"),
            *(f"--use-list={contents}", "--dbname", self._where, str(self._folder)),
        ]
        code, said = await _run(arguments, self._environment)
        errors = [line for line in _ERRORS.findall(said) if _UNKNOWN_SETTING not in line]
        if code != 0 and (errors or _UNKNOWN_SETTING not in said):
            raise RestoreFailed(f"pg_restore failed: {said[:_SAID]}")


async def loading(conninfo: str, folder: Path, schema: str, made_by: int, server_version: int) -> Load:
    """What loads a dump that programs of version `made_by` wrote. Raises `NoClientPrograms`."""
    programs = await asyncio.to_thread(clients, max(made_by, server_version // 10_000))
    return Load(conninfo, folder, programs, schema)


def _without_schema(contents: Path, schema: str) -> None:
    """Leave out that the schema is made: it is there."""
    lines = contents.read_text().splitlines(keepends=True)
    made = re.compile(rf"^\d+; \d+ \d+ (SCHEMA - {re.escape(schema)}|COMMENT - SCHEMA {re.escape(schema)}) ")
    contents.write_text("".join(line for line in lines if not made.match(line)))


def _cores() -> int:
    return min(4, os.cpu_count() or 1)


def _polite() -> list[str]:
    """What has a program give way to others on this machine, where that is possible."""
    nice = shutil.which("nice")
    return [nice, "-n", "10"] if nice else []


async def _run(arguments: Sequence[str], given: Mapping[str, str]) -> tuple[int, str]:
    """Run a program to its end; exit code and what it said. It ends with whoever waits for it."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=dict(given),
        start_new_session=True,
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace").strip()
