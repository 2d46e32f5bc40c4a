"""The database: whose rights statements have, who sees whose rows, and how it is reached."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from psycopg.conninfo import conninfo_to_dict

from pilothouse.kit.access import APP, ENGINE, ROLES
from pilothouse.kit.scope import Scope
from pilothouse.readiness import repository
from pilothouse.readiness.installation import Installation
from pilothouse.readiness.schemas import Line, failed, passed, warned

NOBODY = "-nobody"
"""A tenant that there is not, and that nobody can make: an id begins with a letter."""

OLDEST = 15
"""The oldest major version of PostgreSQL that Pilothouse works with."""


async def database_lines(installation: Installation) -> AsyncIterator[Line]:
    """Lines about the server, this process's login, the roles and row-level security."""
    async with installation.database.maintenance() as session:
        server = await repository.server(session)
        login = await repository.login(session)
        unbound = await repository.unbound(session)
        unguarded = await repository.unguarded(session)
        tables = await repository.tables_of_tenants(session)
        shown = await repository.tables_shown(session)
        limits = await repository.limits(session)
    async with installation.database.session(Scope(NOBODY, "doctor")) as session:
        seen = await repository.seen_in(session, shown)
    embedded = installation.settings.database_url is None
    yield _server(server, embedded=embedded)
    yield _login(login, embedded=embedded)
    yield _roles(unbound, login.lacks)
    yield _rows(unguarded, seen, tables)
    yield _way(login, installation)
    if limits:
        yield passed("run limits", f"{limits} are set.")
    else:
        todo = "`pilothouse limits set --each-tenant --concurrency 20`"
        yield warned("run limits", "None is set: one tenant can take every worker.", todo)


def _server(server: repository.Server, *, embedded: bool) -> Line:
    name = "database server"
    if server.version < OLDEST:
        return failed(name, f"PostgreSQL {server.version}", f"Use PostgreSQL {OLDEST} or newer.")
    if not (server.fsync and server.full_page_writes):
        return failed(name, "A crash can destroy it.", "Set fsync and full_page_writes on.")
    if embedded:
        return warned(
            name,
            f"PostgreSQL {server.version}, embedded: it is as safe as this machine is.",
            "Set PILOTHOUSE_DATABASE_URL to a server with a standby; docs/guides/network.md tells how.",
        )
    return passed(name, f"PostgreSQL {server.version}, {server.max_connections} connections at most.")


def _login(login: repository.Login, *, embedded: bool) -> Line:
    name = "database login"
    powers = [
        said for said, has in (("a superuser", login.is_superuser), ("above RLS", login.bypasses)) if has
    ]
    if login.owns:
        powers.append(f"the owner of {login.owns} tables, which row-level security does not bind")
    elif login.becomes_owner:
        powers.append(f"a member of {login.owner}, which owns the tables")
    if not powers:
        return passed(
            name, f"{login.name} is no superuser, bound, and not {login.owner}, who owns the tables."
        )
    found = f"{login.name} is {', '.join(powers)}."
    if embedded:
        return warned(name, found, "That is so for the embedded server, which this user of the system owns.")
    todo = [repository.bound(login.name)] if login.is_superuser or login.bypasses else []
    if login.owns or login.becomes_owner:
        todo.append(
            "Serve with a login of its own, and name the owner in PILOTHOUSE_DATABASE_OWNER_URL: "
            "docs/guides/tenants.md, Three logins."
        )
    return failed(name, found, " ".join(todo))


def _rows(unguarded: Sequence[str], seen: Sequence[str], tables: int) -> Line:
    """Whether the rules are there, and whether they keep a stranger from seeing anything."""
    name, todo = "row-level security", "`pilothouse db migrate`"
    if unguarded:
        return failed(name, f"It does not hold for {', '.join(unguarded[:10])}.", todo)
    if seen:
        return failed(name, f"A tenant that there is not sees rows in {', '.join(seen[:10])}.", todo)
    return passed(name, f"It holds for each of {tables} tables: a tenant that there is not sees no row.")


def _roles(unbound: dict[str, bool], lacks: Sequence[str] = ()) -> Line:
    name = "database roles"
    missing = [role for role in ROLES if role not in unbound]
    if missing:
        return failed(name, f"There is no {', '.join(missing)}.", "`pilothouse db migrate`")
    free = [role for role, is_free in unbound.items() if is_free]
    if free:
        todo = " ".join(repository.bound(role) for role in free)
        return failed(name, f"Row-level security does not bind {', '.join(free)}.", todo)
    if lacks:
        todo = "An administrator grants them to the login: docs/guides/tenants.md, Three logins."
        return failed(name, f"The login may not act as {', '.join(lacks)}.", todo)
    return passed(
        name, f"Requests act as {APP}, which row-level security binds; runs with the rights of {ENGINE}."
    )


def _way(login: repository.Login, installation: Installation) -> Line:
    name = "way to the database"
    host = conninfo_to_dict(installation.direct).get("host", "")
    if not login.over_network or host in {"127.0.0.1", "::1", "localhost"}:
        return passed(name, "It stays on this machine.")
    if not login.encrypted:
        return failed(name, "It is not encrypted.", "Add sslmode=verify-full to PILOTHOUSE_DATABASE_URL.")
    mode = conninfo_to_dict(installation.direct).get("sslmode", "prefer")
    if mode not in {"verify-full", "verify-ca"}:
        todo = "Set sslmode=verify-full and sslrootcert in PILOTHOUSE_DATABASE_URL."
        return warned(name, f"It is encrypted, and nobody checks to whom (sslmode={mode}).", todo)
    return passed(name, f"It is encrypted (sslmode={mode}).")
