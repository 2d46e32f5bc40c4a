"""`pilothouse engagements`: the projects inside a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pilothouse.cli.opening import Here, Options
    from pilothouse.cli.remote import RemoteClient
    from pilothouse.tenants.service import Engagements

cli = typer.Typer(help="Engagements: the projects inside a tenant.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(help="Its name, or its id.", metavar="ENGAGEMENT")]
NewName = Annotated[str, typer.Argument(help="Letters, digits, spaces, '.', '_', '-'; at most 100.")]


@cli.command("list")
def show_all(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Those that are closed, too.")] = False,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """List the open engagements of a tenant, the newest first.

    Example: pilothouse engagements list --all --json
    """
    _tell(_ask(context, tenant, "list", {} if every else {"closed": False}), as_json=as_json)


@cli.command()
def create(context: typer.Context, name: NewName, tenant: Tenant = None, as_json: Json = False) -> None:
    """Make an engagement.

    Example: pilothouse engagements create migration-2026

    Then: pilothouse run migration "..." --engagement migration-2026
    """
    _tell(_ask(context, tenant, "create", {"name": name}), as_json=as_json)


@cli.command()
def rename(
    context: typer.Context, engagement: Which, name: NewName, tenant: Tenant = None, as_json: Json = False
) -> None:
    """Give an engagement another name.

    Example: pilothouse engagements rename migration-2026 migration-2027
    """
    _tell(_ask(context, tenant, "rename", {"name": name}, engagement), as_json=as_json)


@cli.command()
def close(context: typer.Context, engagement: Which, tenant: Tenant = None, as_json: Json = False) -> None:
    """Take no new runs for an engagement, and let its schedules make none; what it has stays.

    Example: pilothouse engagements close migration-2026
    """
    _tell(_ask(context, tenant, "close", {}, engagement), as_json=as_json)


@cli.command()
def reopen(context: typer.Context, engagement: Which, tenant: Tenant = None, as_json: Json = False) -> None:
    """Take new runs for an engagement again.

    Example: pilothouse engagements reopen migration-2026
    """
    _tell(_ask(context, tenant, "reopen", {}, engagement), as_json=as_json)


@cli.command()
def delete(context: typer.Context, engagement: Which, tenant: Tenant = None) -> None:
    """Delete an engagement that has neither runs nor schedules.

    Example: pilothouse engagements delete misspelt
    """
    _ask(context, tenant, "delete", {}, engagement)
    typer.echo("deleted")


def _ask(
    context: typer.Context, tenant: str | None, what: str, given: dict[str, Any], which: str | None = None
) -> list[dict[str, Any]]:
    from pilothouse.cli import opening

    return opening.run(lambda: done(opening.Options(**context.obj), tenant, what, given, which))


async def done(
    options: Options, tenant: str | None, what: str, given: dict[str, Any], which: str | None
) -> list[dict[str, Any]]:
    """Have it done by the server or here; returns the engagements that it is about, as the API shows them."""
    from pilothouse.cli.opening import either

    return await either(
        options,
        tenant,
        lambda here: _here(here, what, given, which),
        lambda client: _there(client, what, given, which),
    )


async def _there(
    client: RemoteClient, what: str, given: dict[str, Any], which: str | None
) -> list[dict[str, Any]]:
    if which is None:
        if what == "list":
            return await client.every("/engagements", given)
        return [await client.ask("POST", "/engagements", json=given)]
    found = _id_of(which)
    path = f"/engagements/{found or _only(await client.every('/engagements', {'name': which}), which)}"
    if what == "delete":
        await client.ask("DELETE", path)
        return []
    if what == "rename":
        return [await client.ask("PATCH", path, json=given)]
    return [await client.ask("POST", f"{path}/{what}")]


async def _here(here: Here, what: str, given: dict[str, Any], which: str | None) -> list[dict[str, Any]]:
    from pilothouse.kit.clock import SystemClock
    from pilothouse.tenants.repository import EngagementRepository
    from pilothouse.tenants.service import Engagements

    async with here.database.session(here.scope) as session:
        repository = EngagementRepository(session, here.scope)
        service = Engagements(repository, here.scope, SystemClock(), here.parts.ids)
        return await _asked(service, what, given, which)


async def _asked(
    service: Engagements, what: str, given: dict[str, Any], which: str | None
) -> list[dict[str, Any]]:
    from uuid import UUID

    from pilothouse.tenants.schemas import NewEngagement

    if which is None:
        if what == "list":
            return await _all_here(service, given)
        return [_plain(await service.create(NewEngagement.model_validate(given)))]
    found = _id_of(which)
    engagement_id = UUID(found or _only(await _all_here(service, {"name": which}), which))
    if what == "delete":
        await service.delete(engagement_id)
        return []
    if what == "rename":
        return [_plain(await service.rename(engagement_id, NewEngagement.model_validate(given)))]
    return [_plain(await (service.close if what == "close" else service.reopen)(engagement_id))]


async def _all_here(service: Engagements, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    from pilothouse.cli.client import every
    from pilothouse.tenants.schemas import EngagementQuery

    found = await every(lambda which: service.page(EngagementQuery.model_validate({**wanted, **which})))
    return [_plain(item) for item in found]


def _plain(shown: Any) -> dict[str, Any]:
    return dict(shown.model_dump(mode="json"))


def _id_of(which: str) -> str | None:
    """`which` as an id; None where it is none: names cannot look like ids."""
    from uuid import UUID

    try:
        return str(UUID(which))
    except ValueError:
        return None


def _only(found: Sequence[dict[str, Any]], which: str) -> str:
    from pilothouse.errors import NotFound

    if not found:
        raise NotFound(
            f"There is no engagement {which[:100]!r}.", hint="`pilothouse engagements list --all` shows them."
        )
    return str(found[0]["id"])


def _tell(items: list[dict[str, Any]], *, as_json: bool) -> None:
    from pilothouse.cli import tables

    if as_json:
        tables.document(items)
        return
    closed = [item["closed_at"] is not None for item in items]
    rows = [
        (item["name"], "closed" if over else "open", item["created_at"][:10], item["id"])
        for item, over in zip(items, closed, strict=True)
    ]
    tables.listed(
        ("engagement", "state", "made", "id"),
        rows,
        "None. Make one: pilothouse engagements create NAME",
        whole=("engagement", "id"),
        styles=("dim" if over else None for over in closed),
    )
