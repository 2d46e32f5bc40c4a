"""`pilothouse attest`: what people state about an installation. Nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from pilothouse.cli.opening import Options

cli = typer.Typer(
    help="What a program cannot see, stated by people: who, with which evidence, until when.",
    no_args_is_help=True,
    epilog='Example: pilothouse attest make on_call --by "Ada Lovelace" --evidence wiki/rota --days 180',
)


@cli.command("list")
def list_attestations(context: typer.Context, as_json: Json = False) -> None:
    """List what was stated, the newest first.

    Example: pilothouse attest list
    """
    from pilothouse.cli import opening, readiness

    options = _options(context)
    opening.run(lambda: readiness.list_attestations(options, as_json=as_json))


@cli.command()
def make(
    context: typer.Context,
    topic: Annotated[
        str,
        typer.Argument(
            help="data_processing, privacy_policy, on_call, restore_drill, key_escrow or sign_off."
        ),
    ],
    by: Annotated[str, typer.Option("--by", help="Who answers for it.")],
    evidence: Annotated[str, typer.Option("--evidence", help="Where it can be looked up.")],
    days: Annotated[int, typer.Option("--days", min=1, max=1_100, help="For how long it holds.")] = 365,
    as_json: Json = False,
) -> None:
    """State something, until it expires.

    Example: pilothouse attest make sign_off --by "Ada Lovelace" --evidence https://wiki.example/launch
    """
    from pilothouse.cli import opening, readiness

    options = _options(context)
    said = {"topic": topic, "stated_by": by, "evidence": evidence, "days": days}
    opening.run(lambda: readiness.attest(options, said, as_json=as_json))


@cli.command()
def withdraw(
    context: typer.Context,
    attestation: Annotated[str, typer.Argument(help="Its id.", metavar="ID")],
    as_json: Json = False,
) -> None:
    """Say that a statement does not hold any more. It stays in the list.

    Example: pilothouse attest withdraw 01990f3c-0000-7000-8000-000000000000
    """
    from pilothouse.cli import opening, readiness

    options = _options(context)
    opening.run(lambda: readiness.withdraw(options, attestation, as_json=as_json))


def _options(context: typer.Context) -> Options:
    from pilothouse.cli.opening import Options

    return Options(**context.obj)
