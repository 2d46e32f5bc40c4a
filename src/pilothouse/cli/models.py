"""`pilothouse models`: which models stand behind aliases, and whether they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from pilothouse.cli.opening import Here, Options
    from pilothouse.cli.remote import RemoteClient

cli = typer.Typer(help="Models: aliases, prices, providers, and whether they answer.", no_args_is_help=True)

Alias = Annotated[str, typer.Argument(help="The alias, such as default.")]
Tenant = Annotated[str | None, typer.Option(help="For this tenant. Default: the home tenant.")]


@cli.command("list")
def show(context: typer.Context, tenant: Tenant = None, as_json: Json = False) -> None:
    """List the aliases with their models and prices, and the providers.

    Example: pilothouse models list
    """
    found = _ask(context, tenant, "list")
    from pilothouse.cli import tables

    if as_json:
        tables.document(found)
        return
    rows = [
        (item["alias"], model["id"], _priced(model), "tenant" if item["own"] else "settings")
        for item in found["items"]
        for model in item["models"]
    ]
    tables.listed(["ALIAS", "MODEL", "$ A MILLION IN / OUT", "SET BY"], rows, "No alias stands for a model.")
    for provider in found["providers"]:
        state = (
            "takes no key" if provider["keyless"] else "has a key" if provider["has_key"] else "has no key"
        )
        typer.echo(f"{provider['name']} ({provider['kind']}): {state}")


@cli.command("set")
def put(
    context: typer.Context,
    alias: Alias,
    models: Annotated[list[str], typer.Argument(help="Models as provider:name; the first is tried first.")],
    tenant: Tenant = None,
) -> None:
    """Put models behind an alias for the tenant, in the place of what settings say.

    Example: pilothouse models set fast openai:gpt-5-mini anthropic:claude-haiku-4-5
    """
    made = _ask(context, tenant, "set", alias, models)
    typer.echo(f"{alias}: {', '.join(model['id'] for model in made['models'])}")


@cli.command()
def unset(context: typer.Context, alias: Alias, tenant: Tenant = None) -> None:
    """Take back what the tenant has put behind an alias.

    Example: pilothouse models unset fast
    """
    _ask(context, tenant, "unset", alias)
    typer.echo(f"{alias}: as settings say")


@cli.command()
def clear(
    context: typer.Context,
    agent: Annotated[str | None, typer.Option(help="Of this agent only.")] = None,
    tenant: Tenant = None,
) -> None:
    """Forget the answers of models that are kept for the cache rung.

    Example: pilothouse models clear --agent triage
    """
    done = _ask(context, tenant, "clear", agent)
    typer.echo(f"forgotten: {done['answers']} answers")


@cli.command("try")
def attempt(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="An alias, or a model as provider:name.")] = "default",
) -> None:
    """Send one small request to each model behind an alias: what it took, in time, tokens and money.

    It is sent from this machine, with its settings and keys, and counts towards no budget.

    Example: pilothouse models try fast
    """
    from pilothouse.cli import opening
    from pilothouse.cli.trying import tried

    options = opening.Options(**context.obj)
    failed = False
    for line, worked in opening.run(lambda: tried(options, model)):
        typer.echo(line)
        failed |= not worked
    if failed:
        raise typer.Exit(1)


def _state(provider: dict[str, Any]) -> str:
    if provider["keyless"]:
        return "takes no key"
    return "has a key" if provider["has_key"] else "has no key"


def _priced(model: dict[str, Any]) -> str:
    if model["input_price"] is None:
        return "unknown" if model["known"] else "unknown provider"
    return f"{model['input_price']} / {model['output_price']}"


def _ask(context: typer.Context, tenant: str | None, what: str, *given: Any) -> dict[str, Any]:
    from pilothouse.cli import opening

    return opening.run(lambda: _done(opening.Options(**context.obj), tenant, what, given))


async def _done(options: Options, tenant: str | None, what: str, given: tuple[Any, ...]) -> dict[str, Any]:
    """Have it done by the server or here."""
    from pilothouse.cli.opening import either

    return await either(
        options, tenant, lambda here: _here(here, what, given), lambda client: _there(client, what, given)
    )


async def _there(client: RemoteClient, what: str, given: tuple[Any, ...]) -> dict[str, Any]:
    if what == "list":
        return dict(await client.ask("GET", "/models"))
    if what == "clear":
        named = {} if given[0] is None else {"agent": given[0]}
        return dict(await client.ask("DELETE", "/answers", params=named))
    if what == "set":
        return dict(await client.ask("PUT", f"/models/{given[0]}", json={"models": given[1]}))
    return dict(await client.ask("DELETE", f"/models/{given[0]}"))


async def _here(here: Here, what: str, given: tuple[Any, ...]) -> dict[str, Any]:
    from pilothouse.agents.answers import AnswerBook
    from pilothouse.agents.repository import AnswerRepository
    from pilothouse.llm.book import model_book
    from pilothouse.llm.schemas import AliasTerms

    async with here.database.session(here.scope) as session:
        if what == "clear":
            answers = AnswerBook(AnswerRepository(session, here.scope))
            return (await answers.clear(given[0])).model_dump(mode="json")
        book = model_book(here.parts.settings, here.parts.secrets, session, here.scope)
        if what == "list":
            return (await book.all()).model_dump(mode="json")
        if what == "set":
            made = await book.put(given[0], AliasTerms(models=given[1]))
        else:
            made = await book.remove(given[0])
        return made.model_dump(mode="json")
