"""The commands on runs that ask once and print: lists, one run, answers, cancellation, retry, artifacts."""

from __future__ import annotations

import asyncio
import io
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from pilothouse.cli import cards
from pilothouse.cli.client import Client, Named, find
from pilothouse.cli.opening import Options, listing, opened
from pilothouse.cli.running import parse_answers, save
from pilothouse.cli.tables import document, printed, table
from pilothouse.cli.view import RunView
from pilothouse.errors import InvalidInput

PICTURE_WIDTH = 110
"""Columns of a run's picture."""


async def list_runs(
    options: Options, wanted: Mapping[str, Any], sort: str, limit: int, *, as_json: bool
) -> None:
    """Print the runs that fit a filter."""
    async with listing(options) as client:
        rows = await client.list(wanted, limit, sort)
    if as_json:
        document([row.__dict__ for row in rows])
        return
    labelled = any(row.labels for row in rows)
    made = table("run", "workflow", "status", "created", "changed", *(["labels"] if labelled else []))
    for row in rows:
        style = cards.STATUS_STYLES.get(row.status, "")
        times = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (row.created_at, row.changed_at))
        cells = [cards.short(row.id), f"{row.workflow}@{row.version}", f"[{style}]{row.status}[/]", *times]
        if labelled:
            cells.append(escape(", ".join(f"{key}={value}" for key, value in sorted(row.labels.items()))))
        made.add_row(*cells)
    nothing = "No run fits." if wanted else 'No runs yet. Start one: pilothouse run mlops "..."'
    printed(made if rows else nothing)


async def show_run(options: Options, run_id: str, svg: Path | None, *, as_json: bool) -> None:
    """Print all there is to know of a run, or draw it."""
    async with opened(options) as client:
        view = await _view(client, run_id)
    if as_json:
        document(view.document())
    elif svg is not None:
        await asyncio.to_thread(svg.write_text, picture(view), "utf-8")
        printed(f"wrote {svg}")
    else:
        _show(_console(), view)


def picture(view: RunView) -> str:
    """The run as an SVG image that loads nothing from elsewhere."""
    console = Console(record=True, width=PICTURE_WIDTH, file=io.StringIO(), force_terminal=True)
    _show(console, view)
    drawn = console.export_svg(title=f"pilothouse show {cards.short(view.run_id)}")
    return re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)  # fonts of this machine serve as well


def _show(console: Console, view: RunView) -> None:
    for item in view.cards:
        console.print(cards.card(item))
    for line in view.steps:
        console.print(cards.step(line, line.at))
    for question in view.questions.values():
        console.print(cards.question(question))
    if view.error:
        console.print(cards.failure(view.error, view.run_id))
    if view.artifacts:
        console.print(cards.artifacts(view))
    console.print(f"run {view.run_id} of {view.workflow}: {view.status}", highlight=False)


async def answer_questions(options: Options, run_id: str, answers: list[str]) -> None:
    """Answer a run's questions."""
    given = parse_answers(answers)
    async with opened(options) as client:
        view = await _view(client, run_id)
        by_name = {question.name: question.key for question in view.questions.values()}
        for name, text in given.items():
            key = by_name.get(name, name if name in view.questions else None)
            if key is None:
                asked = ", ".join(by_name) or "nothing"
                raise InvalidInput(f"The run does not ask {name!r}.", hint=f"It asks: {asked}.")
            accepted = await client.answer(view.run_id, key, text)
            printed(f"answered {name}: {escape(accepted)}")
    printed(f"go on with it: pilothouse watch {cards.short(view.run_id)}")


async def cancel_run(options: Options, run_id: str) -> None:
    """Cancel a run."""
    async with opened(options) as client:
        row = await find(client, run_id)
        status = await client.cancel(row.id)
    said = "cancelled" if status == "cancelled" else "is being cancelled"
    printed(f"run {cards.short(row.id)} {said}")


async def retry_run(options: Options, run_id: str) -> None:
    """Queue a failed run again."""
    async with opened(options) as client:
        row = await find(client, run_id)
        anew = ", ".join(await client.retry(row.id)) or "the workflow itself"
    printed(f"run {cards.short(row.id)} is queued again; executed anew: {anew}")
    printed(f"go on with it: pilothouse watch {cards.short(row.id)}")


async def list_artifacts(options: Options, run_id: str, out: Path | None, *, as_json: bool) -> None:
    """Print a run's artifacts, or write them."""
    async with opened(options) as client:
        view = await _view(client, run_id)
        written = await save(client, view, out) if out is not None else []
    if as_json:
        document(view.artifacts)
        return
    printed(cards.artifacts(view) if view.artifacts else "The run has no artifacts.")
    for path in written:
        printed(f"wrote {path}")


async def diff_runs(options: Options, before: str, after: str, *, as_json: bool) -> None:
    """Print what differs between two runs' results."""
    from pilothouse.cli.differing import differences

    async with opened(options) as client:
        views = [await _view(client, before), await _view(client, after)]
        found = differences(options.installed(), *views)
    if as_json:
        document([item.model_dump() for item in found])
        return
    if not found:
        printed("The results do not differ.")
        return
    made = table("section", "item", cards.short(views[0].run_id), cards.short(views[1].run_id))
    for item in found:
        old = f"[red]{escape(item.before)}[/]" if item.before is not None else ""
        new = f"[green]{escape(item.after)}[/]" if item.after is not None else ""
        made.add_row(escape(item.section), escape(item.item), old, new)
    printed(made)


async def list_workflows(options: Options, *, as_json: bool) -> None:
    """Print what can be run."""
    async with opened(options) as client:
        _named(await client.workflows(), as_json=as_json)


async def list_agents(options: Options, *, as_json: bool) -> None:
    """Print the agents."""
    async with opened(options) as client:
        _named(await client.agents(), as_json=as_json)


async def _view(client: Client, run_id: str) -> RunView:
    row = await find(client, run_id)
    view = RunView(row.id, row.workflow)
    for event in await client.events(row.id):
        view.add(event)
    view.status = row.status
    return view


def _named(items: Any, *, as_json: bool) -> None:
    rows: list[Named] = list(items)
    if as_json:
        document([row.__dict__ for row in rows])
        return
    made = table("name", "", "")
    for row in rows:
        made.add_row(row.name, escape(row.summary), escape(row.detail))
    printed(made)


def _console() -> Console:
    return Console(soft_wrap=not sys.stdout.isatty())
