"""`pilothouse policy`: what agents may do. What each command does is in `policing`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json

cli = typer.Typer(help="Policies: which actions are allowed, denied or to be approved.", no_args_is_help=True)

Which = Annotated[
    str, typer.Argument(metavar="FOLDER|VERSION", help="A folder with .cedar files, or a version's number.")
]
Version = Annotated[int, typer.Argument(min=1, help="The version's number.")]
Note = Annotated[str, typer.Option("--note", "-m", help="Why.")]
Since = Annotated[str | None, typer.Option(help="Only decisions from then on: 2030-01-31T08:00:00Z.")]
Until = Annotated[str | None, typer.Option(help="Only decisions from before: 2030-02-01T08:00:00Z.")]


@cli.command()
def check(context: typer.Context, which: Which, as_json: Json = False) -> None:
    """Tell whether policies are valid: of a folder here, or of a version.

    Example: pilothouse policy check policies/
    """
    _tell("checked", _ask(context, "check", which=which), as_json=as_json)


@cli.command("test")
def run_tests(context: typer.Context, which: Which, as_json: Json = False) -> None:
    """Run the tests that lie beside policies: of a folder here, or of a version.

    Example: pilothouse policy test policies/
    """
    _tell("checked", _ask(context, "test", which=which), as_json=as_json)


@cli.command()
def draft(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder with .cedar files and their tests.")],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Make a version of the files in a folder. It has no effect before it is activated.

    Example: pilothouse policy draft policies/ --note "Refunds above 100 EUR"
    """
    _tell("versions", _ask(context, "draft", folder=folder, note=note), as_json=as_json)


@cli.command("list")
def show_all(context: typer.Context, as_json: Json = False) -> None:
    """List the versions, the newest first.

    Example: pilothouse policy list
    """
    _tell("versions", _ask(context, "list"), as_json=as_json)


@cli.command()
def show(context: typer.Context, version: Version, as_json: Json = False) -> None:
    """Show a version with its files.

    Example: pilothouse policy show 3
    """
    _tell("files", _ask(context, "show", number=version), as_json=as_json)


@cli.command()
def schema(context: typer.Context, as_json: Json = False) -> None:
    """Show the Cedar schema: what policies can say of the installed tools.

    Example: pilothouse policy schema
    """
    _tell("schema", _ask(context, "schema"), as_json=as_json)


@cli.command()
def simulate(
    context: typer.Context,
    version: Version,
    *,
    last: Annotated[int, typer.Option(min=1, max=20_000, help="Replay so many decisions at most.")] = 1_000,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Replay past decisions against a version, and show each that would differ.

    Example: pilothouse policy simulate 4 --last 5000
    """
    replay = {"last": last, "since": since, "until": until}
    _tell("simulation", _ask(context, "simulate", number=version, given=replay), as_json=as_json)


@cli.command()
def activate(context: typer.Context, version: Version, note: Note = "", as_json: Json = False) -> None:
    """Make a version active, if it is valid and its tests pass: everywhere within a second.

    Example: pilothouse policy activate 4 --note "Agreed with finance"
    """
    _tell("state", _ask(context, "activate", number=version, given={"note": note}), as_json=as_json)


@cli.command()
def rollback(
    context: typer.Context,
    version: Annotated[
        int | None, typer.Argument(min=1, help="To this one (default: the one before).")
    ] = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Go back to a version that was active before.

    Example: pilothouse policy rollback
    """
    given = {"number": version, "note": note}
    _tell("state", _ask(context, "rollback", given=given), as_json=as_json)


@cli.command()
def shadow(
    context: typer.Context,
    version: Annotated[int | None, typer.Argument(min=1, help="The version; without one, none.")] = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Let a version decide beside the active one, without effect; `decisions --differing` shows where.

    Example: pilothouse policy shadow 5
    """
    _tell("state", _ask(context, "shadow", given={"number": version, "note": note}), as_json=as_json)


@cli.command()
def decisions(
    context: typer.Context,
    *,
    differing: Annotated[bool, typer.Option(help="Only those that the shadow saw otherwise.")] = False,
    run: Annotated[str | None, typer.Option(help="Only those of this run (its whole id).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: Json = False,
) -> None:
    """List what was decided, the newest first.

    Example: pilothouse policy decisions --differing
    """
    given = {"differing": differing, "run_id": run, "limit": limit}
    _tell("decisions", _ask(context, "decisions", given=given), as_json=as_json)


@cli.command()
def explain(
    context: typer.Context,
    action: Annotated[str, typer.Argument(help="The action as JSON, or a file with it (-: standard input).")],
    *,
    version: Annotated[
        int | None, typer.Option(min=1, help="By this version (default: the active one).")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="By the policies in this folder instead.")] = None,
    as_json: Json = False,
) -> None:
    """Tell which policies apply to an action, and why.

    Example: pilothouse policy explain '{"tool": "pay_refund", "arguments": {"amount": 250}}'
    """
    found = _ask(context, "explain", action=action, number=version, folder=folder)
    _tell("explanation", found, as_json=as_json)


def _ask(context: typer.Context, what: str, **given: Any) -> Any:
    from pilothouse.cli import opening, policing

    return opening.run(lambda: policing.done(opening.Options(**context.obj), what, given))


def _tell(what: str, found: Any, *, as_json: bool) -> None:
    """Print what was found; policies that are not valid, and tests that fail, end the command with 1."""
    from pilothouse.cli import policing

    if as_json:
        tables.document(found)
    else:
        for line in policing.LINES[what](found):
            typer.echo(line)
    if what == "checked" and not policing.passed(found):
        raise typer.Exit(1)
