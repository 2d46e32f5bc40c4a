"""The composition root: the one place that wires the parts of a process together."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.applications import App
from pilothouse.errors import NotFound, SettingsInvalid
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.runnable import runnable

if TYPE_CHECKING:  # a command loads what it uses: each function below brings its own parts
    from pilothouse.governance import Governance
    from pilothouse.guards.passing import Guards
    from pilothouse.health.schemas import Part
    from pilothouse.kit.postgres import Archive, Attachment
    from pilothouse.kit.sealing import SealedColumn
    from pilothouse.kit.secret import Secret
    from pilothouse.kit.session import Database
    from pilothouse.modelling import Modelling
    from pilothouse.policies.actions.shipped import Shipped
    from pilothouse.prompts.service import Prompts
    from pilothouse.resilience import Registry
    from pilothouse.runtime.engine import Engine
    from pilothouse.runtime.ports import ArtifactStore, Chore
    from pilothouse.runtime.worker_settings import WorkerSettings
    from pilothouse.secrets.ledger import DatabaseLedger
    from pilothouse.secrets.login import Login
    from pilothouse.secrets.rotation import Hook, Rotation
    from pilothouse.secrets.service import Secrets
    from pilothouse.settings import Settings
    from pilothouse.telemetry.service import Telemetry
    from pilothouse.vault.service import Vault

    SEALED: tuple[SealedColumn, ...]
    """The columns that the domains seal: where a tenant's key was turned over, these are sealed anew."""


def __getattr__(name: str) -> tuple[SealedColumn, ...]:
    """`SEALED`, which takes the tables of many domains."""
    if name != "SEALED":
        message = f"module 'pilothouse.app' has no attribute {name!r}"
        raise AttributeError(message)
    return sealed_columns()


@cache
def sealed_columns() -> tuple[SealedColumn, ...]:
    """What `SEALED` is."""
    from pilothouse.sealed import COLUMNS

    return COLUMNS


@dataclass(frozen=True)
class Pilothouse:
    """Everything of one process, wired: its settings, its applications and the engine they run on."""

    settings: Settings
    apps: Sequence[App]
    engine: Engine
    artifacts: ArtifactStore
    conninfo: str = field(repr=False)  # which may hold a password
    secrets: Secrets
    vault: Vault
    telemetry: Telemetry | None = None
    guards: Guards | None = None
    prompts: Prompts | None = None
    resilience: Registry | None = None
    models: Modelling | None = None

    @cached_property
    def policies(self) -> Shipped:
        """What policies can speak of, and those that the applications ship; raises `SettingsInvalid`."""
        return policies_of(self.apps)

    @property
    def direct(self) -> str:
        """The connection string for sessions of their own, past any transaction pooler."""
        return self.engine.store.direct

    def app_of(self, workflow: str) -> App:
        """The application that brings a workflow; raises `NotFound`."""
        for app in self.apps:
            if any(item.name == workflow for item in runnable([app])):
                return app
        raise NotFound(f"No installed application has a workflow {workflow!r}.")


def policies_of(apps: Sequence[App]) -> Shipped:
    """The tools of the applications, and the policies that they ship; raises `SettingsInvalid`."""
    from pilothouse.llm.shipping import MODELS
    from pilothouse.policies.actions.shipped import Brought, shipped

    return shipped([*(Brought(app.name, app.acting, app.policies) for app in apps), Brought(*MODELS)])


def settle(settings: Settings, apps: Sequence[App]) -> None:
    """Tell the applications where they may keep files, and their options; raises `SettingsInvalid`."""
    names = {app.name for app in apps if app.settle is not None}
    for name in settings.app_options.keys() - names:
        known = ", ".join(sorted(names)) or "none"
        raise SettingsInvalid(f"app_options names {name!r}. Installed applications with options: {known}.")
    folder = data_folder(settings) / "apps"
    for app in apps:
        if app.settle is not None:
            try:
                app.settle(folder / app.name, settings.app_options.get(app.name, {}))
            except ValueError as error:
                raise SettingsInvalid(f"The options of {app.name} cannot be used: {error}") from error


