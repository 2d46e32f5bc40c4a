"""`pilothouse limits`: how many runs execute at once and how many start in a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pilothouse.cli.opening import Here, Options
    from pilothouse.cli.remote import RemoteClient

cli = typer.Typer(
    help="Limits on runs: how many execute at once, how many start in a time.", no_args_is_help=True
)

Tenant = Annotated[str | None, typer.Option(help="Count this tenant's runs.")]
EachTenant = Annotated[
    bool, typer.Option("--each-tenant", help="Count each tenant by itself (default: all together).")
]
Workflow = Annotated[str | None, typer.Option(help="Count runs of this workflow only.")]


@cli.command("list")
def show(context: typer.Context, as_json: Json = False) -> None:
    """List the limits, the widest first.

    Example: pilothouse limits list --json
    """
    items = _ask(context, "list")
    if as_json:
        from pilothouse.cli import tables

        tables.document(items)
    else:
        _print(items)


@cli.command("set")
def put(
    context: typer.Context,
    *,
    tenant: Tenant = None,
    each_tenant: EachTenant = False,
    workflow: Workflow = None,
    concurrency: Annotated[
        int | None, typer.Option(min=0, help="Runs that execute at once (0: none).")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Runs that start in --per seconds.")] = None,
    per: Annotated[int, typer.Option(min=1, max=86_400, help="Seconds in which --rate runs may start.")] = 1,
) -> None:
    """Set a limit, in place of the one for the same runs if there is one.

    Example: pilothouse limits set --each-tenant --concurrency 10 --rate 100 --per 60
    """
    bounds = {"concurrency": concurrency, "rate": rate, "per_seconds": per}
    _print(_ask(context, "set", **_key(tenant, each_tenant=each_tenant, workflow=workflow), **bounds))


@cli.command()
def remove(
    context: typer.Context,
    tenant: Tenant = None,
    each_tenant: EachTenant = False,
    workflow: Workflow = None,
) -> None:
    """Remove a limit.

    Example: pilothouse limits remove --tenant acme
    """
    removed = _ask(context, "remove", **_key(tenant, each_tenant=each_tenant, workflow=workflow))
    typer.echo(f"removed: {_sentence(removed[0])}")


def _key(tenant: str | None, *, each_tenant: bool, workflow: str | None) -> dict[str, Any]:
    """What names a limit; raises `InvalidInput` where both a tenant and each tenant are meant."""
    if tenant is not None and each_tenant:
        from pilothouse.errors import InvalidInput

        raise InvalidInput("Give --tenant or --each-tenant, not both.")
    scope = "tenant" if tenant is not None else "each_tenant" if each_tenant else "installation"
    named = {"tenant": tenant} if tenant is not None else {}
    return {"scope": scope, **named, "workflow": workflow or "*"}


def _ask(context: typer.Context, what: str, **given: Any) -> list[dict[str, Any]]:
    from pilothouse.cli import opening

    return opening.run(lambda: _done(opening.Options(**context.obj), what, given))


async def _done(options: Options, what: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Have it done by the server or here; returns the limits that it is about."""
    from pilothouse.cli.opening import either

    return await either(
        options, None, lambda here: _here(here, what, given), lambda client: _there(client, what, given)
    )


async def _there(client: RemoteClient, what: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    method = {"list": "GET", "set": "PUT", "remove": "DELETE"}[what]
    how = {"json": given} if what == "set" else {"params": given}
    found = await client.ask(method, "/limits", **how)
    return list(found["items"]) if what == "list" else [found]


async def _here(here: Here, what: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    from pilothouse.limits.repository import LimitRepository
    from pilothouse.limits.schemas import Limit, LimitKey
    from pilothouse.limits.service import LimitBook

    async with here.database.session(here.scope) as session:
        book = LimitBook(LimitRepository(session))
        if what == "set":
            found = [await book.put(Limit(**given))]
        elif what == "remove":
            found = [await book.remove(LimitKey(**given))]
        else:
            found = (await book.all()).items
    return [item.model_dump(mode="json") for item in found]


def _print(items: Sequence[dict[str, Any]]) -> None:
    from pilothouse.cli import tables

    rows = [
        (
            _whose(item),
            "all together" if item["workflow"] == "*" else item["workflow"],
            "" if item["concurrency"] is None else str(item["concurrency"]),
            _rate(item),
        )
        for item in items
    ]
    tables.listed(
        ("counted", "workflow", "at once", "starts"),
        rows,
        "No limits. Set one: pilothouse limits set --concurrency 100",
        styles=("red" if item["concurrency"] == 0 else None for item in items),
    )


def _whose(item: dict[str, Any]) -> str:
    named = {"installation": "all tenants together", "each_tenant": "each tenant"}
    return named.get(item["scope"]) or f"tenant {item['tenant']}"


def _rate(item: dict[str, Any]) -> str:
    if item["rate"] is None:
        return ""
    per = item["per_seconds"]
    return f"{item['rate']} in {per} s" if per != 1 else f"{item['rate']} a second"


def _sentence(item: dict[str, Any]) -> str:
    what = "all workflows" if item["workflow"] == "*" else f"workflow {item['workflow']}"
    return f"{_whose(item)}, {what}"
