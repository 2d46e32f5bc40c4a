"""`pilothouse notify`: where messages go, and what became of them. What commands do is in `notifying`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pilothouse.cli.remote import RemoteClient

cli = typer.Typer(help="Notifications: who is told what outside the console.", no_args_is_help=True)


class Channel(StrEnum):
    """How a message reaches a target."""

    APPRISE = "apprise"
    WEBHOOK = "webhook"


class Status(StrEnum):
    """What became of a message."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    MOOT = "moot"


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Which = Annotated[str, typer.Argument(help="The target's name or id.", metavar="TARGET")]


@cli.command("list")
def show_all(context: typer.Context, as_json: Json = False) -> None:
    """List where messages go, without what is secret of the addresses.

    Example: pilothouse notify list
    """
    _do(context, "show_all", as_json=as_json)


@cli.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    channel: Annotated[Channel, typer.Argument(help="How messages go.")],
    url: Annotated[
        str,
        typer.Argument(help="An Apprise URL or a webhook's address; -: the first line of standard input."),
    ],
    *,
    event: Annotated[
        list[str] | None, typer.Option(help="Only this event (approval.opened). May be repeated.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Only questions for these approvers (finance). May be repeated.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="The person whose channel it is (an id).")] = None,
    links: Annotated[
        bool, typer.Option("--links", help="Let messages bring links by which that person decides.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add a target. Its address is kept sealed; a webhook's secret is printed, and never shown again.

    Example: pilothouse notify add finance webhook https://hooks.example.com/in --role finance
    """
    given: dict[str, Any] = {
        "name": name,
        "channel": channel.value,
        "events": event or [],
        "roles": role or [],
    }
    given |= {"links": links} | ({"addressee": f"person:{person}"} if person is not None else {})
    _do(context, "add", given, url, as_json=as_json)


@cli.command()
def remove(context: typer.Context, target: Which) -> None:
    """Remove a target with its deliveries.

    Example: pilothouse notify remove finance
    """
    _do(context, "remove", target)


@cli.command("test")
def try_out(context: typer.Context, target: Which, as_json: Json = False) -> None:
    """Send a test at once, and tell what became of it: exit code 1 where it was not taken.

    Example: pilothouse notify test finance
    """
    _do(context, "test", target, as_json=as_json)


@cli.command()
def rotate(
    context: typer.Context,
    target: Which,
    overlap: Annotated[
        int, typer.Option(min=0, max=720, help="Hours for which messages are signed with both secrets.")
    ] = 24,
    as_json: Json = False,
) -> None:
    """Give a webhook a new secret, which is printed and never shown again.

    Example: pilothouse notify rotate finance --overlap 48
    """
    _do(context, "rotate", target, overlap * 3_600, as_json=as_json)


@cli.command()
def enable(context: typer.Context, target: Which) -> None:
    """Send to a target again that was disabled because it answered 410.

    Example: pilothouse notify enable finance
    """
    _do(context, "enable", target)


@cli.command()
def deliveries(
    context: typer.Context,
    *,
    status: Annotated[Status | None, typer.Option(help="Only these.")] = None,
    target: Annotated[str | None, typer.Option(help="Only those to this target (name or id).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 50,
    as_json: Json = False,
) -> None:
    """List messages and what became of them, the newest first.

    Example: pilothouse notify deliveries --status dead
    """
    _do(context, "deliveries", status.value if status else None, target, limit, as_json=as_json)


def _do(context: typer.Context, name: str, *arguments: Any, **options: bool) -> None:
    """Run a function of `pilothouse.cli.notifying` with a client."""
    from pilothouse.cli import notifying, opening
    from pilothouse.cli.scheduling import with_client

    work: Callable[..., Awaitable[bool]] = getattr(notifying, name)
    done: list[bool] = []

    async def ask(client: RemoteClient) -> None:
        done.append(await work(client, *arguments, **options))

    opening.run(lambda: with_client(opening.Options(**context.obj), ask))
    if done == [False]:
        raise typer.Exit(1)
