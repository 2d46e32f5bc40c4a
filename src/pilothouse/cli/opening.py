"""Opens what a command works on: this machine's Pilothouse, or a server."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pilothouse.app import App, assembled, installed
from pilothouse.cli.client import Client
from pilothouse.cli.local import LocalClient
from pilothouse.errors import InvalidInput
from pilothouse.settings import Settings, load
from pilothouse.telemetry import logs

T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What stands before the command: where to work, with which applications, how loudly."""

    data: Path | None = None
    server: str | None = None
    apps: tuple[str, ...] = ()
    verbose: bool = False

    def settings(self) -> Settings:
        """The settings; raises `SettingsInvalid`."""
        settings = load(data=self.data)
        level = settings.log_level.value if self.verbose else "error"
        logs.configure(level, settings.log_format.value)
        return settings

    def installed(self) -> Sequence[App]:
        """The installed applications and those named by `--app`; raises `InvalidInput`."""
        return [*installed(), *(_named(name) for name in self.apps)]


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
async def opened(options: Options) -> AsyncIterator[Client]:
    """A client of the server named by `--server`, or of this machine's own database."""
    if options.server is not None:
        from pilothouse.cli.remote import RemoteClient

        async with RemoteClient.connected(options.server) as client:
            yield client
        return
    async with assembled(options.settings(), options.installed()) as pilothouse:
        yield LocalClient(pilothouse)


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command's coroutine; Ctrl-C and SIGTERM cancel it, so that it can clean up."""

    async def main() -> T:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work()

    return asyncio.run(main())
