"""`pilothouse vault`: the keys that personal data is sealed with, turning them over, and how far that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pilothouse.vault.schemas import PartProgress, TenantVault
    from pilothouse.vault.service import Vault

cli = typer.Typer(
    help="Keys that personal data is sealed with: one for each tenant, wrapped by the installation's.",
    no_args_is_help=True,
    epilog="Example: pilothouse vault rotate --tenant default",
)

Tenant = Annotated[str, typer.Option(help="The tenant's id.")]


@cli.command()
def status(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.")] = None,
    as_json: Json = False,
) -> None:
    """Show the keys of tenants, what wraps them, and how far values are sealed with the newest.

    Example: pilothouse vault status --tenant default
    """

    async def work(vault: Vault) -> None:
        found = [item for item in await vault.status(tenant) if item.keys]
        if as_json:
            tables.document([item.model_dump(mode="json") for item in found])
        else:
            _table(found)

    _run(context, work)


@cli.command()
def rotate(context: typer.Context, tenant: Tenant, as_json: Json = False) -> None:
    """Make a tenant's next key. What older keys have sealed stays readable; workers seal it anew.

    Example: pilothouse vault rotate --tenant default
    """

    async def work(vault: Vault) -> None:
        version = await vault.rotate(tenant)
        if as_json:
            tables.document({"tenant_id": tenant, "version": version})
        else:
            typer.echo(f"{tenant}: key {version} seals from now on; see `pilothouse vault status`")

    _run(context, work)


@cli.command()
def reencrypt(context: typer.Context, tenant: Tenant, as_json: Json = False) -> None:
    """Seal what older keys of a tenant have sealed with the newest, now, and show how far it is.

    Stopped with Ctrl-C, it goes on from there the next time, here or in a worker.

    Example: pilothouse vault reencrypt --tenant default
    """

    async def work(vault: Vault) -> None:
        from contextlib import aclosing

        from pilothouse.vault.resealing import Resealing

        ended: list[PartProgress] = []
        async with aclosing(Resealing(vault).all(tenant)) as batches:
            async for told in batches:
                if told.ended_at is not None:
                    ended.append(told)
                if not as_json:
                    typer.echo(_line(told))
        if as_json:
            tables.document([item.model_dump(mode="json") for item in ended])
        elif not ended:
            typer.echo(f"{tenant}: everything is sealed with the newest key")

    _run(context, work)


@cli.command()
def rewrap(context: typer.Context, as_json: Json = False) -> None:
    """Wrap the keys of all tenants with the master key of now, after another one was set.

    Example: pilothouse vault rewrap
    """

    async def work(vault: Vault) -> None:
        done = await vault.rewrap()
        if as_json:
            tables.document(done.model_dump(mode="json"))
        else:
            typer.echo(f"keys wrapped anew: {done.keys}")

    _run(context, work)


def _run(context: typer.Context, work: Callable[[Vault], Awaitable[None]]) -> None:
    from pilothouse.cli import opening

    async def main() -> None:
        from pilothouse.errors import InvalidInput

        options = opening.Options(**context.obj)
        if options.server is not None:
            raise InvalidInput(
                "Keys are not looked after over a network.",
                hint="Run this on a machine of the installation, without --server.",
            )
        async with opening.on_this_machine(options) as here:
            await work(here.parts.vault)

    opening.run(main)


def _line(told: PartProgress) -> str:
    total = "?" if told.total is None else str(max(told.total, told.seen))
    wrong = f", {told.unreadable} unreadable" if told.unreadable else ""
    return f"{told.part}: {told.seen} of {total} seen, {told.resealed} sealed anew{wrong}"


def _table(found: Sequence[TenantVault]) -> None:
    rows = [
        (
            item.tenant_id if position == 0 else "",
            "index" if key.version == 0 else str(key.version),
            key.status,
            key.wrapping,
            f"{key.created_at:%Y-%m-%d %H:%M}",
        )
        for item in found
        for position, key in enumerate(item.keys)
    ]
    tables.listed(("tenant", "key", "status", "wrapped by", "made"), rows, "Nothing is sealed yet.")
    for item in found:
        for told in item.progress:
            typer.echo(f"{item.tenant_id}: {_line(told)}, {'through' if told.ended_at else 'under way'}")
