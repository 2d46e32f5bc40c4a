"""`pilothouse people`: who belongs to a tenant, in which roles, and how they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pilothouse.cli.opening import Here, Options
    from pilothouse.cli.remote import RemoteClient
    from pilothouse.people.administration import People

cli = typer.Typer(help="People: who belongs to a tenant, and in which roles.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="The e-mail address, or the id.", metavar="PERSON")]
Role = Annotated[
    list[str] | None,
    typer.Option("--role", "-r", help="viewer, operator, approver[:name], author, admin. May be repeated."),
]


@cli.command("list")
def show(context: typer.Context, tenant: Tenant = None, as_json: Json = False) -> None:
    """List the people of a tenant, the newest first.

    Example: pilothouse people list --json
    """
    _tell(_ask(context, tenant, "list"), as_json=as_json)


@cli.command()
def invite(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    role: Role = None,
    name: Annotated[str | None, typer.Option(help="What the person is called.")] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Invite somebody. Without mail the link is printed: hand it over in confidence.

    Example: pilothouse people invite ada@example.com --role admin
    """
    given = {"email": email, "roles": role or []} | ({"name": name} if name is not None else {})
    _tell_link(_ask(context, tenant, "invite", given), "invited", as_json=as_json)


@cli.command()
def disable(context: typer.Context, person: Who, tenant: Tenant = None, as_json: Json = False) -> None:
    """Let a person in no more, and end all sessions. The last admin stays.

    Example: pilothouse people disable ada@example.com
    """
    _tell(_ask(context, tenant, "disable", {}, person), as_json=as_json)


@cli.command()
def enable(context: typer.Context, person: Who, tenant: Tenant = None, as_json: Json = False) -> None:
    """Let a person in again who was disabled."""
    _tell(_ask(context, tenant, "enable", {}, person), as_json=as_json)


@cli.command()
def reset(
    context: typer.Context,
    person: Who,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Take the authenticator away, too: it was lost.")
    ] = False,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """End a person's password and sessions, and make a link with which to choose another password.

    Who was invited and has not come yet is sent another invitation.

    Example: pilothouse people reset ada@example.com --second-factor
    """
    found = _ask(context, tenant, "reset", {"second_factor": second_factor}, person)
    _tell_link(found, "reset", as_json=as_json)


@cli.command()
def roles(
    context: typer.Context,
    person: Who,
    role: Annotated[list[str] | None, typer.Argument(help="The roles from now on; none: no role.")] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Replace a person's roles.

    Example: pilothouse people roles ada@example.com operator approver:finance
    """
    _tell(_ask(context, tenant, "roles", {"roles": role or []}, person), as_json=as_json)


def _ask(
    context: typer.Context,
    tenant: str | None,
    what: str,
    given: dict[str, Any] | None = None,
    person: str | None = None,
) -> list[dict[str, Any]]:
    from pilothouse.cli import opening

    return opening.run(lambda: _done(opening.Options(**context.obj), tenant, what, given or {}, person))


async def _done(
    options: Options, tenant: str | None, what: str, given: dict[str, Any], person: str | None
) -> list[dict[str, Any]]:
    """Have it done by the server or here; returns the people that it is about, as the API shows them."""
    from pilothouse.cli.opening import either

    return await either(
        options,
        tenant,
        lambda here: _here(here, what, given, person),
        lambda client: _there(client, what, given, person),
    )


async def _there(
    client: RemoteClient, what: str, given: dict[str, Any], person: str | None
) -> list[dict[str, Any]]:
    if what == "invite":
        return [await client.ask("POST", "/users", json=given)]
    if person is None:
        return await client.every("/users")
    path = f"/users/{_id_of(person, [] if _is_id(person) else await client.every('/users'))}"
    if what == "roles":
        return [await client.ask("PUT", f"{path}/roles", json=given)]
    body = {"json": given} if what == "reset" else {}
    return [await client.ask("POST", f"{path}/{what}", **body)]


async def _here(here: Here, what: str, given: dict[str, Any], person: str | None) -> list[dict[str, Any]]:
    from uuid import UUID

    from pilothouse.people.administration import People
    from pilothouse.people.opening import open_doors
    from pilothouse.people.schemas import Invite, Reset, RolesEdit

    parts = here.parts
    doors = open_doors(parts.settings, here.database, parts.vault, parts.secrets, ids=parts.ids)
    people = People(doors.parts, here.scope)
    try:
        if what == "invite":
            return [_plain(await people.invite(Invite.model_validate(given)))]
        if person is None:
            return await _all_here(people)
        person_id = UUID(_id_of(person, [] if _is_id(person) else await _all_here(people)))
        if what == "roles":
            return [_plain(await people.set_roles(person_id, RolesEdit.model_validate(given)))]
        if what == "reset":
            return [_plain(await people.reset(person_id, Reset.model_validate(given)))]
        return [_plain(await (people.disable if what == "disable" else people.enable)(person_id))]
    finally:
        await doors.close()


async def _all_here(people: People) -> list[dict[str, Any]]:
    from pilothouse.cli.client import every
    from pilothouse.kit.pagination import PageQuery

    found = await every(lambda which: people.page(PageQuery.model_validate(which)))
    return [_plain(item) for item in found]


def _plain(shown: Any) -> dict[str, Any]:
    return dict(shown.model_dump(mode="json"))


def _is_id(person: str) -> bool:
    return "@" not in person


def _id_of(person: str, known: Sequence[dict[str, Any]]) -> str:
    """The id of the person who is meant; raises `InvalidInput` and `NotFound`."""
    from pilothouse.errors import NotFound
    from pilothouse.kit.ids import parse
    from pilothouse.people.addresses import parsed

    if _is_id(person):
        return str(parse(person, "person: give the e-mail address, or the id"))
    key = parsed(person).key
    for item in known:
        if item["email"] and parsed(item["email"]).key == key:
            return str(item["id"])
    raise NotFound(
        "There is no person with this address.", hint="`pilothouse people list` shows who is there."
    )


def _tell_link(found: list[dict[str, Any]], done: str, *, as_json: bool) -> None:
    if as_json:
        _tell(found, as_json=True)
        return
    (linked,) = found
    until = str(linked["expires_at"])[:16].replace("T", " ")
    typer.echo(f"{done}: {linked['person']['email']}")
    if linked["sent"]:
        typer.echo(f"The link was sent by e-mail; it is valid until {until} UTC.")
    else:
        typer.echo(f"Hand this link over in confidence; it is valid once, until {until} UTC:")
        typer.echo(linked["link"])


def _tell(items: list[dict[str, Any]], *, as_json: bool) -> None:
    from pilothouse.cli import tables

    if as_json:
        tables.document(items)
        return
    rows = [
        (
            item["email"] or item["id"],
            item["name"],
            item["status"],
            ", ".join(item["roles"]) or "none",
            "yes" if item["second_factor"] else "no",
            (item["last_signed_in_at"] or "never")[:16].replace("T", " "),
        )
        for item in items
    ]
    tables.listed(
        ("who", "name", "status", "roles", "2nd factor", "last signed in"),
        rows,
        "Nobody yet. Invite somebody: pilothouse people invite EMAIL --role admin",
        whole=("who",),
        styles=("dim" if item["status"] != "active" else None for item in items),
    )
