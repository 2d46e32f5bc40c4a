"""`pilothouse gateway`: answers of models that are kept for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from pilothouse.cli.opening import Here, Options

cli = typer.Typer(
    help="The gateway, to which clients of OpenAI, Anthropic and AWS come.", no_args_is_help=True
)
cache = typer.Typer(help="Answers of models that are kept for a while.", no_args_is_help=True)
cli.add_typer(cache, name="cache")


@cache.command()
def show(context: typer.Context, tenant: Tenant = None, as_json: Json = False) -> None:
    """Show what is kept, and of a server how often an answer was found.

    Example: pilothouse gateway cache show
    """
    _tell(_ask(context, tenant, "GET"), as_json=as_json)


@cache.command()
def clear(context: typer.Context, tenant: Tenant = None, as_json: Json = False) -> None:
    """Let go of all answers that are kept of a tenant.

    Example: pilothouse gateway cache clear
    """
    _tell(_ask(context, tenant, "DELETE"), as_json=as_json)


def _ask(context: typer.Context, tenant: str | None, method: str) -> dict[str, Any]:
    from pilothouse.cli import opening

    return opening.run(lambda: done(opening.Options(**context.obj), tenant, method))


async def done(options: Options, tenant: str | None, method: str) -> dict[str, Any]:
    """Have it done by the server or here; returns what the API would answer."""
    from pilothouse.cli.opening import either

    return await either(
        options,
        tenant,
        lambda found: here(found, method),
        lambda client: client.ask(method, "/model-cache"),
    )


async def here(on: Here, method: str) -> dict[str, Any]:
    """Do it on this machine's database, as an admin of the tenant."""
    from pilothouse.kit.clock import SystemClock
    from pilothouse.protocols.openai.repository import AnswerRepository
    from pilothouse.protocols.openai.service import KeptAnswers
    from pilothouse.protocols.openai.shared import RedisStore

    settings, clock = on.parts.settings, SystemClock()
    url = settings.redis_url if settings.gateway.cache_store == "redis" else None
    shared = RedisStore(url.get_secret_value(), clock) if url is not None else None
    try:
        async with on.database.session(on.scope) as session:
            repository = AnswerRepository(session, on.scope)
            kept = KeptAnswers(repository, on.scope, settings.gateway, clock, on.parts.ids, shared=shared)
            found = await (kept.show() if method == "GET" else kept.clear())
            return found.model_dump(mode="json")
    finally:
        if shared is not None:
            await shared.close()


def _tell(found: dict[str, Any], *, as_json: bool) -> None:
    from pilothouse.cli import tables

    if as_json:
        tables.document(found)
        return
    for name, value in found.items():
        typer.echo(f"{name}: {'' if value is None else value}")
