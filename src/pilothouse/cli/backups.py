"""`pilothouse backup` and `restore`."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.markup import escape

from pilothouse.app import archive_of, data_folder, open_artifacts
from pilothouse.backups.depots import Depot, FolderDepot, depot_at
from pilothouse.backups.repository.source import ledger
from pilothouse.backups.repository.target import Target, schema_of, settle
from pilothouse.backups.restoring import Destination, restore
from pilothouse.backups.rewinding import rewind
from pilothouse.backups.schemas import Kind, Manifest, Outcome, Record, Restored
from pilothouse.backups.service import SHOWN, Backups, listed, verify
from pilothouse.cli.opening import Options
from pilothouse.cli.tables import document, printed, table
from pilothouse.errors import InvalidInput, PilothouseError
from pilothouse.kit import postgres
from pilothouse.kit.clock import SystemClock
from pilothouse.migrations.upgrade import head, upgrade
from pilothouse.settings import Settings

LATEST = "latest"
_BAD = {Outcome.FAILED, Outcome.INTERRUPTED}


def _place(settings: Settings, to: str | None) -> Depot:
    where = to or settings.backup_to
    if where is None:
        raise InvalidInput(
            "No place for backups is named.", hint="Add --to FOLDER, or set PILOTHOUSE_BACKUP_TO."
        )
    return depot_at(where)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[str]:
    """The connection string, straight to the server, which is started where it is embedded."""
    if settings.owner_url is not None:
        yield settings.owner_url
        return
    attachment = await asyncio.to_thread(
        partial(postgres.attach, data_folder(settings), archive=archive_of(settings))
    )
    try:
        yield attachment.dsn
    finally:
        await asyncio.to_thread(attachment.close)


async def make(options: Options, to: str | None, *, base: bool, as_json: bool) -> None:
    """Make a backup, or a copy of the embedded server's files in the WAL archive."""
    settings = options.settings()
    if base and (archive := archive_of(settings)) is None:
        raise InvalidInput("No WAL archive is set.", hint="Set PILOTHOUSE_WAL_ARCHIVE to a folder.")
    depot = FolderDepot(archive.folder) if base and archive else _place(settings, to)
    async with _database(settings) as conninfo:
        await asyncio.to_thread(upgrade, conninfo)
        store = open_artifacts(settings, conninfo)
        kind = Kind.BASE if base else Kind.DUMP
        backups = Backups(conninfo, store, depot, clock=SystemClock())
        try:
            async with backups.alone(kind) as lines:
                manifest = await backups.take(lines, kind)
        finally:
            await store.close()
    if as_json:
        document(manifest)
        return
    told = f"{manifest.runs} runs, {manifest.entries} entries, {manifest.artifacts} artifacts"
    printed(f"[green]backed up[/] {manifest.id}: {told}, {_bytes(manifest.size)} in {manifest.seconds:.1f} s")
    for name in manifest.missing:
        printed(f"[yellow]missing[/] content {escape(name)} is in no store")


async def show(options: Options, to: str | None, *, as_json: bool) -> None:
    """List what is in the place for backups, and what the database remembers to have failed."""
    settings = options.settings()
    depot = _place(settings, to)
    found = await asyncio.to_thread(listed, depot)
    records, unknown = await _failures(settings)
    if as_json:
        shown = {
            "place": depot.where,
            "backups": [json.loads(one.model_dump_json(exclude={"files"})) for one in found],
            "failed": [json.loads(one.model_dump_json()) for one in records],
        }
        document(shown)
        return
    _print_list(found, records)
    if unknown:
        printed(f"[yellow]not asked[/] {escape(unknown)}")


async def _failures(settings: Settings) -> tuple[Sequence[Record], str]:
    """What the database remembers to have failed, or why it cannot be asked: what there is can be listed."""
    if settings.sessions_url is None and postgres.status(data_folder(settings)).major is None:
        return (), ""
    try:
        async with _database(settings) as conninfo, ledger(conninfo) as lines:
            return [one for one in await lines.records(SHOWN) if one.outcome in _BAD], ""
    except PilothouseError as error:
        return (), error.message


def _print_list(found: Sequence[Manifest], records: Sequence[Record]) -> None:
    figures = ("runs", "entries", "artifacts", "size", "seconds")
    made = table("backup", "kind", "as of (UTC)", *figures, whole=("backup", "kind"), right=figures)
    for one in found:
        numbers = (str(one.runs), str(one.entries), str(one.artifacts), _bytes(one.size))
        when = f"{one.snapshot_at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
        made.add_row(one.id, one.kind.value, when, *numbers, f"{one.seconds:.1f}")
    printed(made if found else "There are no backups yet.")
    newest = max((one.started_at for one in found), default=None)
    for record in records:
        late = newest is None or record.started_at > newest
        colour = "red" if late else "yellow"
        when = f"{record.started_at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
        said = f"[{colour}]{record.outcome.value}[/] {when} {escape(record.place)}: {escape(record.detail)}"
        printed(said)


