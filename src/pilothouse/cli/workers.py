"""`pilothouse worker`, which executes runs without an API, and `pilothouse workers`, which lists who does."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog
from rich.markup import escape
from rich.table import Table

from pilothouse.cli.opening import Here, Options, either
from pilothouse.cli.tables import document, printed, table
from pilothouse.errors import InvalidInput
from pilothouse.settings import Settings, load
from pilothouse.telemetry import logs

if TYPE_CHECKING:
    from pilothouse.app import Pilothouse
    from pilothouse.applications import App
    from pilothouse.cli.remote import RemoteClient
    from pilothouse.runtime.worker import Worker

log = structlog.get_logger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def work(
    common: dict[str, Any],
    slots: int | None,
    given: Sequence[str],
    only: Sequence[str],
    metrics_port: int | None = None,
) -> None:
    """Execute runs until SIGTERM or Ctrl-C. Raises `InvalidInput` for a bad label and with `--server`."""
    from pilothouse.runtime import labels

    options = Options(**common)
    if options.server is not None:
        raise InvalidInput(
            "A worker works on a database, not on a server.",
            hint="Set PILOTHOUSE_DATABASE_URL to the server's database and leave --server out.",
        )
    found = labels.parse(given, "=") or None
    settings = load(data=options.data, worker_slots=slots, worker_labels=found, metrics_port=metrics_port)
    logs.configure(settings.log_level.value, settings.log_format.value)
    asyncio.run(_work(settings, options.installed(), only))


async def _work(settings: Settings, apps: Sequence[App], only: Sequence[str]) -> None:
    from pilothouse.app import assembled, worker_settings
    from pilothouse.kit import collecting
    from pilothouse.telemetry.stdlib import forward

    forward(settings.log_level.value)
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    for number in SIGNALS:
        loop.add_signal_handler(number, lambda: this and this.cancel())
    try:
        async with assembled(settings, apps, observed=settings.metrics_port is not None) as pilothouse:
            worker = pilothouse.engine.worker(replace(worker_settings(settings), only=only))
            stopping: list[asyncio.Task[None]] = []

            def stop() -> None:
                if stopping:  # a third signal ends the process as the system has it
                    worker.hurry()
                    for number in SIGNALS:
                        loop.remove_signal_handler(number)
                else:
                    log.info("draining", turns=worker.busy, seconds=settings.drain_timeout)
                    stopping.append(loop.create_task(worker.stop(settings.drain_timeout)))

            for number in SIGNALS:
                loop.add_signal_handler(number, stop)
            collecting.settle()
            async with _telling(pilothouse, worker):
                await worker.run()
            await asyncio.wait(stopping)
            stopping[0].result()
    except asyncio.CancelledError:
        log.info("stopped_while_starting")
        return
    log.info("stopped")


def _telling(pilothouse: Pilothouse, worker: Worker) -> AbstractAsyncContextManager[None]:
    """Where metrics are to be had of this process, they are, while the block lasts."""
    if pilothouse.settings.metrics_port is None:
        return nullcontext()
    from pilothouse.server import telling_elsewhere

    return telling_elsewhere(pilothouse, worker)


async def list_workers(options: Options, *, as_json: bool) -> None:
    """Print the workers that were heard of lately."""
    found = await either(options, None, _here, _there)
    if as_json:
        document(found)
    else:
        printed(_table(found) if found else "No worker runs. Start one: pilothouse worker")


async def _there(client: RemoteClient) -> list[dict[str, Any]]:
    return list((await client.ask("GET", "/workers"))["items"])


async def _here(here: Here) -> list[dict[str, Any]]:
    from pilothouse.workers.repository import WorkerRepository
    from pilothouse.workers.service import WorkerRoster

    async with here.database.session(here.scope) as session:
        roster = WorkerRoster(WorkerRepository(session), lease=here.parts.settings.worker_lease)
        return [item.model_dump(mode="json") for item in (await roster.all()).items]


def _table(workers: Sequence[dict[str, Any]]) -> Table:
    made = table("worker", "state", "host", "pid", "version", "busy", "heard", "labels", "workflows")
    for item in workers:
        state = "draining" if item["draining"] else "works" if item["busy"] else "idle"
        style = "yellow" if item["draining"] else "green"
        state, style = (state, style) if item["alive"] else ("silent", "red")
        own = " ".join(f"{key}={value}" for key, value in sorted(item["labels"].items()))
        made.add_row(
            item["id"][-12:],
            f"[{style}]{state}[/]",
            escape(item["host"]),
            str(item["pid"]),
            item["version"],
            f"{item['busy']}/{item['slots']}",
            f"{item['silent_for']:.1f} s ago",
            escape(own),
            escape(" ".join(item["workflows"])),
        )
    return made
