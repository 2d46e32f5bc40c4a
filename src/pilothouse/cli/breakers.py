"""`pilothouse breakers`: how dependencies are, and what is set by hand. Nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pilothouse.cli.breaking import Breaking
    from pilothouse.resilience.schemas import BreakerShown

cli = typer.Typer(
    help="Breakers: which services are left alone, and what is set by hand.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The dependency's name.", metavar="NAME")]
Why = Annotated[str, typer.Option(help="Why: whoever looks at it is told.")]
Until = Annotated[str | None, typer.Option(help="When it lets go by itself: 30m, 2h, 1d or a time.")]


@cli.command("list")
def list_breakers(context: typer.Context, as_json: Json = False) -> None:
    """List the breakers of all processes, by name.

    Example: pilothouse breakers list --json
    """

    async def work(known: Breaking) -> None:
        found = await known.all()
        if as_json:
            tables.document(found)
            return
        rows = [
            (
                *(item.name, item.state.value, str(len(item.processes))),
                f"{sum(one.failed for one in item.processes)}/{sum(one.calls for one in item.processes)}",
                str(sum(one.not_permitted for one in item.processes)),
                item.override.reason if item.override else _reason(item),
            )
            for item in found.items
        ]
        headings = ("breaker", "state", "processes", "failed", "refused", "why")
        tables.listed(headings, rows, "No process has called anything lately.", whole=("breaker",))

    _run(context, work)


@cli.command()
def show(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show a breaker: what is set by hand, and how it is in each process.

    Example: pilothouse breakers show model/openai
    """

    async def work(known: Breaking) -> None:
        _print(await known.show(name), as_json=as_json)

    _run(context, work)


@cli.command("open")
def force_open(
    context: typer.Context, name: Name, *, why: Why, until: Until = None, as_json: Json = False
) -> None:
    """Let no call through, in every process, until it is released.

    Example: pilothouse breakers open model/openai --why "wrong answers, INC-7" --until 2h
    """
    _set(context, name, "forced_open", why, until, as_json=as_json)


@cli.command()
def disable(
    context: typer.Context, name: Name, *, why: Why, until: Until = None, as_json: Json = False
) -> None:
    """Let every call through and count none, in every process: the breaker is closed by force.

    Example: pilothouse breakers disable smtp --why "maintenance of the relay" --until 30m
    """
    _set(context, name, "disabled", why, until, as_json=as_json)


@cli.command("watch-only")
def watch_only(
    context: typer.Context, name: Name, *, why: Why, until: Until = None, as_json: Json = False
) -> None:
    """Let every call through and count them all, in every process.

    Example: pilothouse breakers watch-only model/openai --why "does it open too early?"
    """
    _set(context, name, "metrics_only", why, until, as_json=as_json)


@cli.command()
def release(
    context: typer.Context,
    name: Name,
    why: Annotated[str, typer.Option(help="Why.")] = "released",
    as_json: Json = False,
) -> None:
    """Let go what was set by hand: the breaker works by itself again, and begins closed.

    Example: pilothouse breakers release model/openai
    """
    _set(context, name, "none", why, None, as_json=as_json)


@cli.command()
def reset(context: typer.Context, name: Name) -> None:
    """Have every process forget what its breaker has counted, and close it.

    Example: pilothouse breakers reset model/openai
    """

    async def work(known: Breaking) -> None:
        await known.reset(name)
        typer.echo(f"{name}: begins anew")

    _run(context, work)


def _set(context: typer.Context, name: str, mode: str, why: str, until: str | None, *, as_json: bool) -> None:
    import datetime as dt

    from pilothouse.cli.governing import checked, moment

    ends = None if until is None else moment(until, dt.datetime.now(dt.UTC))

    async def work(known: Breaking) -> None:
        from pydantic import TypeAdapter

        from pilothouse.cli.opening import sensible
        from pilothouse.resilience.schemas import Named, NewOverride

        with sensible():
            TypeAdapter(Named).validate_python(name)
        wanted = checked(NewOverride, {"mode": mode, "reason": why, "until": ends})
        _print(await known.override(name, wanted), as_json=as_json)

    _run(context, work)


def _print(found: BreakerShown, *, as_json: bool) -> None:
    if as_json:
        tables.document(found)
        return
    said = found.override
    if said is None:
        typer.echo(f"{found.name}: {found.state.value}, nothing is set by hand")
    else:
        ends = f"until {said.until:%Y-%m-%d %H:%M} UTC" if said.until else "until it is released"
        typer.echo(f"{found.name}: {said.mode.value} by {said.made_by} {ends}: {said.reason}")
    rows = [
        (
            *(one.process, one.state.value, f"{one.since:%Y-%m-%d %H:%M:%S}", f"{one.failed}/{one.calls}"),
            *(str(one.not_permitted), str(one.retries), one.reason or "-"),
        )
        for one in found.processes
    ]
    headings = ("process", "state", "since", "failed", "refused", "retries", "why")
    tables.listed(headings, rows, "No process has used it yet.", whole=("process",))


def _reason(item: BreakerShown) -> str:
    """Why it is in its state, as the first process says that is in it."""
    return next((one.reason for one in item.processes if one.state is item.state and one.reason), "-")


def _run(context: typer.Context, work: Callable[[Breaking], Awaitable[None]]) -> None:
    from pilothouse.cli import opening
    from pilothouse.cli.breaking import opened

    async def main() -> None:
        async with opened(opening.Options(**context.obj)) as breaking:
            await work(breaking)

    opening.run(main)
