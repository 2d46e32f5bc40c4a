"""`pilothouse doctor --production` and `attest`: whether an installation may go into production."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape

from pilothouse.app import Pilothouse, assembled, data_folder, rotation_of
from pilothouse.backups.checking import manifest_of
from pilothouse.backups.depots import Depot, FolderDepot, depot_at
from pilothouse.cli.opening import Options, on_this_machine, remote
from pilothouse.cli.remote import RemoteClient
from pilothouse.cli.tables import document, listed
from pilothouse.errors import InvalidInput
from pilothouse.keys.verifying import aged_keys
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids, parse
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.readiness.installation import Installation
from pilothouse.readiness.machine import advised, machine, told
from pilothouse.readiness.registry import Check, checks_of, is_ready, looked_at
from pilothouse.readiness.repository import AttestationRepository
from pilothouse.readiness.repository import server as database_server
from pilothouse.readiness.schemas import (
    Attestation,
    AttestationEdit,
    Attestations,
    Line,
    Topic,
    Verdict,
    failed,
    passed,
    warned,
)
from pilothouse.readiness.service import Attesting
from pilothouse.secrets.checking import secret_lines
from pilothouse.secrets.opening import FOLDER
from pilothouse.secrets.service import Secrets
from pilothouse.settings import Settings, load

STYLES = {Verdict.PASS: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}


async def examine(options: Options, *, ca: Path | None, as_json: bool) -> int:
    """Look at everything on the list; returns 0 where nothing has failed, 1 otherwise."""
    said = load(data=options.data)
    async with (
        assembled(options.settings(), options.installed()) as pilothouse,
        installation(pilothouse, said, options.server, ca) as found,
    ):
        lines = await looked_at([*part_checks(pilothouse, found), *checks_of(found)])
    show(lines, as_json=as_json)
    return 0 if is_ready(lines) else 1


def part_checks(pilothouse: Pilothouse, found: Installation) -> list[Check]:
    """The checks of other parts. One that has something to tell adds a line here."""
    folders = [found.data / FOLDER]
    if found.settings.secrets_folder is not None:
        folders.append(found.settings.secrets_folder)
    rotation = rotation_of(pilothouse)
    return [
        Check("secrets", partial(secret_lines, rotation, found.clock, folders)),
        Check("needed secrets", partial(needed_lines, pilothouse.secrets, found.settings)),
        Check("keys", partial(key_lines, found)),
        Check("backups kept", partial(kept_lines, found)),
        Check("machine", partial(capacity_lines, found.database)),
    ]


@asynccontextmanager
async def installation(
    pilothouse: Pilothouse, said: Settings, server: str | None = None, ca: Path | None = None
) -> AsyncIterator[Installation]:
    """What the checks look at; the API is asked at `server`, or where the settings say that it listens."""
    database = Database(pilothouse.direct, connections=2, prepare=False, purpose="doctor")
    try:
        yield Installation(
            pilothouse.settings,
            said,
            data_folder(pilothouse.settings),
            pilothouse.direct,
            database,
            SystemClock(),
            server or _address(pilothouse.settings),
            ca,
        )
    finally:
        await database.close()


async def key_lines(found: Installation) -> AsyncIterator[Line]:
    """Whether API keys have grown old."""
    aged = await aged_keys(found.database, found.clock)
    if aged:
        names = ", ".join(f"{key.name} of {key.tenant_id}" for key in aged[:5])
        told_so = f"{len(aged)} are older than 90 days: {names}."
        yield warned("api keys", told_so, "`pilothouse keys rotate KEY`")
    else:
        yield passed("api keys", "None is older than 90 days.")


async def needed_lines(secrets: Secrets, settings: Settings) -> AsyncIterator[Line]:
    """A failed line for each secret that is not there and without which a setting does not work."""
    login = urlsplit(settings.mail_url or "").username
    needed = {
        "oidc_client_secret": "oidc_issuer"
        if settings.oidc_issuer and settings.oidc_client == "confidential"
        else "",
        "smtp_password": "mail_url" if login else "",
    }
    for name, setting in needed.items():
        if setting and await secrets.provider_of(name) is None:
            todo = f"`pilothouse secrets rotate {name} --stdin < FILE`"
            yield failed(f"secret {name}", f"There is none, and the setting {setting} needs it.", todo)


async def kept_lines(found: Installation) -> AsyncIterator[Line]:
    """Whether the newest backup is where it should be, which the database alone cannot know."""
    name, place = "backups kept", found.settings.backup_to
    if place is None:
        return
    depot = depot_at(place)
    ids = await asyncio.to_thread(depot.ids)
    if not ids:
        yield failed(name, f"There is none in {depot.where}.", "`pilothouse backup`")
        return
    manifest = await asyncio.to_thread(manifest_of, depot, ids[-1])
    told_so = f"{len(ids)} in {depot.where}; the newest, {manifest.id}, has a manifest that can be read."
    if _is_beside(depot, found.data):
        yield warned(name, f"{told_so} They lie on the disk of the data.", "Name a bucket or another disk.")
    else:
        yield passed(name, told_so)


def _is_beside(depot: Depot, data: Path) -> bool:
    """Whether backups would be lost together with the data."""
    return isinstance(depot, FolderDepot) and depot.folder.stat().st_dev == data.stat().st_dev


async def capacity_lines(database: Database) -> AsyncIterator[Line]:
    """What fits this machine and its database."""
    async with database.session(local_scope()) as session:
        most = (await database_server(session)).max_connections
    here = machine(most)
    advice = advised(here)
    if advice.needed_connections > most:
        yield warned(
            "machine",
            told(here, advice),
            f"Set max_connections to {advice.needed_connections} or more on the server.",
        )
    else:
        yield passed("machine", told(here, advice))


def show(lines: Sequence[Line], *, as_json: bool) -> None:
    """Print what was found."""
    if as_json:
        document([line.model_dump(mode="json") for line in lines])
        return
    console = Console()
    width = max((len(line.name) for line in lines), default=0)
    for line in lines:
        mark = f"[{STYLES[line.verdict]}]{line.verdict.value}[/]"
        console.print(
            f"{mark} {escape(line.name):{width}} {escape(line.found)}", highlight=False, soft_wrap=True
        )
        if line.todo:
            console.print(
                f"     {'':{width}} {escape(line.todo)}", style="yellow", highlight=False, soft_wrap=True
            )
    counts = {verdict: sum(line.verdict is verdict for line in lines) for verdict in Verdict}
    console.print(", ".join(f"{count} {verdict.value}" for verdict, count in counts.items()), highlight=False)


class Stating(Protocol):
    """What the commands ask for, whether it is this machine's or a server's."""

    async def all(self) -> Attestations:
        """Every statement."""
        ...

    async def state(self, edit: AttestationEdit) -> Attestation:
        """Record one."""
        ...

    async def withdraw(self, id_: str) -> Attestation:
        """Withdraw one."""
        ...


@asynccontextmanager
async def stating(options: Options) -> AsyncIterator[Stating]:
    """The attestations of the server named by `--server`, or of this machine's own database."""
    if options.server is not None:
        async with remote(options, options.server) as client:
            yield _Remote(client)
        return
    async with on_this_machine(options) as here:
        yield _Local(here.database)


