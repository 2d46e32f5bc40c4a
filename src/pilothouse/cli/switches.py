"""`pilothouse kill`, `unkill`, `switches` and `flags`. Nothing heavy is imported here."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pilothouse.cli.governing import Switching

cli = typer.Typer()
flags = typer.Typer(help="Feature flags: on or off, for a tenant or a share.", no_args_is_help=True)

Tenant = Annotated[
    str | None,
    typer.Option(
        help="For this tenant; * for all. Default: all of them, and on a server your own. Only the home "
        "tenant names others."
    ),
]
PANEL = "Governing"


class What(StrEnum):
    """What can be killed."""

    EVERYTHING = "everything"
    TENANT = "tenant"
    WORKFLOW = "workflow"
    AGENT = "agent"
    TOOL = "tool"
    PROVIDER = "provider"


Kind = Annotated[What, typer.Argument(help="What it is.", metavar="TYPE")]
Name = Annotated[str, typer.Argument(help="Its name; a tenant's id. Nothing for everything.", metavar="NAME")]


@cli.command(rich_help_panel=PANEL)
def kill(
    context: typer.Context,
    kind: Kind,
    name: Name = "",
    *,
    why: Annotated[str, typer.Option(help="Why: whoever runs into it is told.")],
    until: Annotated[
        str | None, typer.Option(help="When it lets go by itself: 30m, 2h, 1d or a time.")
    ] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Kill everything, a tenant, workflow, agent, tool or model provider: everywhere within a second.

    It works on the database itself, whether or not a server answers. Running steps are stopped; runs stay.

    Example: pilothouse kill tool pay_refund --why "paid twice, INC-311" --until 2h
    """
    import datetime as dt

    from pilothouse.cli.governing import checked, moment

    ends = None if until is None else moment(until, dt.datetime.now(dt.UTC))

    async def work(switches: Switching) -> None:
        from pilothouse.switches.schemas import NewKill

        wanted = _killed(context, kind, name, tenant) | {"why": why, "until": ends}
        made = await switches.kill(checked(NewKill, wanted))
        if as_json:
            tables.document(made)
            return
        let_go = f"until {made.until:%Y-%m-%d %H:%M} UTC" if made.until else "until somebody lets it go"
        typer.echo(f"killed: {_told(made.kind, made.name, made.tenant)}, {let_go}")

    _run(context, work)


@cli.command(rich_help_panel=PANEL)
def unkill(
    context: typer.Context, kind: Kind, name: Name = "", tenant: Tenant = None, as_json: Json = False
) -> None:
    """Let go what was killed: runs that were held go on by themselves.

    Example: pilothouse unkill tool pay_refund
    """

    async def work(switches: Switching) -> None:
        from pilothouse.cli.governing import checked
        from pilothouse.switches.schemas import KillName

        ended = await switches.unkill(checked(KillName, _killed(context, kind, name, tenant)))
        if as_json:
            tables.document(ended)
        else:
            typer.echo(f"let go: {_told(ended.kind, ended.name, ended.tenant)}")

    _run(context, work)


@cli.command(rich_help_panel=PANEL)
def switches(
    context: typer.Context,
    ended: Annotated[bool, typer.Option("--all", help="Also what was let go.")] = False,
    as_json: Json = False,
) -> None:
    """List what is killed, and the agents that begin on a lower rung after repeated failures.

    Example: pilothouse switches --all
    """

    async def work(known: Switching) -> None:
        kills, lower = await known.kills(ended=ended), await known.degradations()
        if as_json:
            told = {"kills": kills.model_dump(mode="json")["items"]}
            tables.document(told | {"degraded": lower.model_dump(mode="json")["items"]})
            return
        rows = [
            (
                *(_told(item.kind, item.name, item.tenant), item.why, item.made_by),
                f"{item.made_at:%Y-%m-%d %H:%M}",
                f"{item.ended_at or item.until:%Y-%m-%d %H:%M}" if item.ended_at or item.until else "-",
            )
            for item in kills.items
        ]
        tables.listed(("killed", "why", "by", "since", "until"), rows, "Nothing is killed.")
        for item in lower.items:
            typer.echo(f"{item.agent} ({item.tenant}) begins {item.level} rungs down: {item.reason}")

    _run(context, work)