async def check(options: Options, to: str | None, backup_id: str) -> None:
    """Read the whole of a backup and compare it with what its manifest says."""
    depot = _place(options.settings(), to)
    manifest = await asyncio.to_thread(verify, depot, backup_id)
    told = f"{len(manifest.files)} files and {manifest.artifacts} contents are whole"
    printed(f"[green]verified[/] {manifest.id}: {told}")


def _found(source: str | None, settings: Settings, to: str | None) -> tuple[Depot, str]:
    """The place and the id of a backup that was named by its id or its path."""
    if source is None:
        raise InvalidInput("Name the backup.", hint="pilothouse backup --list shows which there are.")
    path = Path(source).expanduser()
    if (path / "manifest.json").is_file():
        return FolderDepot(path.absolute().parent), path.absolute().name
    if "://" in source:
        where, _, backup_id = source.rstrip("/").rpartition("/")
        return depot_at(where), backup_id
    if "/" in source:
        raise InvalidInput(f"{source} is no folder of a backup: it has no manifest.json.")
    return _place(settings, to), source


def _destination(settings: Settings, into: str | None) -> Settings:
    """The settings as they are for where a backup goes."""
    if into is None:
        return settings
    if into.startswith(("postgresql://", "postgres://")):
        changed: dict[str, Any] = {
            "database_url": into,
            "database_direct_url": None,
            "database_owner_url": None,
        }
    else:
        changed = {
            "data": Path(into),
            "database_url": None,
            "database_direct_url": None,
            "database_owner_url": None,
        }
    return settings.model_copy(update=changed)


async def bring_back(
    options: Options,
    source: str | None,
    *,
    to: str | None,
    into: str | None,
    force: bool,
    at: str | None,
    as_json: bool,
) -> None:
    """Restore a backup, or the embedded database as it was at a moment."""
    origin = options.settings()
    settings = _destination(origin, into)
    if at is not None:
        done = await _rewound(origin, settings, at, force=force)
    else:
        depot, backup_id = _found(source, origin, to)
        async with _database(settings) as conninfo:
            destination = Destination(conninfo, partial(open_artifacts, settings), upgrade, head())
            done = await restore(depot, backup_id, destination, force=force)
    if as_json:
        sys.stdout.write(done.model_dump_json(indent=2) + "\n")
    else:
        _print_restored(done)


async def adopt(options: Options) -> None:
    """Put right, in a database that a snapshot brought back, what was true of processes that are gone."""
    async with _database(options.settings()) as conninfo:
        await asyncio.to_thread(upgrade, conninfo)
        requeued = await put_right(conninfo)
    printed(f"{requeued} runs were under way and are queued again")


async def put_right(conninfo: str) -> int:
    """How many runs of the database were under way. Raises `StillUsed` where processes are connected."""
    target = Target(conninfo)
    await target.assert_unused()
    async with target.connected() as connection:
        return await settle(connection, await schema_of(connection), "")


async def _rewound(origin: Settings, settings: Settings, at: str, *, force: bool) -> Restored:
    archive = archive_of(origin)
    if settings.database_url is not None or archive is None:
        raise InvalidInput(
            "--at needs the embedded database and its WAL archive.",
            hint="Set PILOTHOUSE_WAL_ARCHIVE; for a server of your own see docs/guides/backups.md.",
        )
    folder = data_folder(settings)
    if not force and postgres.status(folder).major is not None:
        raise InvalidInput(
            f"There is a database in {folder}.", hint="Add --force: it is kept beside the restored one."
        )
    store = open_artifacts(settings, "")
    return await rewind(folder, archive, _moment(at), head=head(), migrate=upgrade, store=store)


def _moment(text: str) -> dt.datetime | None:
    """A moment from text, in UTC where it does not say otherwise; None for the latest there is."""
    if text == LATEST:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{text} is no moment.", hint="Write it as 2030-01-31T12:00:00Z, or latest."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _print_restored(done: Restored) -> None:
    told = f"{done.runs} runs, {done.entries} entries, {done.artifacts} artifacts in {done.seconds:.1f} s"
    printed(f"[green]restored[/] {done.id}: {told}")
    if done.requeued:
        printed(f"{done.requeued} runs were under way and are queued again")
    if done.aside:
        printed(f"What was there before is kept as {escape(done.aside)}; remove it once all is well.")
    for name in done.missing:
        printed(f"[yellow]missing[/] content {escape(name)} is not in the backup")


def _bytes(size: int) -> str:
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
