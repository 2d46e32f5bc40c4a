"""`pilothouse secrets`: what is kept where, and rotation. No command shows a value."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pilothouse.secrets.rotation import Rotation
    from pilothouse.secrets.schemas import SecretState

cli = typer.Typer(
    help="Secrets of this installation: where they are, how old, and how they are rotated.",
    no_args_is_help=True,
    epilog="Example: pilothouse secrets rotate signing_key",
)

Name = Annotated[str, typer.Argument(help="A secret's name; see `pilothouse secrets list`.", metavar="NAME")]


@cli.command("list")
def list_secrets(context: typer.Context, as_json: Json = False) -> None:
    """List the secrets that are there: versions, age, when a new one is due, and where each is kept.

    Example: pilothouse secrets list --json
    """

    async def work(rotation: Rotation) -> None:
        states = await rotation.states()
        if as_json:
            tables.document([state.model_dump(mode="json") for state in states])
        else:
            _table(states)

    _run(context, work)


@cli.command()
def init(context: typer.Context, as_json: Json = False) -> None:
    """Make the keys that Pilothouse makes itself and that are not there yet.

    Without settings they are made at first use; where machines share a database, do it once and give all of
    them the same.

    Example: pilothouse secrets init
    """

    async def work(rotation: Rotation) -> None:
        made = await rotation.init()
        if as_json:
            tables.document([item.model_dump(mode="json") for item in made])
            return
        for item in made:
            typer.echo(f"{item.name}: made version {item.version}, {item.where}")
        if not made:
            typer.echo("Nothing is missing that Pilothouse makes.")

    _run(context, work)


@cli.command()
def rotate(
    context: typer.Context,
    name: Name,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the new secret from standard input.")] = False,
    as_json: Json = False,
) -> None:
    """Make a new version. The old ones stay in use until `secrets retire`.

    Example: pilothouse secrets rotate vault_key
    """
    value = sys.stdin.buffer.read().strip() if stdin else None

    async def work(rotation: Rotation) -> None:
        done = await rotation.rotate(name, value)
        if as_json:
            tables.document(done.model_dump(mode="json"))
        else:
            typer.echo(f"{done.name}: version {done.version}, {done.where}; {done.done}")

    _run(context, work)


@cli.command()
def retire(
    context: typer.Context,
    name: Name,
    version: Annotated[str, typer.Argument(help="An old version.", metavar="VERSION")],
    force: Annotated[bool, typer.Option("--force", help="Also where it may be needed still.")] = False,
) -> None:
    """Use an old version no longer, a day or more after it was replaced.

    Example: pilothouse secrets retire signing_key 1
    """

    async def work(rotation: Rotation) -> None:
        await rotation.retire(name, version, force=force)
        typer.echo(f"{name}: version {version} is not used any more")

    _run(context, work)


@cli.command()
def forget(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Let the database forget a secret that was lost, so that another one is taken in its place.

    What only the lost one could do is lost, too: a vault key's data, a pepper's API keys.

    Example: pilothouse secrets forget pepper
    """
    if not yes:
        typer.confirm(f"Is {name} lost for good?", abort=True)

    async def work(rotation: Rotation) -> None:
        typer.echo(f"{name}: {await rotation.forget(name)} versions forgotten")

    _run(context, work)


@cli.command()
def check(context: typer.Context, as_json: Json = False) -> None:
    """Read every secret and tell what is wrong with it: unreadable, weak, due for rotation, open to others.

    Exit codes: 0 nothing, 1 something.

    Example: pilothouse secrets check
    """
    from pilothouse.cli import opening

    async def main() -> int:
        from contextlib import AsyncExitStack

        from pilothouse.app import connected, data_folder, rotation_of
        from pilothouse.cli.readiness import show
        from pilothouse.kit.clock import SystemClock
        from pilothouse.readiness.registry import is_ready
        from pilothouse.secrets.checking import secret_lines
        from pilothouse.secrets.opening import FOLDER

        settings = opening.Options(**context.obj).settings()
        folders = [folder for folder in (data_folder(settings) / FOLDER, settings.secrets_folder) if folder]
        async with AsyncExitStack() as stack:
            parts = await connected(settings, stack)
            found = secret_lines(rotation_of(parts), SystemClock(), folders)
            lines = [line async for line in found]
        show(lines, as_json=as_json)
        return 0 if is_ready(lines) else 1

    raise typer.Exit(opening.run(main))


def _run(context: typer.Context, work: Callable[[Rotation], Awaitable[None]]) -> None:
    from pilothouse.cli import opening

    async def main() -> None:
        from pilothouse.app import rotation_of
        from pilothouse.errors import InvalidInput

        options = opening.Options(**context.obj)
        if options.server is not None:
            raise InvalidInput(
                "Secrets are not looked after over a network.",
                hint="Run this on a machine of the installation, without --server.",
            )
        async with opening.on_this_machine(options) as here:
            await work(rotation_of(here.parts))

    opening.run(main)


def _table(states: Sequence[SecretState]) -> None:
    import datetime as dt

    now = dt.datetime.now(dt.UTC)
    rows, styles = list[tuple[str, ...]](), list[str | None]()
    for state in states:
        for position, item in enumerate(state.versions):
            age = "-" if item.since is None else f"{(now - item.since).days} days"
            due = f"{state.due_at:%Y-%m-%d}" if state.due_at and position == 0 else "-"
            rows.append((state.name if position == 0 else "", item.version, age, due, item.where))
            styles.append(None)
        if state.wrong:
            rows.append(("", "", "", "", state.wrong))
            styles.append("red")
    nothing = "No secrets yet; `pilothouse secrets init` makes those that Pilothouse makes."
    tables.listed(("name", "version", "age", "due", "where"), rows, nothing, styles=styles)
