"""`pilothouse retention`: how long finished runs are kept. Nothing heavy is imported here."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pilothouse.cli.retaining import Retaining
    from pilothouse.retention.schemas import Estimate

cli = typer.Typer(
    help="How long finished runs are kept. Without a rule: for ever.",
    no_args_is_help=True,
    epilog="Example: pilothouse retention set mlops --days 90 --keep run",
)

Workflow = Annotated[str, typer.Argument(help="A workflow's name, or * for those without a rule.")]


class Kept(StrEnum):
    """What stays of a run."""

    EVERYTHING = "everything"
    RUN = "run"
    NOTHING = "nothing"


@cli.command("list")
def list_rules(context: typer.Context, as_json: Json = False) -> None:
    """List the rules, and what they have removed so far.

    Example: pilothouse retention list
    """

    async def work(retaining: Retaining) -> None:
        found = await retaining.rules()
        if as_json:
            tables.document([rule.model_dump(mode="json") for rule in found])
            return
        rows = [
            (
                *(rule.workflow, str(rule.days), rule.keep.value),
                *(f"{rule.last_at:%Y-%m-%d %H:%M}" if rule.last_at else "-", f"{rule.runs:,}"),
                f"{rule.artifacts:,}",
            )
            for rule in found
        ]
        titles = ("workflow", "days", "then keeps", "last applied", "removed runs", "artifacts")
        tables.listed(titles, rows, "No rules: finished runs are kept for ever.")

    _run(context, work)


@cli.command("set")
def set_rule(
    context: typer.Context,
    workflow: Workflow,
    days: Annotated[
        int, typer.Option(min=1, max=36_500, help="Days for which a finished run is kept whole.")
    ],
    keep: Annotated[Kept, typer.Option(help="What stays of it afterwards.")] = Kept.NOTHING,
) -> None:
    """Make or change a rule.

    Open runs, runs that were forked and what an open run continues are never removed.

    Example: pilothouse retention set "*" --days 365
    """

    async def work(retaining: Retaining) -> None:
        from pilothouse.retention.schemas import Keep, RuleEdit

        rule = await retaining.put(workflow, RuleEdit(days=days, keep=Keep(keep.value)))
        typer.echo(f"{_whose(rule.workflow)}: whole for {rule.days} days, then {rule.keep.value}")

    _run(context, work)


@cli.command("remove")
def remove_rule(context: typer.Context, workflow: Workflow) -> None:
    """Remove a rule; its runs fall under the rule for all others, if there is one.

    Example: pilothouse retention remove mlops
    """

    async def work(retaining: Retaining) -> None:
        await retaining.remove(workflow)
        typer.echo(f"{_whose(workflow)}: no rule any more")

    _run(context, work)


@cli.command("run")
def run_now(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be removed.")] = False,
    as_json: Json = False,
) -> None:
    """Apply the rules now. Workers do so by themselves every hour.

    Example: pilothouse retention run --dry-run
    """

    async def work(retaining: Retaining) -> None:
        found = await retaining.estimates()
        if dry_run:
            _show(found, as_json=as_json)
            return
        expected = sum(item.runs for item in found)
        removed = await _apply(retaining, expected)
        if as_json:
            tables.document({"expected": expected, "removed": removed})
        else:
            typer.echo(f"{removed:,} of about {expected:,} runs removed.")

    _run(context, work)


async def _apply(retaining: Retaining, expected: int) -> int:
    from rich.console import Console

    removed = 0
    with Console(stderr=True).status("") as status:
        async for count in retaining.apply():
            removed += count
            status.update(f"{removed:,} of about {expected:,} runs removed")
    return removed


def _show(found: Sequence[Estimate], *, as_json: bool) -> None:
    if as_json:
        tables.document([item.model_dump(mode="json") for item in found])
        return
    rows = [
        (
            *(item.workflow, f"{item.runs:,}", f"{item.entries:,}"),
            *(f"{item.oldest_at:%Y-%m-%d}" if item.oldest_at else "-", item.keep.value),
        )
        for item in found
    ]
    titles = ("workflow", "would remove runs", "entries", "ended since", "keeps")
    tables.listed(titles, rows, "No rules: nothing would be removed.")


def _whose(workflow: str) -> str:
    return "workflows without a rule" if workflow == "*" else workflow


def _run(context: typer.Context, work: Callable[[Retaining], Awaitable[None]]) -> None:
    from pilothouse.cli import opening
    from pilothouse.cli.retaining import opened

    async def main() -> None:
        async with opened(opening.Options(**context.obj)) as retaining:
            await work(retaining)

    opening.run(main)
