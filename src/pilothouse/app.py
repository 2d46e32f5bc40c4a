"""The composition root: what an application is, and the one place that wires the parts together."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel, ConfigDict

from pilothouse.agents.agent import Agent
from pilothouse.artifacts.opening import open_store
from pilothouse.errors import NotFound, PilothouseError
from pilothouse.kit import connecting
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import upgrade
from pilothouse.retention.removing import Remover, RetentionChore
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.ports import ArtifactStore, Chore
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflow, Workflows
from pilothouse.schedules.firing import Firing
from pilothouse.settings import Settings
from pilothouse.telemetry.exporting import is_wanted
from pilothouse.tools.tool import Tool

if TYPE_CHECKING:
    from pilothouse.health.schemas import Part
    from pilothouse.kit.postgres import Archive, Attachment
    from pilothouse.telemetry.service import Telemetry

log = structlog.get_logger(__name__)

REVIVE_AFTER = 1.0
"""Seconds between two looks at whether the embedded server still answers."""

GROUP = "pilothouse.apps"
"""The entry point group in which applications are found."""


class Difference(BaseModel):
    """One thing that differs between two results: where, and what it was and became (None: nothing)."""

    model_config = ConfigDict(frozen=True)

    section: str
    item: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class App:
    """An application: its workflows, agents and tools, and how two of its results are compared.

    `compare` takes the outputs of two completed runs of the same workflow.
    """

    name: str
    workflows: Sequence[Workflow] = ()
    agents: Sequence[Agent[Any, Any]] = ()
    tools: Sequence[Tool[Any, Any]] = ()
    compare: Callable[[Any, Any], Sequence[Difference]] | None = None

    @property
    def summary(self) -> str:
        """What its first workflow does, in one line."""
        return self.workflows[0].summary if self.workflows else ""


@dataclass(frozen=True)
class Pilothouse:
    """Everything of one process, wired: its settings, its applications and the engine they run on."""

    settings: Settings
    apps: Sequence[App]
    engine: Engine
    artifacts: ArtifactStore
    conninfo: str
    telemetry: Telemetry | None = None

    @property
    def direct(self) -> str:
        """The connection string for sessions of their own, past any transaction pooler."""
        return self.engine.store.direct

    def app_of(self, workflow: str) -> App:
        """The application that brings a workflow; raises `NotFound`."""
        for app in self.apps:
            if any(item.name == workflow for item in app.workflows):
                return app
        raise NotFound(f"No installed application has a workflow {workflow!r}.")


def installed() -> list[App]:
    """The applications found by entry point, by name."""
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return [point.load() for point in found]


def worker_settings(settings: Settings) -> WorkerSettings:
    """The worker's part of the settings."""
    return WorkerSettings(
        slots=settings.worker_slots,
        labels=settings.worker_labels,
        lease=settings.worker_lease,
        grace=settings.worker_grace,
        heartbeat=settings.worker_heartbeat,
        stall_timeout=settings.stall_timeout,
        blocked_after=settings.stall_timeout,
    )


def data_folder(settings: Settings) -> Path:
    """Where the embedded database and the artifacts lie."""
    from pilothouse.kit import postgres

    return settings.data or postgres.default_data()


def open_artifacts(settings: Settings, conninfo: str) -> ArtifactStore:
    """Where this process keeps artifacts: `conninfo` leads to its database. Raises `SettingsInvalid`."""
    database = conninfo if settings.database_url is not None else None
    folder = data_folder(settings) / "artifacts"
    return open_store(settings.artifacts_url, database, folder, prepare=settings.prepares)


def open_telemetry(settings: Settings, apps: Sequence[App]) -> Telemetry:
    """What this process tells of itself. Raises `TelemetryUnavailable`."""
    from pilothouse.telemetry.service import Telemetry

    return Telemetry(
        endpoint=settings.otlp_endpoint,
        traces_per_second=settings.traces_per_second,
        workflows=[workflow.name for app in apps for workflow in app.workflows],
    )


def archive_of(settings: Settings) -> Archive | None:
    """Where the embedded server archives its WAL, if it is to."""
    from pilothouse.kit import postgres

    if settings.wal_archive is None or settings.database_url is not None:
        return None
    return postgres.Archive(settings.wal_archive.expanduser().absolute(), settings.wal_archive_timeout)


