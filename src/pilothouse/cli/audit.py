"""`pilothouse audit`: the audit log, and its proofs. What each command does is in `auditing`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from pilothouse.cli.remote import RemoteClient

cli = typer.Typer(
    help="The audit log: who did what, provable by anyone with the public key.",
    no_args_is_help=True,
    epilog="Example: pilothouse audit verify audit.jsonl --key audit.pem",
)

Id = Annotated[str, typer.Argument(help="The entry's id, as lists show it.", metavar="ENTRY")]
Kept = Annotated[
    list[Path] | None,
    typer.Option(
        "--head",
        help="A head that was kept or published earlier. May be repeated.",
        exists=True,
        dir_okay=False,
    ),
]


class Written(StrEnum):
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"


@cli.command("list")
def show_all(
    context: typer.Context,
    *,
    kind: Annotated[str | None, typer.Option(help="Only this kind: dispatch, sign_in, key ...")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this principal did.")] = None,
    run: Annotated[str | None, typer.Option(help="Only what belongs to this run (its id).")] = None,
    since: Annotated[str | None, typer.Option(help="Then or later: 2030-01-31T08:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Before: 2030-01-31T08:00:00Z.")] = None,
    text: Annotated[str | None, typer.Option(help="Stands anywhere in the entry.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    as_json: Json = False,
) -> None:
    """List entries, the newest first.

    Example: pilothouse audit list --kind sign_in --since 2030-01-31T00:00:00Z
    """
    wanted = {"kind": kind, "actor": actor, "run_id": run, "since": since, "until": until, "text": text}
    _do(context, "show_all", wanted, limit, as_json=as_json)


@cli.command()
def show(context: typer.Context, entry: Id, as_json: Json = False) -> None:
    """Show an entry, with everything that it says.

    Example: pilothouse audit show 01a1fd52-fe57-7000-93e2-1bc2e3af63d4
    """
    _do(context, "show", entry, as_json=as_json)


@cli.command()
def proof(
    context: typer.Context,
    entry: Id,
    size: Annotated[
        int | None, typer.Option(min=1, help="In the tree of this size (default: newest).")
    ] = None,
) -> None:
    """Print the proof that the log has an entry, as JSON; it is checked before.

    Example: pilothouse audit proof 01a1fd52-fe57-7000-93e2-1bc2e3af63d4
    """
    _do(context, "proof", entry, size)


@cli.command()
def heads(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    sign: Annotated[bool, typer.Option("--sign", help="Sign one now, first.")] = False,
    note: Annotated[
        bool, typer.Option("--note", help="Print the newest one as it is signed, to be kept elsewhere.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List signed tree heads, the newest first.

    Example: pilothouse audit heads --sign --note > head.txt
    """
    _do(context, "heads", limit, sign=sign, note=note, as_json=as_json)


@cli.command()
def export(
    context: typer.Context,
    to: Annotated[Path, typer.Argument(help="The file to write.", metavar="FILE", dir_okay=False)],
    written: Annotated[Written, typer.Option("--format", help="jsonl can be verified.")] = Written.JSONL,
) -> None:
    """Write the whole log to a file, up to a head that is signed now.

    Example: pilothouse audit export audit.jsonl
    """
    _do(context, "export", to, written.value)


@cli.command()
def key(context: typer.Context, as_json: Json = False) -> None:
    """Print the public key with which heads are signed. Keep it elsewhere, before you need it.

    Example: pilothouse audit key > audit.pem
    """
    _do(context, "key", as_json=as_json)


@cli.command()
def keep(
    context: typer.Context,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="Then exported entries leave.")] = None,
    always: Annotated[bool, typer.Option("--always", help="Entries never leave.")] = False,
    as_json: Json = False,
) -> None:
    """Show or say how long entries are kept, and show the legal holds.

    Example: pilothouse audit keep --days 2555
    """
    _do(context, "keep", days, always=always, as_json=as_json)


@cli.command()
def hold(context: typer.Context, reason: Annotated[str, typer.Argument(help="Why.")]) -> None:
    """Make a legal hold: no entry leaves until it is released.

    Example: pilothouse audit hold "Case 2030-17"
    """
    _do(context, "hold", reason)


@cli.command()
def release(
    context: typer.Context,
    hold_id: Annotated[str, typer.Argument(help="The hold's id, as `keep` shows it.", metavar="HOLD")],
) -> None:
    """Release a legal hold.

    Example: pilothouse audit release 01a1fd52-fe57-7000-93e2-1bc2e3af63d4
    """
    _do(context, "release", hold_id)


@cli.command()
def verify(
    export_file: Annotated[
        Path, typer.Argument(help="An export as JSON Lines.", metavar="EXPORT", exists=True, dir_okay=False)
    ],
    public: Annotated[
        Path, typer.Option("--key", help="The public key that you trust (PEM).", exists=True, dir_okay=False)
    ],
    head: Kept = None,
    as_json: Json = False,
) -> None:
    """Verify an export, without any database or server.

    Exit codes: 0 everything is proved, 1 something is wrong, and it is said which entry.

    Example: pilothouse audit verify audit.jsonl --key audit.pem --head head.txt
    """
    from pilothouse.cli.verifying import verified

    raise typer.Exit(verified(export_file, public, head or [], as_json=as_json))


def _do(context: typer.Context, name: str, *arguments: Any, **options: bool) -> None:
    """Run a function of `pilothouse.cli.auditing` with a client."""
    from pilothouse.cli import auditing, opening
    from pilothouse.cli.scheduling import with_client

    work: Callable[..., Awaitable[None]] = getattr(auditing, name)

    async def done(client: RemoteClient) -> None:
        await work(client, *arguments, **options)

    opening.run(lambda: with_client(opening.Options(**context.obj), done))
