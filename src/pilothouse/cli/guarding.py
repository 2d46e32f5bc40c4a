"""What `pilothouse guards` does: on this machine's own settings and database, or on a server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import typer
from pydantic import BaseModel, JsonValue, ValidationError
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from pilothouse.app import assembled
from pilothouse.audit.service import AuditLog
from pilothouse.cli import opening
from pilothouse.cli.client import find
from pilothouse.cli.local import LocalClient
from pilothouse.cli.opening import Options
from pilothouse.errors import InvalidInput
from pilothouse.guards.opening import name_model
from pilothouse.guards.passing import Guards
from pilothouse.guards.repository import OriginalRepository
from pilothouse.guards.scanning import TYPES, Scanner
from pilothouse.guards.schemas import GuardTable, Restored, Scan, Scanned
from pilothouse.guards.service import GuardBook, rules_of, scanned
from pilothouse.guards.table import Group, group_of, read
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import HOME_TENANT, local_scope
from pilothouse.policies.service import Authority
from pilothouse.runs.schemas import Run
from pilothouse.runs.showing import Showing
from pilothouse.settings import load

STYLES = {"block": "bold red", "mask": "yellow", "flag": "cyan", "allow": "dim"}
LONGEST_NAME = 4_096


def scan(text: str, inlet: str, tenant: str | None, *, mask: bool, as_json: bool) -> None:
    """Print what is found in a text."""
    try:
        wanted = Scan.model_validate({"text": _read(text), "inlet": inlet})
    except ValidationError as error:
        told = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())
        raise InvalidInput(f"It cannot be scanned: {told}.") from None
    settings = load()
    table = read(settings.guards, TYPES)
    found = scanned(Scanner(table.limits, name_model(settings)), table, tenant or HOME_TENANT, wanted)
    if mask:
        typer.echo(found.masked)
    elif as_json:
        _document(found)
    else:
        _show_findings(found, wanted.text)


def show(options: Options, tenant: str | None, *, as_json: bool) -> None:
    """Print the table in force: of a server, or of this machine's settings."""
    if options.server is None:
        found = _own(tenant or HOME_TENANT)
    else:
        found = opening.run(lambda: _asked(options, tenant))
    if as_json:
        _document(found)
        return
    groups = [str(group) for group in Group if group is not Group.OTHER]
    grid = Grid()
    for name in ("inlet", *groups):
        grid.add_column(name, no_wrap=True)
    for row in found.inlets:
        grid.add_row(row.inlet.value, *(_act(row.acts[group]) for group in groups))
    _print(grid)
    for row in found.inlets:
        for act in STYLES:
            if own := [name for name, said in row.acts.items() if name not in groups and said == act]:
                typer.echo(f"{row.inlet.value}: {act} {', '.join(own)}")
    if found.names_model:
        typer.echo(f"names of people: by rules, and by spaCy's pipeline {found.names_model}")
    if found.observing:
        typer.echo(f"only observing: {', '.join(found.observing)}")


def list_types(*, as_json: bool) -> None:
    """Print every type with its group."""
    groups = {kind: group_of(kind).value for kind in sorted(TYPES)}
    if as_json:
        typer.echo(json.dumps(groups, indent=2))
        return
    grid = Grid("type", "group")
    for kind, group in groups.items():
        grid.add_row(kind, group)
    _print(grid)


def restore(options: Options, run: str, text: str | None) -> None:
    """Print a run's output, or a text of it, with its originals."""
    given = None if text is None else _read(text)
    found = opening.run(lambda: _restored(options, run, given))
    typer.echo(found if isinstance(found, str) else json.dumps(found, indent=2, ensure_ascii=False))


async def _asked(options: Options, tenant: str | None) -> GuardTable:
    if tenant is not None:
        raise InvalidInput("--tenant is for this machine's settings.", hint="Leave --server out.")
    async with opening.remote(options, options.server or "") as client:
        return await client.told(GuardTable, "GET", "/guards")


async def _restored(options: Options, run: str, text: str | None) -> JsonValue:
    if options.server is not None:
        async with opening.remote(options, options.server) as client:
            path = f"/runs/{(await find(client, run)).id}"
            if text is None:
                return (await client.told(Run, "GET", f"{path}/restored")).output
            answer = await client.ask("POST", f"{path}/restore", json={"value": text})
            return Restored.model_validate(answer).value
    async with assembled(options.settings(), options.installed()) as pilothouse:
        scope, engine, database = local_scope(), pilothouse.engine, pilothouse.vault.database
        run_id = UUID((await find(LocalClient(pilothouse), run)).id)
        showing = Showing(database, engine, scope, lease=pilothouse.settings.worker_lease)
        guards = _of(pilothouse.guards)
        audit = AuditLog(SystemClock(), engine.ids)
        async with database.session(scope) as session:
            originals = OriginalRepository(session, scope)
            opener = pilothouse.vault
            book = GuardBook(originals, guards, opener, audit, Authority(), scope, show=showing.show)
            if text is None:
                return (await book.run(run_id)).output
            return (await book.restore(run_id, text)).value


def _of(guards: Guards | None) -> Guards:
    if guards is None:
        raise InvalidInput("This process has no guards.", hint="It was wired without them.")
    return guards


def _own(tenant: str) -> GuardTable:
    """The table that this machine's settings make."""
    settings = load()
    names = name_model(settings)
    rules = rules_of(read(settings.guards, TYPES), tenant)
    return GuardTable(inlets=rules, observing=[], names_model=names and names.name)


def _read(text: str) -> str:
    """A text as it is, or what the file has that it names; `-` is standard input."""
    if text == "-":
        return sys.stdin.read()
    if len(text) < LONGEST_NAME and "\0" not in text and "\n" not in text:
        path = Path(text)
        try:
            if path.is_file():
                return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{text} cannot be read as text: {error}.") from error
    return text


def _show_findings(found: Scanned, text: str) -> None:
    if not found.findings:
        typer.echo("Nothing is found.")
        return
    grid = Grid("type", "group", "line", "characters", "confidence", "severity", "action")
    for one in found.findings:
        line = text.count("\n", 0, one.start) + 1
        grid.add_row(
            *(one.type, one.group, str(line), f"{one.start}-{one.end}", f"{one.confidence:.2f}"),
            *(one.severity.value, _act(one.action)),
        )
    _print(grid)
    typer.echo(", ".join(_counts(found)))


def _counts(found: Scanned) -> Iterator[str]:
    for act in STYLES:
        if count := sum(one.action == act for one in found.findings):
            yield f"{act} {count}"


def _act(act: str) -> Text:
    return Text(str(act), style=STYLES.get(str(act), ""))


def _print(grid: Grid) -> None:
    Console().print(grid, highlight=False)


def _document(value: BaseModel) -> None:
    typer.echo(value.model_dump_json(indent=2))