def worker_settings(settings: Settings) -> WorkerSettings:
    """The worker's part of the settings."""
    from pilothouse.runtime.worker_settings import WorkerSettings

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
    from pilothouse.artifacts.opening import open_store

    database, folder = conninfo if settings.database_url else None, data_folder(settings) / "artifacts"
    return open_store(settings.artifacts_url, database, folder, prepare=settings.prepares)


def secrets_of(settings: Settings, direct: str | None = None, resilience: Registry | None = None) -> Secrets:
    """The secrets of this process; `direct` leads to the database that knows which ones there are.

    Raises `AwsMissing`.
    """
    from pilothouse.secrets.opening import open_secrets

    return open_secrets(
        settings.secrets_from,
        data_folder(settings),
        folder=settings.secrets_folder,
        aws_prefix=settings.secrets_aws_prefix,
        ledger=None if direct is None else ledger_at(direct),
        resilience=resilience,
    )


def ledger_at(direct: str) -> DatabaseLedger:
    """What a database knows of the secrets of its installation."""
    from pilothouse.kit.session import Database
    from pilothouse.secrets.ledger import DatabaseLedger

    connections = partial(Database, direct, connections=1, prepare=False, purpose="secrets")
    return DatabaseLedger(connections, SystemClock())


def login_of(settings: Settings) -> Login:
    """What hands the password of the database's login to libpq, where a secret holds it."""
    from pilothouse.secrets.login import Login
    from pilothouse.secrets.opening import FOLDER

    return Login(secrets_of(settings), data_folder(settings) / FOLDER)


async def with_login(settings: Settings, login: Login) -> Settings:
    """The settings, whose URLs name the file with the login's password, where a secret holds that."""
    urls = {
        name: await login.applied(url)
        for name in ("database_url", "database_direct_url")
        if (url := getattr(settings, name)) is not None
    }
    return settings.model_copy(update=urls) if urls else settings


def rotation_of(pilothouse: Pilothouse | Connected) -> Rotation:
    """What rotates the secrets of an installation, with what each of its parts does for a new version."""
    from pilothouse.secrets.hooks import Counted
    from pilothouse.secrets.login import PasswordHook
    from pilothouse.secrets.opening import FOLDER
    from pilothouse.secrets.rotation import Rotation

    settings, vault, ledger = pilothouse.settings, pilothouse.vault, ledger_at(pilothouse.direct)

    async def rewrapped(_: Secret) -> str:
        return f"it wraps the keys of all tenants now: {(await vault.rewrap()).keys:,} were wrapped anew"

    async def wrapped() -> dict[str, int]:
        return {name.removeprefix("local:"): count for name, count in (await vault.wrappings()).items()}

    async def taken(_: Secret) -> str:
        return "each API key takes it when it is used next"

    hooks: dict[str, Hook] = {
        "pepper": Counted(taken, ledger.peppered, "API keys"),
        "vault_key": Counted(rewrapped, wrapped, "keys of tenants"),
        "database_password": PasswordHook(pilothouse.direct, data_folder(settings) / FOLDER),
    }
    return Rotation(pilothouse.secrets, hooks, SystemClock(), ledger)


