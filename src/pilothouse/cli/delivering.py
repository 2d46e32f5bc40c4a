"""`pilothouse import`: runs of a workflow from what a file brings, one for each thing in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.errors import InvalidInput, PilothouseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pilothouse.applications import App
    from pilothouse.cli.client import Client
    from pilothouse.cli.opening import Options
    from pilothouse.runtime.delivering import Delivery

cli = typer.Typer()

LARGEST = 50_000_000
"""Bytes of a file that are read."""


@cli.command("import", rich_help_panel="Runs")
def bring_in(
    context: typer.Context,
    app: Annotated[str, typer.Argument(help="The application whose workflow takes it, such as support.")],
    files: Annotated[
        list[Path], typer.Argument(help="The files to read.", exists=True, dir_okay=False, readable=True)
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Submit a run for each thing in files: e-mails, tables, whatever the application reads.

    What cannot be read is told with its place, and the rest goes on. Importing again makes no second run.
    Exit codes: 0 all of it, 1 a part or nothing, 2 usage.

    Example: pilothouse import support tickets.csv complaint.eml
    """
    from pilothouse.cli import opening

    options = opening.Options(**context.obj)
    raise typer.Exit(opening.run(lambda: import_files(options, app, files, as_json=as_json)))


async def import_files(options: Options, name: str, files: Sequence[Path], *, as_json: bool) -> int:
    """Submit what the files bring, and print what came of each thing; returns the exit code."""
    from pilothouse.cli import opening

    app = _reading(options.installed(), name)
    told: list[dict[str, Any]] = []
    async with opening.opened(options) as client:
        for file in files:
            for one in _deliveries(app, file):
                told.append({"file": file.name, "where": one.where, **await _submitted(client, app, one)})
                if not as_json:
                    _print(told[-1])
    if as_json:
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return 0 if told and all(one["problem"] is None for one in told) else 1


def _reading(apps: Sequence[App], name: str) -> App:
    """The application of that name that reads files; raises `InvalidInput`."""
    reading = {app.name: app for app in apps if app.inlets and app.workflows}
    if name not in reading:
        known = ", ".join(sorted(reading)) or "none"
        raise InvalidInput(f"No application {name!r} reads files.", hint=f"Those that do: {known}.")
    return reading[name]


def _deliveries(app: App, file: Path) -> Iterator[Delivery]:
    """What a file brings. Raises `InvalidInput` for one that the application does not read."""
    inlet = app.inlets.get(file.suffix.lower())
    if inlet is None:
        known = ", ".join(sorted(app.inlets))
        raise InvalidInput(
            f"{file.name} is none of the files that {app.name} reads.", hint=f"Those are: {known}."
        )
    with file.open("rb") as opened:
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise InvalidInput(f"{file.name} has more than {LARGEST:,} bytes.", hint="Split it.")
    return inlet(data)


async def _submitted(client: Client, app: App, one: Delivery) -> dict[str, Any]:
    """The run of one thing, or why there is none."""
    if one.problem is not None:
        return {"run_id": None, "problem": one.problem}
    try:
        payload = json.dumps(one.value).encode()
        run_id = await client.submit(app.workflows[0].name, payload, idempotency_key=one.key or None)
    except PilothouseError as error:
        return {"run_id": None, "problem": error.message}
    return {"run_id": run_id, "problem": None}


def _print(one: dict[str, Any]) -> None:
    said = f"run {one['run_id']}" if one["problem"] is None else f"not taken: {one['problem']}"
    sys.stdout.write(f"{one['file']}, {one['where']}: {said}\n")
