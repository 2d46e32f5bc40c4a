"""`pilothouse mcp`: servers that applications use, and Pilothouse as one. The work is in `pinning`."""

from __future__ import annotations

from typing import Annotated

import typer

from pilothouse.cli.parameters import Json

cli = typer.Typer(
    help="MCP: servers of others, pinned and approved; and Pilothouse as a server.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The server's name, as `mcp list` shows it.", metavar="NAME")]


@cli.command(name="list")
def list_servers(context: typer.Context, as_json: Json = False) -> None:
    """List the MCP servers that the applications use, and what was approved of each.

    Example: pilothouse mcp list
    """
    from pilothouse.cli import pinning
    from pilothouse.cli.opening import Options

    pinning.list_servers(Options(**context.obj), as_json=as_json)


@cli.command()
def show(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Ask a server what it offers now, and show what of it looks like an attack on a model.

    Example: pilothouse mcp show github
    """
    from pilothouse.cli import pinning
    from pilothouse.cli.opening import Options, run

    run(lambda: pinning.show(Options(**context.obj), name, as_json=as_json))


@cli.command()
def diff(context: typer.Context, name: Name) -> None:
    """Show how a server differs from what was approved; the exit code is 1 where it does.

    Example: pilothouse mcp diff github
    """
    from pilothouse.cli import pinning
    from pilothouse.cli.opening import Options, run

    if run(lambda: pinning.diff(Options(**context.obj), name)):
        raise typer.Exit(1)


@cli.command()
def approve(
    context: typer.Context,
    name: Name,
    pin: Annotated[str, typer.Option(help="The pin that `mcp show` has printed: sha256:...")],
) -> None:
    """Approve a server as it is now, which has to be what PIN says. It writes the application's pin file.

    Example: pilothouse mcp approve github --pin sha256:2c26b46b68ffc68ff99b453c1d304134...
    """
    from pilothouse.cli import pinning
    from pilothouse.cli.opening import Options, run

    run(lambda: pinning.approve(Options(**context.obj), name, pin))


@cli.command()
def serve(context: typer.Context) -> None:
    """Serve the workflows of a server as MCP tools over standard input and output, with your key for it.

    Example: pilothouse --server https://pilothouse.example mcp serve
    """
    from pilothouse.cli import pinning
    from pilothouse.cli.opening import Options, run

    run(lambda: pinning.serve(Options(**context.obj)))