def backup_chores(settings: Settings, direct: str, artifacts: ArtifactStore) -> list[Chore]:
    """What workers see to about backups; `direct` leads straight to the database."""
    from pilothouse.backups.chores import ArchiveChore, BackupChore
    from pilothouse.backups.depots import FolderDepot, depot_at
    from pilothouse.backups.schemas import Kind
    from pilothouse.backups.service import Backups

    chores: list[Chore] = []
    every, keep, clock = dt.timedelta(seconds=settings.backup_every), settings.backup_keep, SystemClock()
    if settings.backup_to is not None:
        backups = Backups(direct, artifacts, depot_at(settings.backup_to), clock=clock)
        chores.append(BackupChore(backups, every=every, keep=keep))
    if archive := archive_of(settings):
        depot = FolderDepot(archive.folder)
        copies = Backups(direct, artifacts, depot, clock=clock)
        bases = BackupChore(copies, every=every, keep=keep, kind=Kind.BASE)
        timeout = dt.timedelta(seconds=archive.timeout)
        chores.append(ArchiveChore(copies, depot, direct, timeout=timeout, bases=bases))
    return chores


def backup_looks(settings: Settings, direct: str) -> Iterator[tuple[str, Callable[[], Awaitable[Part]]]]:
    """What there is to tell of backups, by name; `direct` leads straight to the database."""
    from pilothouse.backups import condition
    from pilothouse.backups.depots import depot_at

    if settings.backup_to is not None:
        place, every = depot_at(settings.backup_to).where, dt.timedelta(seconds=settings.backup_every)
        yield "backups", partial(condition.of_backups, direct, place, every, SystemClock())
    if archive_of(settings):
        yield "wal_archive", partial(condition.of_archive, direct)


@asynccontextmanager
async def assembled(
    settings: Settings, apps: Sequence[App], *, observed: bool = False
) -> AsyncIterator[Pilothouse]:
    """The process's parts, wired and open: database (started where it is embedded), schema, engine.

    Where the process is `observed`, it counts what it does; spans are sent where a collector is named.
    Raises `DatabaseUnavailable` and what the embedded server's launcher says.
    """
    async with AsyncExitStack() as stack:
        telemetry = open_telemetry(settings, apps) if observed or is_wanted(settings.otlp_endpoint) else None
        if telemetry is not None:
            stack.push_async_callback(asyncio.to_thread, telemetry.close)
        conninfo, direct, attachment = settings.database_url, settings.sessions_url, None
        if conninfo is None:
            from pilothouse.kit import postgres

            attach = partial(postgres.attach, data_folder(settings), archive=archive_of(settings))
            attachment = await asyncio.to_thread(attach)
            stack.callback(attachment.close)
            conninfo = attachment.dsn
        elif settings.database_direct_url is None:
            await asyncio.to_thread(connecting.insist_on_sessions, conninfo)
        conninfo = connecting.watched(conninfo, settings.database_silence)
        direct = connecting.watched(direct or conninfo, settings.database_silence)
        await asyncio.to_thread(upgrade, direct)
        artifacts = open_artifacts(settings, conninfo)
        stack.push_async_callback(artifacts.close)
        engine = Engine(
            conninfo,
            Workflows(workflow for app in apps for workflow in app.workflows),
            artifacts,
            step_timeout=settings.step_timeout,
            threads=settings.step_threads,
            inline=settings.payload_inline_bytes,
            greatest=settings.payload_max_bytes,
            direct=direct,
            prepare=settings.prepares,
            observer=telemetry.observer if telemetry is not None else None,
        )
        stack.push_async_callback(engine.close)
        await engine.open()
        firing = Firing(engine, prepare=settings.prepares)
        stack.push_async_callback(firing.close)
        engine.chores.append(firing)
        engine.chores.extend(backup_chores(settings, direct, artifacts))
        retaining = Database(
            conninfo, connections=1, statement_timeout=60, prepare=settings.prepares, purpose="retention"
        )
        stack.push_async_callback(retaining.close)
        engine.chores.append(RetentionChore(Remover(retaining, direct, artifacts)))
        if attachment is not None:
            keeping = asyncio.create_task(_keep_alive(attachment, engine))
            stack.push_async_callback(_cancelled, keeping)
        yield Pilothouse(settings, apps, engine, artifacts, conninfo, telemetry)


async def _keep_alive(attachment: Attachment, engine: Engine) -> None:
    """Start the embedded server again, should it die under this process; runs then go on by themselves."""
    while True:
        await asyncio.sleep(REVIVE_AFTER)
        if not engine.listener.connected:
            try:
                await asyncio.to_thread(attachment.revive)
            except PilothouseError as error:
                log.warning("database_not_revived", reason=str(error))


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
