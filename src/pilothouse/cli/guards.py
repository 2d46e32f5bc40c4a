"""`pilothouse guards`: what is looked for in texts, and what is done about it. The work is in `guarding`."""

from __future__ import annotations

from typing import Annotated

import typer

cli = typer.Typer(
    help="Guards: personal data, secrets and attacks in texts, and what is done about them.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Tenant = Annotated[
    str | None, typer.Option(help="As this tenant has it, on this machine's own settings.", metavar="ID")
]
Inlet = Annotated[
    str, typer.Option(help="As if it came in there: input, answer, tool_result, …; see `guards show`.")
]


@cli.command()
def scan(
    text: Annotated[
        str, typer.Argument(help="The text, a file's name, or - for standard input.", metavar="TEXT|FILE|-")
    ],
    inlet: Inlet = "input",
    mask: Annotated[bool, typer.Option("--mask", help="Print the text masked, and nothing else.")] = False,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Show what guards find in a text, and what is done about it. Nothing is kept, no database is asked.

    Example: pilothouse guards scan "Write to ada@example.org" --inlet model_prompt --mask
    """
    from pilothouse.cli import guarding

    guarding.scan(text, inlet, tenant, mask=mask, as_json=as_json)


@cli.command()
def show(
    context: typer.Context,
    types: Annotated[bool, typer.Option("--types", help="List every type with its group instead.")] = False,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Show what is done about what is found where: a table of inlets and groups.

    Example: pilothouse guards show --tenant acme
    """
    from pilothouse.cli import guarding
    from pilothouse.cli.opening import Options

    if types:
        guarding.list_types(as_json=as_json)
    else:
        guarding.show(Options(**context.obj), tenant, as_json=as_json)


@cli.command()
def restore(
    context: typer.Context,
    run: Annotated[
        str, typer.Argument(help="The run's id, or the end of it (as shown in lists).", metavar="RUN")
    ],
    text: Annotated[
        str | None,
        typer.Argument(help="A text with placeholders of the run (-: standard input). Default: its output."),
    ] = None,
) -> None:
    """Print a run's output, or another text of it, with what its placeholders stand for. It is recorded.

    Example: pilothouse guards restore 3f9a2c11
    """
    from pilothouse.cli import guarding
    from pilothouse.cli.opening import Options

    guarding.restore(Options(**context.obj), run, text)
