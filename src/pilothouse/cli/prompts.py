"""`pilothouse prompts`: what models are told, in versions. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pilothouse.cli.prompting import Prompting
    from pilothouse.prompts.book_schemas import VersionUse
    from pilothouse.prompts.schemas import Rendered, TestedPrompt

T = TypeVar("T")

cli = typer.Typer(
    help="Prompts: versions, labels that say which is used, diffs, previews and tests.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The prompt's name: support/triage.", metavar="NAME")]
Ref = Annotated[
    str, typer.Option("--version", help="A version's number, a label, or file.", metavar="VERSION")
]
USED = ("version", "calls", "errors", "valid", "repairs", "tokens", "cost", "p50", "p95", "rating")
Note = Annotated[str, typer.Option("--note", "-m", help="Why.")]
Label = Annotated[str, typer.Argument(help="The label: production, candidate or your own.", metavar="LABEL")]


@cli.command("list")
def list_prompts(context: typer.Context, tenant: Tenant = None, as_json: Json = False) -> None:
    """List the prompts: those that applications ship, and your own.

    Example: pilothouse prompts list
    """

    async def work(prompts: Prompting) -> None:
        from pilothouse.cli.client import every
        from pilothouse.prompts.book_schemas import PromptQuery

        found = await every(lambda which: prompts.page(PromptQuery.model_validate(which)))
        if as_json:
            tables.document([item.model_dump(mode="json") for item in found])
            return
        rows = [
            (
                *(item.name, item.app or "-", item.production or "-", str(item.latest or "-")),
                ", ".join(f"{label}={at}" for label, at in item.labels.items()) or "-",
            )
            for item in found
        ]
        nothing = "No prompts. Make one: pilothouse prompts create NAME FILE"
        tables.listed(("prompt", "shipped by", "production", "newest", "labels"), rows, nothing)

    _run(context, tenant, work)


@cli.command()
def show(
    context: typer.Context,
    name: Name,
    version: Ref = "production",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Show a prompt, and one of its versions (default: the one in production).

    Example: pilothouse prompts show support/triage --version candidate
    """

    async def work(prompts: Prompting) -> None:
        told, found = await prompts.show(name), await prompts.version(name, version)
        if as_json:
            tables.document(
                {"prompt": told.model_dump(mode="json"), "version": found.model_dump(mode="json")}
            )
            return
        labels = [f"{one.label} -> {one.version}" for one in told.pointers]
        tables.facts(
            [
                ("prompt", f"{told.name}, version {found.id}"),
                ("about", found.head.description),
                ("shipped by", told.app or ""),
                ("labels", ", ".join(labels)),
                (
                    "made by",
                    f"{found.made_by}, {found.created_at:%Y-%m-%d %H:%M}" if found.created_at else "",
                ),
                ("note", found.note),
                ("digest", found.digest),
            ]
        )
        typer.echo("")
        typer.echo(found.text.rstrip())

    _run(context, tenant, work)


@cli.command()
def versions(context: typer.Context, name: Name, tenant: Tenant = None, as_json: Json = False) -> None:
    """List your own versions of a prompt, the newest first, and what calls with each version came to.

    Example: pilothouse prompts versions support/triage
    """

    async def work(prompts: Prompting) -> None:
        from pilothouse.cli.client import every
        from pilothouse.prompts.book_schemas import VersionQuery

        found = await every(lambda which: prompts.versions(name, VersionQuery.model_validate(which)))
        if as_json:
            tables.document([item.model_dump(mode="json") for item in found])
            return
        rows = [
            (
                *(item.id, ", ".join(item.labels) or "-", item.digest[:12], item.made_by or "-"),
                *(f"{item.created_at:%Y-%m-%d %H:%M}" if item.created_at else "-", item.note or "-"),
            )
            for item in found
        ]
        nothing = "No versions of your own: what the application ships is used."
        tables.listed(("version", "labels", "digest", "by", "at", "note"), rows, nothing)
        if used := (await prompts.show(name)).used:
            typer.echo()
            tables.listed(USED, [_used(one) for one in used], "")

    _run(context, tenant, work)


