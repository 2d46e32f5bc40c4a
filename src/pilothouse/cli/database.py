"""`pilothouse db`: the embedded database of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json

cli = typer.Typer(help="The embedded PostgreSQL of this machine.", no_args_is_help=True)


def _data(context: typer.Context) -> Path:
    """The data folder; raises `InvalidInput` where a server of one's own is configured."""
    from pilothouse.app import data_folder
    from pilothouse.errors import InvalidInput
    from pilothouse.settings import load

    settings = load(data=context.obj["data"])
    if settings.database_url is not None:
        raise InvalidInput(
            "PILOTHOUSE_DATABASE_URL is set: the database is a server of your own.",
            hint="Use that server's tools, or unset the variable.",
        )
    return data_folder(settings)


@cli.command()
def start(context: typer.Context) -> None:
    """Start the server and keep it running until `pilothouse db stop`."""
    from pilothouse.app import archive_of
    from pilothouse.kit import postgres
    from pilothouse.settings import load

    data = _data(context)
    state = postgres.start(data, archive=archive_of(load(data=context.obj["data"])))
    typer.echo(f"PostgreSQL {state.version} runs (process {state.pid}) on {state.data}")


@cli.command()
def stop(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Also while other processes use it.")] = False,
) -> None:
    """Stop the server."""
    from pilothouse.kit import postgres

    stopped = postgres.stop(_data(context), force=force)
    typer.echo("stopped" if stopped else "it was not running")


@cli.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Tell whether the server runs, where, and who uses it."""
    from pilothouse.kit import postgres

    state = postgres.status(_data(context))
    facts = {
        "data": str(state.data),
        "running": state.running,
        "process": state.pid,
        "version": state.version,
        "socket": str(state.socket_dir) if state.socket_dir else None,
        "kept": state.kept,
        "used_by": list(state.holders),
        "bytes": state.size,
        "log": str(state.log) if state.log else None,
        "archive": str(state.archive) if state.archive else None,
        "archived": state.archiving,
    }
    if as_json:
        tables.document(facts)
        return
    for name, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        typer.echo(f"{name + ':':9} {'-' if shown in {None, ''} else shown}")


@cli.command()
def unarchive(context: typer.Context) -> None:
    """Archive the server's log of writes no longer, from its next start on.

    The setting wal_archive begins it again: unset that first. What was archived stays.
    """
    from pilothouse.kit import postgres

    folder = postgres.stop_archiving(_data(context))
    typer.echo(f"no longer archived to {folder}" if folder else "nothing was archived")


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the database; further arguments go to psql.

    Example: pilothouse db psql -c "select status, count(*) from runs group by 1"
    """
    from pilothouse.kit import postgres

    data = _data(context)
    with postgres.attach(data):
        command = postgres.psql_command(data)
        environment = {**os.environ, **command.environment}
        done = subprocess.run([*command.arguments, *context.args], env=environment, check=False)  # noqa: S603 - our own server's client
    sys.exit(done.returncode)


@cli.command()
def upgrade(context: typer.Context) -> None:
    """Bring data of an older PostgreSQL to the version that ships, and the schema to the newest."""
    from pilothouse.kit import postgres
    from pilothouse.migrations import upgrade as schema

    data = _data(context)
    state = postgres.status(data)
    if state.major is not None:
        done = postgres.upgrade(data)
        typer.echo(f"PostgreSQL {done.before} -> {done.after}")
    with postgres.attach(data) as attachment:
        before = schema.upgrade(attachment.dsn)
    typer.echo(f"schema {before or 'none'} -> {schema.head()}")


@cli.command()
def migrate(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Only tell what is to be changed.")] = False,
    post: Annotated[
        bool, typer.Option("--post", help="Also drop what only processes of older releases use.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="With --post: even while those live.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the schema to the newest revision, here or on the server of PILOTHOUSE_DATABASE_URL.

    Every process does so when it starts. Older ones work on meanwhile; what only they use, --post drops.

    Example: pilothouse db migrate --plan
    """
    from pilothouse.cli.migrating import migrate as change

    change(context.obj, plan=plan, with_post=post, force=force, as_json=as_json)
