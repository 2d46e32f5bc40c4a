"""The composition root: what an application is, and the one place that wires the parts together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel, ConfigDict

from pilothouse.agents.agent import Agent
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.errors import NotFound, PilothouseError
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflow, Workflows
from pilothouse.settings import Settings
from pilothouse.tools.tool import Tool

if TYPE_CHECKING:
    from pilothouse.kit.postgres import Attachment

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
    artifacts: ObjectArtifacts
    conninfo: str

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
        lease=settings.worker_lease,
        grace=settings.worker_grace,
        stall_timeout=settings.stall_timeout,
        blocked_after=settings.stall_timeout,
    )


def data_folder(settings: Settings) -> Path:
    """Where the embedded database and the artifacts lie."""
    from pilothouse.kit import postgres

    return settings.data or postgres.default_data()


@asynccontextmanager
async def assembled(settings: Settings, apps: Sequence[App]) -> AsyncIterator[Pilothouse]:
    """The process's parts, wired and open: database (started where it is embedded), schema, engine.

    Raises `DatabaseUnavailable` and what the embedded server's launcher says.
    """
    async with AsyncExitStack() as stack:
        conninfo, attachment = settings.database_url, None
        if conninfo is None:
            from pilothouse.kit import postgres

            attachment = await asyncio.to_thread(postgres.attach, data_folder(settings))
            stack.callback(attachment.close)
            conninfo = attachment.dsn
        await asyncio.to_thread(upgrade, conninfo)
        artifacts = ObjectArtifacts.local(data_folder(settings) / "artifacts")
        engine = Engine(
            conninfo,
            Workflows(workflow for app in apps for workflow in app.workflows),
            artifacts,
            step_timeout=settings.step_timeout,
            threads=settings.step_threads,
        )
        stack.push_async_callback(engine.close)
        await engine.open()
        if attachment is not None:
            keeping = asyncio.create_task(_keep_alive(attachment, engine))
            stack.push_async_callback(_cancelled, keeping)
        yield Pilothouse(settings, apps, engine, artifacts, conninfo)


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
