"""The commands that operate on runs: forks, labels, what is done to many of them, and figures."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pilothouse.cli import cards
from pilothouse.cli.client import Client, find
from pilothouse.cli.local import LocalClient
from pilothouse.cli.opening import Options, opened
from pilothouse.cli.remote import RemoteClient
from pilothouse.cli.tables import document, printed, table
from pilothouse.errors import InvalidInput

Document = dict[str, Any]

SAID = {"cancel": "cancelled", "retry": "queued again", "move": "moved"}
REFUSED_SHOWN = 20


async def fork(options: Options, run_id: str, changes: Document, *, as_json: bool) -> None:
    """Fork a run, and say how to go on with the fork."""
    async with opened(options) as client:
        parent = await find(client, run_id)
        made = await _ask(client, "fork", changes, UUID(parent.id))
    if as_json:
        document(made)
        return
    short, point = cards.short(made["id"]), made["fork"]
    shared = f"shares {point['seq']} entries with {cards.short(parent.id)}"
    printed(f"forked run {made['id']}: {shared}, goes its own way at {point['step'] or 'the beginning'}")
    if point["dropped"]:
        printed(f"executed anew although they lie in other branches: {', '.join(point['dropped'])}")
    printed(f"go on with it: pilothouse watch {short}")


async def label(options: Options, run_id: str, change: Mapping[str, str | None]) -> None:
    """Change a run's labels and print them."""
    async with opened(options) as client:
        row = await find(client, run_id)
        run = await _ask(client, "labels", {"labels": dict(change)}, UUID(row.id))
    labels = ", ".join(f"{key}={value}" for key, value in sorted(run["labels"].items()))
    printed(f"run {cards.short(row.id)} has {escape(labels) or 'no labels'}")


async def many(options: Options, what: str, wanted: Document, *, as_json: bool = False) -> int:
    """Do something to all runs that fit, batch by batch; returns 1 where some were refused, else 0."""
    done, matched, refused = 0, 0, list[Document]()
    console = Console(stderr=True)
    async with opened(options) as client:
        with console.status("") if console.is_terminal and not as_json else nullcontext() as status:
            cursor: str | None = None
            while True:
                result = await _ask(client, what, {**wanted, "cursor": cursor})
                done, matched = done + result["done"], matched + result["matched"]
                refused += result["refused"]
                cursor = result["next_cursor"]
                if status is not None:
                    status.update(f"{SAID[what]}: {done} of {matched}")
                if cursor is None:
                    break
    if as_json:
        document({"dry_run": wanted["dry_run"], "matched": matched, "done": done, "refused": refused})
    else:
        _tell(what, done, refused, dry_run=wanted["dry_run"])
    return 1 if refused else 0


async def figures(options: Options, window: Mapping[str, str], *, as_json: bool) -> None:
    """Print figures of runs in a window of time."""
    async with opened(options) as client:
        found = await _ask(client, "statistics", dict(window))
    if as_json:
        document(found)
        return
    printed(f"from {found['from']} to {found['to']}")
    printed(_counts(found["counts"]))
    lines = [
        f"submitted {found['submitted']}, ended {found['ended']} ({found['per_minute']:.2f} a minute)",
        f"waiting for people {found['waiting_for_people']}",
    ]
    if found["oldest_queued_seconds"] is not None:
        lines.append(f"oldest queued for {found['oldest_queued_seconds']:.1f} s")
    if found["durations"]:
        each = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in found["durations"].items())
        lines.append(f"until completed: {each}")
    lines += [f"failed with {item['code']}: {item['runs']}" for item in found["failures"]]
    if found["partial"]:
        lines.append("only the newest runs were counted")
    for line in lines:
        printed(line)


def _counts(counts: list[Document]) -> Table:
    states = list(cards.STATUS_STYLES)
    made = table("workflow", *states, right=states)
    workflows = sorted({item["workflow"] for item in counts})
    runs = {(item["workflow"], item["status"]): item["runs"] for item in counts}
    for workflow in workflows:
        cells = [runs.get((workflow, state), 0) for state in states]
        shown = [
            f"[{cards.STATUS_STYLES[state]}]{cell}[/]" for state, cell in zip(states, cells, strict=True)
        ]
        made.add_row(
            escape(workflow), *(text if cell else "" for text, cell in zip(shown, cells, strict=True))
        )
    return made


def _tell(what: str, done: int, refused: list[Document], *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    printed(f"{done} {'run' if done == 1 else 'runs'} {would}{SAID[what]}")
    if not refused:
        return
    made = table("run", "not, because")
    for item in refused[:REFUSED_SHOWN]:
        made.add_row(cards.short(item["id"]), escape(item["reason"]))
    printed(made)
    if len(refused) > REFUSED_SHOWN:
        printed(f"and {len(refused) - REFUSED_SHOWN} more; --json lists them")


async def _ask(client: Client, what: str, body: Document, run_id: UUID | None = None) -> Document:
    """One operation, on a server or here; what it answers as JSON."""
    if isinstance(client, RemoteClient):
        return await _ask_there(client, what, body, run_id)
    if isinstance(client, LocalClient):
        return await _ask_here(client, what, body, run_id)
    raise TypeError(type(client).__name__)


async def _ask_there(client: RemoteClient, what: str, body: Document, run_id: UUID | None) -> Document:
    if what == "statistics":
        found = await client.ask("GET", "/runs/statistics", params=body)
    elif run_id is None:
        found = await client.ask("POST", f"/runs/{what}", json=body)
    else:
        method = "PATCH" if what == "labels" else "POST"
        found = await client.ask(method, f"/runs/{run_id}/{what}", json=body)
    return dict(found)


async def _ask_here(client: LocalClient, what: str, body: Document, run_id: UUID | None) -> Document:
    """The same, by the services that serve the API."""
    from pydantic import BaseModel, ValidationError

    from pilothouse.kit.scope import local_scope
    from pilothouse.runs import operation_schemas as schemas
    from pilothouse.runs.operations import Operations
    from pilothouse.runs.repository import RunRepository
    from pilothouse.runtime.entries import Kind
    from pilothouse.runtime.history import read_fork
    from pilothouse.runtime.signature import explain

    kinds: dict[str, type[BaseModel]] = {
        "fork": schemas.ForkRequest,
        "labels": schemas.LabelChange,
        "cancel": schemas.BulkRequest,
        "retry": schemas.BulkRequest,
        "move": schemas.MoveRequest,
        "statistics": schemas.StatisticsQuery,
    }
    try:
        wanted: Any = kinds[what].model_validate(body)
    except ValidationError as error:
        raise InvalidInput(f"What was given is not valid: {explain(error)}") from None
    async with client.session() as session:
        operations = Operations(
            RunRepository(session, local_scope()), client.pilothouse.engine, local_scope()
        )
        if run_id is None:
            result: BaseModel = await getattr(operations, what)(wanted)
            return result.model_dump(mode="json", by_alias=True)
        if what == "labels":
            return {"labels": await operations.label(run_id, wanted)}
        made = await operations.fork(run_id, wanted, None)
    journal = await client.pilothouse.engine.journal(made)
    point = next(read_fork(entry) for entry in reversed(journal) if entry.kind is Kind.FORKED)
    return {"id": str(made), "fork": point.model_dump(mode="json", include={"seq", "step", "dropped"})}
