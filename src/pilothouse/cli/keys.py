"""`pilothouse keys`: the API keys of programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pilothouse.cli.opening import Here, Options
    from pilothouse.cli.remote import RemoteClient
    from pilothouse.keys.service import Keys

cli = typer.Typer(help="API keys: the credentials of programs.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The key's id, as lists show it.", metavar="KEY")]


@cli.command()
def create(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[
        list[str],
        typer.Option(
            "--role", "-r", help="viewer, operator, approver[:name], author, admin. May be repeated."
        ),
    ],
    permission: Annotated[
        list[str] | None,
        typer.Option(
            "--permission", "-p", help="Of what the roles allow, only this (runs:read). May be repeated."
        ),
    ] = None,
    engagement: Annotated[str | None, typer.Option(help="Bind it to this engagement (id or name).")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3_650, help="Valid for so many days.")] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, help="Requests that it may make in a minute.")
    ] = None,
    models: Annotated[
        str | None, typer.Option(help="Models that it may use at /v1: fast,openai:* (without: all).")
    ] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is printed once, to standard output, and never shown again.

    Example: pilothouse keys create nightly-import --role operator --permission runs:submit --days 365
    """
    import datetime as dt

    until = None if days is None else (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).isoformat()
    given: dict[str, Any] = {
        "name": name,
        "roles": role,
        "permissions": permission or None,
        "engagement": engagement,
        "models": _listed(models),
    }
    given |= {"rate": rate, "expires_at": until}
    _tell_secret(_ask(context, tenant, "create", given)[0], as_json=as_json)


@cli.command("list")
def show_all(context: typer.Context, tenant: Tenant = None, as_json: Json = False) -> None:
    """List the keys of a tenant, the newest first.

    Example: pilothouse keys list --json
    """
    _tell(_ask(context, tenant, "list"), as_json=as_json)


@cli.command()
def show(context: typer.Context, key: Id, tenant: Tenant = None, as_json: Json = False) -> None:
    """Show a key, without its secret.

    Example: pilothouse keys show 01a1fd52-fe57-7000-93e2-1bc2e3af63d4
    """
    _tell(_ask(context, tenant, "show", {}, key), as_json=as_json)