def open_telemetry(settings: Settings, apps: Sequence[App]) -> Telemetry:
    """What this process tells of itself. Raises `TelemetryUnavailable`."""
    from pilothouse.telemetry.service import Telemetry

    return Telemetry(
        endpoint=settings.otlp_endpoint,
        traces_per_second=settings.traces_per_second,
        workflows=[workflow.name for workflow in runnable(apps)],
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

    every, keep, clock = dt.timedelta(seconds=settings.backup_every), settings.backup_keep, SystemClock()
    chores: list[Chore] = []
    if settings.backup_to is not None:
        backups = Backups(direct, artifacts, depot_at(settings.backup_to), clock=clock)
        chores.append(BackupChore(backups, every=every, keep=keep))
    if archive := archive_of(settings):
        copies = Backups(direct, artifacts, depot := FolderDepot(archive.folder), clock=clock)
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


@dataclass(frozen=True)
class Connected:
    """The ways to the database: for requests and runs, straight to it, and as who owns the schema.

    Behind them lie the parts that need nothing else; each is made where it is first asked for, and closed
    with `stack`.
    """

    settings: Settings
    conninfo: str = field(repr=False)  # which may hold a password
    direct: str = field(repr=False)
    owner: str = field(repr=False)
    attachment: Attachment | None
    stack: AsyncExitStack = field(repr=False)
    ids: Ids = field(default_factory=Ids)

    @cached_property
    def resilience(self) -> Registry:
        """The dependencies of this process; raises `SettingsInvalid`."""
        from pilothouse.resilience.opening import open_registry

        return open_registry(self.settings, self.stack)

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets of this installation."""
        made = secrets_of(self.settings, self.direct, self.resilience)
        self.stack.push_async_callback(made.settle)
        return made

    @cached_property
    def vault(self) -> Vault:
        """What seals personal data."""
        from pilothouse.vault.opening import open_vault

        key, prepare, around = self.settings.vault_kms_key, self.settings.prepares, self.resilience
        made = open_vault(
            self.conninfo, self.secrets, around, kms_key=key, columns=sealed_columns(), prepare=prepare
        )
        self.stack.push_async_callback(made.close)
        return made

    @cached_property
    def artifacts(self) -> ArtifactStore:
        """Where artifacts are kept."""
        made = open_artifacts(self.settings, self.conninfo)
        self.stack.push_async_callback(made.close)
        return made

    def database(self, purpose: str, *, connections: int = 1, patient: bool = False) -> Database:
        """A small pool of its own for one purpose; its statements may take a minute where it is `patient`."""
        from pilothouse.kit.session import Database

        made = Database(
            self.conninfo,
            connections=connections,
            statement_timeout=60 if patient else 15,
            prepare=self.settings.prepares,
            purpose=purpose,
        )
        self.stack.push_async_callback(made.close)
        return made


async def connected(settings: Settings, stack: AsyncExitStack) -> Connected:
    """The database as the settings name it, or the embedded one, which is started; its schema is the newest.

    Raises `DatabaseUnavailable` and what the embedded server's launcher says.
    """
    from pilothouse.kit import connecting
    from pilothouse.migrations.upgrade import upgrade

    attachment = None
    if settings.database_url is None:
        from pilothouse.kit import postgres

        folder, archive = data_folder(settings), archive_of(settings)
        attachment = await asyncio.to_thread(postgres.attach, folder, archive=archive)
        stack.callback(attachment.close)
        conninfo = direct = attachment.dsn
    else:
        login, said = login_of(settings), settings
        settings = await with_login(settings, login)
        if settings != said:
            stack.push_async_callback(_cancelled, asyncio.create_task(login.keep()))
        conninfo = settings.database_url or ""
        direct = settings.sessions_url or conninfo
        if settings.database_direct_url is None:
            await asyncio.to_thread(connecting.insist_on_sessions, conninfo)
    conninfo = connecting.watched(conninfo, settings.database_silence)
    direct = connecting.watched(direct, settings.database_silence)
    owner = connecting.watched(settings.database_owner_url or direct, settings.database_silence)
    await asyncio.to_thread(upgrade, owner)
    return Connected(settings, conninfo, direct, owner, attachment, stack)


@asynccontextmanager
async def assembled(
    settings: Settings, apps: Sequence[App], *, observed: bool = False
) -> AsyncIterator[Pilothouse]:
    """The process's parts, wired and open: database, secrets, vault, engine and what workers see to.

    Where the process is `observed`, it counts what it does; spans are sent where a collector is named.
    Raises as `connected`.
    """
    from pilothouse.audit.opening import audit_chores
    from pilothouse.experiments.opening import open_experiments
    from pilothouse.guards.opening import open_guards
    from pilothouse.modelling import models_of
    from pilothouse.prompts.opening import prompts_of
    from pilothouse.reaching import Reach
    from pilothouse.resilience.opening import in_step
    from pilothouse.telemetry.exporting import is_wanted

    async with AsyncExitStack() as stack:
        settle(settings, apps)
        telemetry = open_telemetry(settings, apps) if observed or is_wanted(settings.otlp_endpoint) else None
        if telemetry is not None:
            stack.push_async_callback(asyncio.to_thread, telemetry.close)
        to = await connected(settings, stack)
        settings, vault, artifacts = to.settings, to.vault, to.artifacts
        governing = to.database("policies", connections=2)
        governance = governance_of(to, apps, governing)
        stack.push_async_callback(governance.close)
        guards = open_guards(vault.database, vault, governance.switches, settings)
        if observed:  # a server or a worker, whose first text is not to wait
            await asyncio.to_thread(guards.scanner.make)
        prompts = prompts_of(apps, governing, vault)
        asked = settings, to.secrets, governing, telemetry, to.resilience, prompts
        models = models_of(*asked, sealer=vault)
        engine = _engine(to, apps, governance, guards, telemetry, models)
        prompts.following(engine.listener)
        stack.push_async_callback(engine.close)
        await engine.open()
        await governance.open(engine.listener)
        await stack.enter_async_context(in_step(to.resilience, vault.database, engine.listener))
        engine.chores.extend(_chores(to, engine))
        reach = Reach(settings, governing, engine, vault, to.secrets, guards, resilience=to.resilience)
        stack.push_async_callback(reach.close)
        engine.chores.append(reach.chore)
        audit = to.database("audit"), to.secrets, engine.ids, stack, to.resilience
        engine.chores.extend(audit_chores(settings, *audit))
        prompts.assigner = await open_experiments(governance.switches.lane, governing, engine, stack)
        if models is not None:
            await models.open(engine, stack, prompts.assigner)
        if to.attachment is not None:
            from pilothouse.kit.postgres.reviving import keep_alive

            keeping = asyncio.create_task(keep_alive(to.attachment, lambda: engine.listener.connected))
            stack.push_async_callback(_cancelled, keeping)
        opened = settings, apps, engine, artifacts, to.conninfo, to.secrets, vault, telemetry, guards
        yield Pilothouse(*opened, prompts=prompts, resilience=to.resilience, models=models)


def _engine(
    to: Connected,
    apps: Sequence[App],
    governance: Governance,
    guards: Guards,
    telemetry: Telemetry | None,
    models: Modelling | None,
) -> Engine:
    """What executes the runs of the applications."""
    from pilothouse.accounting import book_of
    from pilothouse.runtime.engine import Engine
    from pilothouse.runtime.workflows import Workflows
    from pilothouse.uploads.service import UploadFinder

    settings = to.settings
    return Engine(
        to.conninfo,
        Workflows(runnable(apps)),
        to.artifacts,
        step_timeout=settings.step_timeout,
        threads=settings.step_threads,
        inline=settings.payload_inline_bytes,
        greatest=settings.payload_max_bytes,
        direct=to.direct,
        owner=to.owner,
        prepare=settings.prepares,
        observer=telemetry.observer if telemetry is not None else None,
        sealer=to.vault,
        everything=settings.vault_everything,
        uploads=UploadFinder(to.database("uploads", connections=2), to.artifacts, to.vault),
        governor=governance,
        witness=governance,
        clock=governance.clock,
        switches=governance.switches,
        guard=guards,
        ladders=None if models is None else models.ladders,
        book=book_of(settings),
    )


def governance_of(to: Connected, apps: Sequence[App], database: Database) -> Governance:
    """What decides on the actions of the applications; policies are read through `database`."""
    from pilothouse.governance import Governance

    personal = {item.name for item in runnable(apps) if item.personal}
    return Governance(to.conninfo, database, policies_of(apps), to.vault, to.settings, personal=personal)


def _chores(to: Connected, engine: Engine) -> Iterator[Chore]:
    """What workers see to beside runs."""
    from pilothouse.accounting import accounting_chores
    from pilothouse.retention.removing import Remover, RetentionChore
    from pilothouse.schedules.firing import Firing
    from pilothouse.tenants.opening import tenant_work
    from pilothouse.vault.resealing import Resealing, ResealingChore

    firing = Firing(engine, prepare=to.settings.prepares)
    to.stack.push_async_callback(firing.close)
    yield firing
    yield from accounting_chores(to.conninfo, to.settings, to.stack)
    yield ResealingChore(Resealing(to.vault))
    yield from backup_chores(to.settings, to.owner, to.artifacts)
    yield RetentionChore(Remover(to.database("retention", patient=True), to.owner, to.artifacts))
    yield tenant_work(to.database("tenants", patient=True), engine, to.artifacts, to.vault)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
