"""`pilothouse tenants`: who there is, who is served, and how one leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from pilothouse.cli.tenanting import Tenanting

cli = typer.Typer(help="Tenants: who there is, who is served, and how one leaves.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The tenant's id.", metavar="ID")]


@cli.command("list")
def show_all(context: typer.Context, as_json: Json = False) -> None:
    """List tenants.

    Example: pilothouse tenants list --json
    """
    _tell(_ask(context, lambda tenants: tenants.all()), as_json=as_json)


@cli.command()
def create(
    context: typer.Context,
    tenant: Id,
    name: Annotated[str | None, typer.Option(help="What it is called (default: its id).")] = None,
    as_json: Json = False,
) -> None:
    """Make a tenant. An id is never given twice.

    Example: pilothouse tenants create acme --name "Acme Ltd"
    """
    _tell([_ask(context, lambda tenants: tenants.create(tenant, name or tenant))], as_json=as_json)


@cli.command()
def show(context: typer.Context, tenant: Id, as_json: Json = False) -> None:
    """Show a tenant."""
    _tell([_ask(context, lambda tenants: tenants.show(tenant))], as_json=as_json)


@cli.command()
def rename(
    context: typer.Context,
    tenant: Id,
    name: Annotated[str, typer.Argument(help="What it is called from now on.")],
) -> None:
    """Give a tenant another name; its id stays."""
    _tell([_ask(context, lambda tenants: tenants.rename(tenant, name))])


@cli.command()
def suspend(context: typer.Context, tenant: Id) -> None:
    """Let nobody of a tenant in, and start none of its runs, until it is resumed.

    Example: pilothouse tenants suspend acme
    """
    _tell([_ask(context, lambda tenants: tenants.turn(tenant, "suspend"))])


@cli.command()
def resume(context: typer.Context, tenant: Id) -> None:
    """Serve a suspended tenant again; what was held goes on."""
    _tell([_ask(context, lambda tenants: tenants.turn(tenant, "resume"))])


@cli.command()
def export(
    context: typer.Context,
    tenant: Id,
    to: Annotated[Path, typer.Option("--to", help="The file to write, a tar archive.")],
    as_json: Json = False,
) -> None:
    """Write all that there is of a tenant into a file: JSON lines, files, and a manifest with digests.

    Example: pilothouse tenants export acme --to acme.tar
    """

    async def work(tenants: Tenanting) -> dict[str, Any]:
        job = await _followed(tenants.follow(tenant, "export"))
        await _written(tenants.content(tenant, job["id"]), to)
        return job

    job = _ask(context, work)
    report = job["report"]
    if as_json:
        _tell([job], as_json=True)
        return
    rows = sum(report["tables"].values())
    typer.echo(f"{to}: {rows:,} rows of {len(report['tables'])} tables, {report['files']['count']:,} files")
    for what in report["damaged"]:
        typer.echo(f"damaged: {what}", err=True)


@cli.command()
def erase(
    context: typer.Context,
    tenant: Id,
    confirm: Annotated[
        str | None, typer.Option("--confirm", help="The tenant's id again; asked for where it is not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Erase a suspended tenant, for ever: its keys are destroyed, its rows and files removed.

    The bytes of its journal stay, and prove what happened. Payloads of workflows that are not personal are
    not sealed: whoever may read the database still can. Backups stay as they are. There is no way back.

    Example: pilothouse tenants erase acme --confirm acme
    """
    typed = confirm
    if typed is None:
        typer.echo(LEFT_BY_AN_ERASURE.format(tenant=tenant), err=True)
        typed = typer.prompt(f"Type {tenant} to erase it for ever", err=True)
    job = _ask(context, lambda tenants: _followed(tenants.follow(tenant, "erase", confirm=typed)))
    if as_json:
        _tell([job], as_json=True)
        return
    report = job["report"]
    for table, count in report["rows_removed"].items():
        typer.echo(f"removed  {count:>9,}  {table}")
    typer.echo(f"removed  {report['contents_removed']:>9,}  files and large payloads")
    for table, kept in report["rows_kept"].items():
        typer.echo(f"kept     {kept['rows']:>9,}  {table}: {kept['reason']}")
        if "readable" in kept:
            typer.echo(f"of them  {kept['readable']:>9,}  entries whose payload can still be read")


LEFT_BY_AN_ERASURE = """\
Gone for ever: the keys of {tenant}, and so all that was sealed; its people, keys, schedules, questions,
labels and uploads; the bytes of its artifacts and of large payloads.
What stays: the journal's bytes (payloads of workflows that are not personal can still be read in the
database), ids, workflows and times of its runs, the report of this erasure, the id {tenant}, and backups
made before."""


def _ask(context: typer.Context, work: Callable[[Tenanting], Awaitable[Any]]) -> Any:
    from pilothouse.cli import opening
    from pilothouse.cli.tenanting import opened

    async def do() -> Any:
        async with opened(opening.Options(**context.obj)) as tenants:
            return await work(tenants)

    return opening.run(do)


async def _followed(jobs: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    """The job once it is done; how far it is stands on the terminal meanwhile. Raises `JobFailed`."""
    from rich.console import Console

    from pilothouse.cli.tenanting import assert_done

    console, job = Console(stderr=True), dict[str, Any]()
    with console.status("waiting") as status:
        async for job in jobs:
            status.update(f"{job['stage'] or job['status']}: {job['done']:,}")
    assert_done(job)
    return job


async def _written(pieces: AsyncIterator[bytes], to: Path) -> None:
    """Write a file that only its owner reads; it has its name once it is whole."""
    import os

    part = to.with_name(f"{to.name}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
        async for piece in pieces:
            file.write(piece)
    part.replace(to)


def _tell(items: Sequence[dict[str, Any]], *, as_json: bool = False) -> None:
    if as_json:
        tables.document(items if len(items) != 1 else items[0])
        return
    styles = {"suspended": "yellow", "erased": "dim"}
    tables.listed(
        ("id", "name", "status", "since"),
        [(item["id"], item["name"], item["status"], item["created_at"][:10]) for item in items],
        "There are none.",
        whole=("id",),
        styles=(styles.get(item["status"]) for item in items),
    )