class _Local:
    """On this machine's database, or the configured one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def _service(self) -> AsyncIterator[Attesting]:
        scope = local_scope()
        async with self._database.session(scope) as session:
            yield Attesting(AttestationRepository(session, scope), scope, SystemClock(), Ids())

    async def all(self) -> Attestations:
        async with self._service() as attesting:
            return await attesting.all()

    async def state(self, edit: AttestationEdit) -> Attestation:
        async with self._service() as attesting:
            return await attesting.state(edit)

    async def withdraw(self, id_: str) -> Attestation:
        async with self._service() as attesting:
            return await attesting.withdraw(parse(id_, "attestation's id"))


class _Remote:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    async def all(self) -> Attestations:
        return await self._client.told(Attestations, "GET", "/attestations")

    async def state(self, edit: AttestationEdit) -> Attestation:
        body = edit.model_dump(mode="json", exclude_none=True)
        return await self._client.told(Attestation, "POST", "/attestations", json=body)

    async def withdraw(self, id_: str) -> Attestation:
        path = f"/attestations/{parse(id_, 'attestation id')}/withdraw"
        return await self._client.told(Attestation, "POST", path)


async def attest(options: Options, said: dict[str, Any], *, as_json: bool) -> None:
    """Record a statement."""
    topics = ", ".join(topic.value for topic in Topic)
    if said["topic"] not in {topic.value for topic in Topic}:
        raise InvalidInput(f"{said['topic'][:60]!r} is no topic.", hint=f"There are {topics}.")
    async with stating(options) as book:
        made = await book.state(AttestationEdit(**said))
    _tell(made, f"{made.topic.value}: stated by {made.stated_by} until {made.expires_at:%Y-%m-%d}", as_json)


async def withdraw(options: Options, id_: str, *, as_json: bool) -> None:
    """Withdraw a statement."""
    async with stating(options) as book:
        made = await book.withdraw(id_)
    _tell(made, f"{made.topic.value}: withdrawn", as_json)


async def list_attestations(options: Options, *, as_json: bool) -> None:
    """Show the statements."""
    async with stating(options) as book:
        found = await book.all()
    if as_json:
        document(found)
        return
    titles = ("topic", "stated by", "on", "until", "evidence", "id")
    rows = []
    for item in found.items:
        until = "withdrawn" if item.withdrawn_at else f"{item.expires_at:%Y-%m-%d}"
        row = (item.topic.value, item.stated_by, f"{item.stated_at:%Y-%m-%d}", until, item.evidence)
        rows.append((*row, str(item.id)))
    listed(titles, rows, "Nobody has stated anything.", whole=("id",))


def _tell(made: Attestation, text: str, as_json: bool) -> None:
    sys.stdout.write((made.model_dump_json(indent=2) if as_json else text) + "\n")


def _address(settings: Settings) -> str:
    """Where this installation's server listens by its settings."""
    scheme = "https" if settings.tls_cert else "http"
    host = settings.host if settings.host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104 - compared
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"
