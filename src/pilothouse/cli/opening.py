"""Opens what a command works on: this machine's Pilothouse, or a server."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from pilothouse.app import Connected, assembled, connected, login_of, with_login
from pilothouse.applications import App, installed
from pilothouse.cli.client import Client
from pilothouse.cli.local import LocalClient, LocalRuns
from pilothouse.errors import InvalidInput
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.settings import Settings, load
from pilothouse.telemetry import logs

if TYPE_CHECKING:
    from pilothouse.cli.remote import RemoteClient
    from pilothouse.kit.session import Database

T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What stands before the command: where to work, with which applications, how loudly."""

    data: Path | None = None
    server: str | None = None
    apps: tuple[str, ...] = ()
    verbose: bool = False
    ca: Path | None = None
    client_cert: Path | None = None

    def settings(self) -> Settings:
        """The settings; raises `SettingsInvalid`."""
        settings = load(data=self.data)
        level = settings.log_level.value if self.verbose else "error"
        logs.configure(level, settings.log_format.value)
        if settings.database_url is None:
            return settings
        with ThreadPoolExecutor(1) as thread:  # which may block, also where a loop runs here
            return thread.submit(lambda: asyncio.run(with_login(settings, login_of(settings)))).result()

    def installed(self) -> Sequence[App]:
        """The installed applications and those named by `--app`; raises `InvalidInput`."""
        return [*installed(), *self.named()]

    def named(self) -> Sequence[App]:
        """The applications named by `--app`; raises `InvalidInput`."""
        return [_named(name) for name in self.apps]


def _named(name: str) -> App:
    module, _, attribute = name.partition(":")
    if not attribute:
        raise InvalidInput(f"--app {name} names no application.", hint="Write it as module:name.")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - what Python itself does for `python -m`
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InvalidInput(f"--app {name} cannot be loaded: {error}.") from error
    if not isinstance(found, App):
        raise InvalidInput(f"--app {name} is {type(found).__name__}, not a pilothouse.App.")
    return found


@asynccontextmanager
async def remote(options: Options, server: str) -> AsyncIterator[RemoteClient]:
    """A client of the server at an address, with the credential and the trust that this machine has."""
    from pilothouse.cli.remote import RemoteClient, trusting
    from pilothouse.cli.signing_in import credential_for

    credential = await credential_for(server, load(data=options.data))
    trust = trusting(options.ca, options.client_cert)
    async with RemoteClient.connected(server, credential, trust) as client:
        yield client


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Client]:
    """A client of the server named by `--server`, or of this machine's own database."""
    if options.server is not None:
        async with remote(options, options.server) as client:
            yield client
        return
    async with assembled(options.settings(), options.installed()) as pilothouse:
        yield LocalClient(pilothouse)


@dataclass(frozen=True)
class Here:
    """This machine's database, as a command works on it: in `scope`, by a pool of its own."""

    parts: Connected
    scope: Scope
    database: Database


@asynccontextmanager
async def on_this_machine(options: Options, tenant: str | None = None) -> AsyncIterator[Here]:
    """This machine's database, in `tenant` (None: the home tenant), without anything that executes runs.

    What cannot be is refused as the API would: raises `InvalidInput`.
    """
    scope = local_scope()
    async with AsyncExitStack() as stack:
        parts = await connected(options.settings(), stack)
        database = parts.database("cli", connections=2)
        with sensible():
            yield Here(parts, scope if tenant is None else replace(scope, tenant_id=tenant), database)


@asynccontextmanager
async def server_named(options: Options, tenant: str | None) -> AsyncIterator[RemoteClient | None]:
    """A client of the server named by `--server`; None where this machine's database is meant.

    Raises `InvalidInput` where a tenant is named beside a server: there one is somebody of a tenant.
    """
    if options.server is None:
        yield None
        return
    if tenant is not None:
        message = "--tenant is for this machine's database."
        raise InvalidInput(message, hint="On a server, sign in as somebody of that tenant.")
    async with remote(options, options.server) as client:
        yield client


@contextmanager
def sensible() -> Iterator[None]:
    """Raise `InvalidInput`, which says what is wrong, for what was typed and is not valid."""
    from pilothouse.kit.problems import faults_of

    try:
        yield
    except ValidationError as error:
        told = "; ".join(
            f"{fault.name.strip('/')}: {fault.detail}".lstrip(": ") for fault in faults_of(error)
        )
        raise InvalidInput(
            f"This is not valid: {told}.", hint="The command's --help has an example."
        ) from None


async def either(
    options: Options,
    tenant: str | None,
    here: Callable[[Here], Awaitable[T]],
    there: Callable[[RemoteClient], Awaitable[T]],
) -> T:
    """What a command does on this machine's database, for `tenant` if one is named, or has a server do."""
    if options.server is None:
        async with on_this_machine(options, tenant) as found:
            return await here(found)
    if tenant is not None:
        raise InvalidInput("--tenant is for this machine's database.", hint="Leave --server out.")
    async with remote(options, options.server) as client:
        return await there(client)


@asynccontextmanager
async def listing(options: Options) -> AsyncIterator[RemoteClient | LocalRuns]:
    """Runs to be listed, of the server named by `--server`, or of this machine's own database."""
    if options.server is not None:
        async with remote(options, options.server) as client:
            yield client
        return
    options.named()  # a misspelt one is told although it is not needed
    async with on_this_machine(options) as here:
        yield LocalRuns(here.database)


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command's coroutine; Ctrl-C and SIGTERM cancel it, so that it can clean up."""

    async def main() -> T:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work()

    return asyncio.run(main())