@cli.command()
def rotate(
    context: typer.Context,
    key: Id,
    overlap: Annotated[
        int, typer.Option(min=0, max=720, help="Hours for which the secret before stays valid, too.")
    ] = 24,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Give a key a new secret, which is printed once, to standard output.

    Example: pilothouse keys rotate 01a1fd52-fe57-7000-93e2-1bc2e3af63d4 --overlap 48
    """
    _tell_secret(_ask(context, tenant, "rotate", {"overlap": overlap * 3_600}, key)[0], as_json=as_json)


@cli.command("models")
def set_models(
    context: typer.Context,
    key: Id,
    models: Annotated[str, typer.Argument(help="fast,openai:* or `all`.", metavar="MODELS")],
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Say which models a key may use at /v1; it holds everywhere within a second.

    Example: pilothouse keys models 01a1fd52-fe57-7000-93e2-1bc2e3af63d4 fast,openai:*
    """
    given = {"models": None if models == "all" else _listed(models)}
    _tell(_ask(context, tenant, "models", given, key), as_json=as_json)


def _listed(models: str | None) -> list[str] | None:
    return None if models is None else [name.strip() for name in models.split(",") if name.strip()]


@cli.command()
def revoke(context: typer.Context, key: Id, tenant: Tenant = None, as_json: Json = False) -> None:
    """End a key for good: every process refuses it within a second.

    Example: pilothouse keys revoke 01a1fd52-fe57-7000-93e2-1bc2e3af63d4
    """
    _tell(_ask(context, tenant, "revoke", {}, key), as_json=as_json)


def _ask(
    context: typer.Context,
    tenant: str | None,
    what: str,
    given: dict[str, Any] | None = None,
    key: str | None = None,
) -> list[dict[str, Any]]:
    from pilothouse.cli import opening

    return opening.run(lambda: done(opening.Options(**context.obj), tenant, what, given or {}, key))


async def done(
    options: Options, tenant: str | None, what: str, given: dict[str, Any], key: str | None
) -> list[dict[str, Any]]:
    """Have it done by the server or here; returns what the API would answer, keys one by one."""
    from pilothouse.cli.opening import either
    from pilothouse.kit import ids

    named = str(ids.parse(key, "id of a key")) if key is not None else None
    return await either(
        options,
        tenant,
        lambda found: here(found, what, given, named),
        lambda client: there(client, what, given, named),
    )


async def there(
    client: RemoteClient, what: str, given: dict[str, Any], key: str | None
) -> list[dict[str, Any]]:
    """Have a server do it."""
    if what == "create":
        return [await client.ask("POST", "/keys", json=given)]
    if what == "rotate":
        return [await client.ask("POST", f"/keys/{key}/rotate", json=given)]
    if what == "revoke":
        return [await client.ask("POST", f"/keys/{key}/revoke")]
    if what == "models":
        return [await client.ask("PUT", f"/keys/{key}/models", json=given)]
    if key is not None:
        return [await client.ask("GET", f"/keys/{key}")]
    return await client.every("/keys")


async def here(on: Here, what: str, given: dict[str, Any], key: str | None) -> list[dict[str, Any]]:
    """Do it on this machine's database, as an admin of the tenant."""
    from pilothouse.keys.repository import KeyRepository
    from pilothouse.keys.service import Keys
    from pilothouse.kit.clock import SystemClock
    from pilothouse.tenants.service import Placement

    async with on.database.session(on.scope) as session:
        keys = Keys(
            KeyRepository(session, on.scope),
            on.parts.secrets,
            Placement(on.database, on.scope).of,
            on.scope,
            environment=on.parts.settings.key_environment,
            clock=SystemClock(),
            ids=on.parts.ids,
        )
        return await _asked(keys, what, given, key)


async def _asked(keys: Keys, what: str, given: dict[str, Any], key: str | None) -> list[dict[str, Any]]:
    from uuid import UUID

    from pilothouse.cli.client import every
    from pilothouse.keys.schemas import KeyQuery, ModelList, NewKey, Rotation

    if key is None and what == "create":
        made = await keys.create(NewKey.model_validate(given))
        return [made.model_dump(mode="json")]
    if key is None:
        listed = await every(lambda which: keys.page(KeyQuery.model_validate(which)))
        return [item.model_dump(mode="json") for item in listed]
    if what == "rotate":
        rotated = await keys.rotate(UUID(key), Rotation.model_validate(given))
        return [rotated.model_dump(mode="json")]
    if what == "models":
        return [(await keys.set_models(UUID(key), ModelList.model_validate(given))).model_dump(mode="json")]
    shown = await (keys.revoke if what == "revoke" else keys.show)(UUID(key))
    return [shown.model_dump(mode="json")]


def _tell_secret(made: dict[str, Any], *, as_json: bool) -> None:
    """Print a new secret and nothing else to standard output; what is to be known goes to standard error."""
    from pilothouse.cli import tables

    if as_json:
        tables.document(made)
        return
    key = made["key"]
    typer.echo(f"Key {key['name']} ({key['id']}): keep this, it is not shown again.", err=True)
    if key["previous_until"]:
        typer.echo(f"The secret before it is valid until {key['previous_until']}.", err=True)
    typer.echo(made["secret"])


def _tell(items: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    from pilothouse.cli import tables

    if as_json:
        tables.document(items)
        return
    rows = [
        (
            item["id"],
            item["name"],
            "active, rotate it: 90 days or older" if item["due"] else item["state"],
            ", ".join(item["roles"]),
            ", ".join(item["permissions"] or ()),
            ", ".join(item.get("models") or ()),
            (item["last_used_at"] or "never")[:16],
            (item["expires_at"] or "")[:16],
        )
        for item in items
    ]
    headings = ("id", "name", "state", "roles", "only", "models", "last used", "expires")
    tables.listed(
        headings, rows, "No keys. Make one: pilothouse keys create NAME --role viewer", whole=("id",)
    )