@cli.command(rich_help_panel=PANEL)
def reinstate(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(help="The agent's name.")],
    tenant: Tenant = None,
) -> None:
    """Put an agent that begins on a lower rung back on its first one; probes do so by themselves, too.

    Example: pilothouse reinstate triage
    """

    async def work(known: Switching) -> None:
        await known.restore(agent, tenant)
        typer.echo(f"{agent} begins on its first rung again")

    _run(context, work)


@flags.command("list")
def list_flags(context: typer.Context, as_json: Json = False) -> None:
    """List the flags, by name.

    Example: pilothouse flags list
    """

    async def work(known: Switching) -> None:
        found = await known.flags()
        if as_json:
            tables.document(found)
            return
        rows = [
            (
                *(item.name, item.tenant or "*", _state(enabled=item.enabled, percentage=item.percentage)),
                *(item.why or "-", item.changed_by, f"{item.changed_at:%Y-%m-%d %H:%M}"),
            )
            for item in found.items
        ]
        tables.listed(("flag", "tenant", "is", "why", "by", "since"), rows, "No flags: each is off.")

    _run(context, work)


@flags.command("set")
def set_flag(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The flag's name.")],
    *,
    on: Annotated[bool, typer.Option("--on/--off", help="Whether it is on.")],
    percentage: Annotated[
        float | None, typer.Option(min=0, max=100, help="On for this share of subjects only, in per cent.")
    ] = None,
    tenant: Tenant = None,
    why: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Set a flag, for all tenants or for one. It holds in every process within a second.

    Example: pilothouse flags set support.new-answers --on --percentage 10 --tenant acme
    """

    async def work(known: Switching) -> None:
        from pilothouse.cli.governing import checked
        from pilothouse.switches.schemas import NewFlag

        share, whose = None if percentage is None else str(percentage), _whose(context, tenant)
        given = {"name": name, "tenant": whose, "enabled": on, "percentage": share, "why": why}
        made = await known.put(checked(NewFlag, given))
        typer.echo(f"{made.name} ({made.tenant}): {_state(enabled=made.enabled, percentage=made.percentage)}")

    _run(context, work)


@flags.command("remove")
def remove_flag(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The flag's name.")],
    tenant: Tenant = None,
) -> None:
    """Remove a flag, which is off then; a tenant's gives way to that for all.

    Example: pilothouse flags remove support.new-answers
    """

    async def work(known: Switching) -> None:
        from pilothouse.cli.governing import checked
        from pilothouse.switches.schemas import FlagKey

        await known.remove(checked(FlagKey, {"name": name, "tenant": _whose(context, tenant)}))
        typer.echo(f"{name}: no flag any more")

    _run(context, work)


def _killed(context: typer.Context, kind: What, name: str, tenant: str | None) -> dict[str, object]:
    if kind is What.TENANT:
        return {"kind": kind.value, "tenant": name or None}
    whose = None if kind is What.EVERYTHING else _whose(context, tenant)
    return {"kind": kind.value, "name": name, "tenant": whose}


def _whose(context: typer.Context, tenant: str | None) -> str | None:
    return tenant or ("*" if context.obj["server"] is None else None)


def _told(kind: str, name: str, tenant: str) -> str:
    if kind == What.EVERYTHING.value:
        return "everything"
    if kind == What.TENANT.value:
        return f"tenant {tenant}"
    return f"{kind} {name}" + ("" if tenant == "*" else f" of {tenant}")


def _state(*, enabled: bool, percentage: object) -> str:
    return "off" if not enabled else "on" if percentage is None else f"on for {percentage} %"


def _run(context: typer.Context, work: Callable[[Switching], Awaitable[None]]) -> None:
    from pilothouse.cli import opening
    from pilothouse.cli.governing import opened

    async def main() -> None:
        async with opened(opening.Options(**context.obj)) as governing:
            await work(governing.switches)

    opening.run(main)