@cli.command()
def create(
    context: typer.Context,
    name: Name,
    file: Annotated[Path, typer.Argument(help="The file: a head in YAML, and the body in Markdown.")],
    *,
    tests: Annotated[
        Path | None, typer.Option(help="Its tests (default: FILE.tests.yaml beside it).")
    ] = None,
    note: Note = "",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Make a version of a file. It is used once a label points to it.

    Example: pilothouse prompts create support/triage triage.md --note "Shorter"
    """

    async def work(prompts: Prompting) -> None:
        from pilothouse.cli.opening import sensible
        from pilothouse.cli.prompting import source_of
        from pilothouse.prompts.book_schemas import NewPromptVersion

        source = source_of(file, tests)
        with sensible():
            wanted = NewPromptVersion(text=source.text, tests=source.tests, note=note)
        made = await prompts.create(name, wanted)
        if as_json:
            tables.document(made)
            return
        typer.echo(f"{name}: version {made.id} ({made.digest[:12]})")
        typer.echo(f"use it: pilothouse prompts label {name} production {made.id}")

    _run(context, tenant, work)


@cli.command()
def label(
    context: typer.Context,
    name: Name,
    label: Label,
    version: Annotated[
        str | None, typer.Argument(help="A version's number, or file.", metavar="VERSION")
    ] = None,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Let the label point nowhere.")] = False,
    note: Note = "",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Let a label point to a version whose tests pass: everywhere within a second.

    Example: pilothouse prompts label support/triage production 3 --note "Agreed with support"
    """
    if remove == (version is not None):
        raise typer.BadParameter("Name a version, or say --remove.")

    async def work(prompts: Prompting) -> None:
        from pilothouse.cli.opening import sensible
        from pilothouse.prompts.book_schemas import LabelMove

        if version is None:
            await prompts.remove(name, label)
            typer.echo(f"{name}: {label} points nowhere any more")
            return
        with sensible():
            wanted = LabelMove(version=version, note=note)
        moved = await prompts.move(name, label, wanted)
        if as_json:
            tables.document(moved)
        else:
            typer.echo(f"{name}: {label} points to version {moved.version}")

    _run(context, tenant, work)


@cli.command()
def rollback(
    context: typer.Context,
    name: Name,
    label: Annotated[str, typer.Option(help="The label that goes back.")] = "production",
    note: Note = "",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Let a label point to where it did before: everywhere within a second. Once more goes back further.

    Example: pilothouse prompts rollback support/triage
    """

    async def work(prompts: Prompting) -> None:
        from pilothouse.cli.opening import sensible
        from pilothouse.prompts.book_schemas import LabelRollback

        with sensible():
            wanted = LabelRollback(label=label, note=note)
        found = await prompts.rollback(name, wanted)
        if as_json:
            tables.document(found)
            return
        now = found.production if label == "production" else found.labels.get(label)
        typer.echo(f"{name}: {label} points to {f'version {now}' if now else 'nothing'} again")

    _run(context, tenant, work)


@cli.command()
def history(context: typer.Context, name: Name, tenant: Tenant = None, as_json: Json = False) -> None:
    """List who moved which label from where to where, and why; the newest move first.

    Example: pilothouse prompts history support/triage
    """

    async def work(prompts: Prompting) -> None:
        from pilothouse.cli.client import every
        from pilothouse.prompts.book_schemas import VersionQuery

        found = await every(lambda which: prompts.moves(name, VersionQuery.model_validate(which)))
        if as_json:
            tables.document([item.model_dump(mode="json") for item in found])
            return
        rows = [
            (
                *(f"{item.at:%Y-%m-%d %H:%M}", item.label, item.kind.replace("_", " ")),
                *(item.before or "-", item.after or "-", item.made_by, item.note or "-"),
            )
            for item in found
        ]
        tables.listed(("at", "label", "was", "from", "to", "by", "note"), rows, "No label was ever moved.")

    _run(context, tenant, work)


@cli.command()
def diff(
    context: typer.Context,
    name: Name,
    before: Annotated[str, typer.Argument(help="A version's number, a label, or file.", metavar="BEFORE")],
    after: Annotated[str, typer.Argument(help="Another one.", metavar="AFTER")],
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Show what differs between two versions, in head and body.

    Example: pilothouse prompts diff support/triage production 4
    """

    async def work(prompts: Prompting) -> None:
        found = await prompts.diff(name, before, after)
        if as_json:
            tables.document(found)
        elif not found.head and not found.body:
            typer.echo("The versions do not differ.")
        else:
            for line in [*found.head.splitlines(), *found.body.splitlines()]:
                _coloured(line)

    _run(context, tenant, work)


@cli.command("render")
def render_prompt(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="The prompt's name, or a file that ends in .md.", metavar="NAME|FILE")
    ],
    *,
    var: Annotated[list[str] | None, typer.Option(help="name=value. May be repeated.")] = None,
    variables: Annotated[str | None, typer.Option(help="All as JSON, or @ and a file's name.")] = None,
    version: Ref = "production",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Show what a model would be sent. No model is asked.

    Example: pilothouse prompts render support/triage --var ticket="Where is my parcel?" --var tone=calm
    """
    if name.endswith(".md"):
        from pilothouse.cli.prompting import rendered_here

        _show(rendered_here(Path(name), var or (), variables), as_json=as_json)
        return

    async def work(prompts: Prompting) -> None:
        from pilothouse.cli.prompting import values, wanted

        found = await prompts.version(name, version)
        given = values(found.head.variables, var or (), variables)
        _show(await prompts.render(name, wanted(version, given)), as_json=as_json)

    _run(context, tenant, work)


@cli.command("test")
def run_tests(
    context: typer.Context,
    which: Annotated[
        str | None, typer.Argument(help="A folder or a prompt's name (default: all that is shipped).")
    ] = None,
    version: Ref = "production",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Run the tests that lie beside prompts; 1 is the exit code where one fails. No model is asked.

    Example: pilothouse prompts test prompts/
    """
    from pilothouse.cli import opening
    from pilothouse.cli.prompting import tested_here

    if which is None or Path(which).is_dir():
        folder = None if which is None else Path(which)
        _tell(tested_here(opening.Options(**context.obj), folder), as_json=as_json)
        return
    name = which

    async def work(prompts: Prompting) -> Sequence[TestedPrompt]:
        return (await prompts.test(name, version)).tests

    _tell(_run(context, tenant, work), as_json=as_json)


@cli.command()
def export(
    context: typer.Context,
    name: Name,
    version: Ref = "production",
    out: Annotated[Path | None, typer.Option(help="A folder for the file and its tests.")] = None,
    tenant: Tenant = None,
) -> None:
    """Print a version as the file that it was made of, or write it with its tests to a folder.

    Example: pilothouse prompts export support/triage --out prompts/
    """

    async def work(prompts: Prompting) -> None:
        found = await prompts.version(name, version)
        if out is None:
            typer.echo(found.text, nl=not found.text.endswith("\n"))
            return
        file = out / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        written = {file: found.text, file.with_name(f"{file.stem}.tests.yaml"): found.tests}
        for path, text in written.items():
            if text:
                path.write_text(text, "utf-8")
                typer.echo(f"wrote {path}")

    _run(context, tenant, work)


def _used(one: VersionUse) -> tuple[str, ...]:
    """What came of a version in the last 30 days, as a row under `USED`."""
    judged = one.valid + one.invalid
    times = [f"{ms:,.0f} ms" if ms is not None else "-" for ms in (one.latency_p50_ms, one.latency_p95_ms)]
    return (
        *(one.version, f"{one.calls:,}", f"{one.errors:,}", f"{one.valid / judged:.0%}" if judged else "-"),
        *(f"{one.repairs:,}", f"{one.input_tokens + one.output_tokens:,}", f"{one.cost} USD", *times),
        f"{one.rating:+.2f} of {one.ratings:,}" if one.rating is not None else "-",
    )


def _run(context: typer.Context, tenant: str | None, work: Callable[[Prompting], Awaitable[T]]) -> T:
    from pilothouse.cli import opening
    from pilothouse.cli.prompting import opened

    async def main() -> T:
        async with opened(opening.Options(**context.obj), tenant) as prompts:
            return await work(prompts)

    return opening.run(main)


def _show(found: Rendered, *, as_json: bool) -> None:
    if as_json:
        tables.document(found)
        return
    for role, text in [("system", found.system), *((one.role, one.text) for one in found.messages)]:
        if text:
            typer.secho(f"--- {role}", dim=True)
            typer.echo(text)
    typer.secho(f"--- about {found.tokens:,} tokens", dim=True)


def _tell(found: Sequence[TestedPrompt], *, as_json: bool) -> None:
    failed = [test for test in found if test.failure is not None]
    if as_json:
        tables.document([test.model_dump(mode="json") for test in found])
    else:
        for test in failed:
            typer.echo(f"{test.prompt}, {test.name}: {test.failure}")
        typer.echo(f"{len(found) - len(failed)} of {len(found)} tests pass." if found else "No tests.")
    if failed:
        raise typer.Exit(1)


def _coloured(line: str) -> None:
    colour = {"+": typer.colors.GREEN, "-": typer.colors.RED, "@": typer.colors.CYAN}.get(line[:1])
    typer.secho(line, fg=colour)
