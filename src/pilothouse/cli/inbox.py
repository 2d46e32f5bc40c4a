"""`pilothouse inbox`: what waits for a person, and decisions about actions."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pilothouse.cli.parameters import Json

cli = typer.Typer(help="The inbox: questions, and actions that wait for an approval.", no_args_is_help=True)

Id = Annotated[
    str, typer.Argument(help="The question's id, or the end of it (as lists show it).", metavar="QUESTION")
]
Digest = Annotated[
    str,
    typer.Argument(
        help="The digest of the action as you saw it: at least its first 8 characters.", metavar="DIGEST"
    ),
]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; it goes on the record.")]


@cli.command("list")
def show_all(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what is closed.")] = False,
    role: Annotated[
        str | None, typer.Option(help="Only what is for approvers of this role (finance).")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only what you may answer.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 50,
    as_json: Json = False,
) -> None:
    """List what waits for a person, the newest first.

    Example: pilothouse inbox list --mine
    """
    query: dict[str, Any] = {"limit": limit} | ({} if everything else {"status": ["open"]})
    query |= ({"role": role} if role is not None else {}) | ({"mine": True} if mine else {})
    _do(context, "list_questions", query, as_json=as_json)


@cli.command()
def show(context: typer.Context, question: Id, as_json: Json = False) -> None:
    """Show a question: of an action its arguments, cost, reasons and digest, and what the run did before.

    Example: pilothouse inbox show 2bc2e3af
    """
    _do(context, "show_question", question, as_json=as_json)


@cli.command()
def approve(
    context: typer.Context, question: Id, digest: Digest, reason: Reason = "", as_json: Json = False
) -> None:
    """Approve an action as it was shown. The policy of that moment decides again before it runs.

    Example: pilothouse inbox approve 2bc2e3af 9f86d081
    """
    _do(context, "decide", question, "approve", digest, {"reason": reason}, as_json=as_json)


@cli.command()
def refuse(
    context: typer.Context, question: Id, digest: Digest, reason: Reason = "", as_json: Json = False
) -> None:
    """Refuse an action; the workflow is told the reason.

    Example: pilothouse inbox refuse 2bc2e3af 9f86d081 --reason "The order was delivered."
    """
    _do(context, "decide", question, "refuse", digest, {"reason": reason}, as_json=as_json)


@cli.command()
def edit(
    context: typer.Context,
    question: Id,
    digest: Digest,
    arguments: Annotated[str, typer.Argument(help="The new arguments as JSON.", metavar="JSON")],
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Approve an action with other arguments: a new action, about which is decided anew.

    Example: pilothouse inbox edit 2bc2e3af 9f86d081 '{"order": "A1", "cents": 400}'
    """
    from pilothouse.cli.deciding import read_arguments

    said = {"arguments": read_arguments(arguments), "reason": reason}
    _do(context, "decide", question, "edit", digest, said, as_json=as_json)


@cli.command()
def delegate(
    context: typer.Context,
    question: Id,
    digest: Digest,
    *,
    role: Annotated[str | None, typer.Option(help="To approvers of this role (legal).")] = None,
    to: Annotated[
        str | None, typer.Option(help="To this principal and nobody else (person:<id>, key:<id>).")
    ] = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Leave the decision about an action to another role, or to somebody by name.

    Example: pilothouse inbox delegate 2bc2e3af 9f86d081 --role legal
    """
    said = {"to_role": role, "to_assignee": to, "reason": reason}
    _do(context, "decide", question, "delegate", digest, said, as_json=as_json)


def _do(context: typer.Context, name: str, *arguments: object, as_json: bool) -> None:
    """Run a command of `pilothouse.cli.deciding`."""
    from pilothouse.cli import deciding, opening

    work = getattr(deciding, name)
    opening.run(lambda: work(opening.Options(**context.obj), *arguments, as_json=as_json))
