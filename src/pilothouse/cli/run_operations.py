"""The commands that operate on runs: `fork`, `move`, `label`, `stats`, and `cancel` and `retry` of many."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pilothouse.cli.parameters import Json
from pilothouse.errors import InvalidInput

cli = typer.Typer()

Run = Annotated[
    str, typer.Argument(help="The run's id, or the end of it (as shown in lists).", metavar="RUN")
]
OneRun = Annotated[
    str | None, typer.Argument(help="One run, by its id or the end of it; or give a filter.", metavar="[RUN]")
]
Label = Annotated[
    list[str] | None,
    typer.Option("--label", "-l", help="A label, as key=value. May be repeated."),
]
Status = Annotated[
    list[str] | None,
    typer.Option(help="Only runs in this state (waiting, failed, ...). May be repeated."),
]
OfWorkflow = Annotated[str | None, typer.Option("--workflow", help="Only runs of this workflow.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        help="name=value for any other filter: version, principal, schedule_id, has_open_questions, "
        "created_after, finished_before, id_prefix, ... May be repeated.",
    ),
]
All = Annotated[bool, typer.Option("--all", help="Mean every run, where no filter is given.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")]


@cli.command(rich_help_panel="Runs")
def cancel(
    context: typer.Context,
    run_id: OneRun = None,
    status: Status = None,
    workflow: OfWorkflow = None,
    label: Label = None,
    where: Where = None,
    every: All = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Cancel a run, or all open runs that fit a filter.

    Exit codes: 0 done, 1 some of many were refused, 2 usage.

    Example: pilothouse cancel --workflow mlops --status waiting --dry-run
    """
    filter_ = _filter(run_id, status, workflow, label, where)
    if run_id is not None:
        _one(context, "cancel_run", run_id)
    else:
        _many(context, "cancel", {"filter": filter_, "all": every, "dry_run": dry_run}, as_json=as_json)


@cli.command(rich_help_panel="Runs")
def retry(
    context: typer.Context,
    run_id: OneRun = None,
    workflow: OfWorkflow = None,
    label: Label = None,
    where: Where = None,
    every: All = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Queue a failed run again from its failed step, or all failed runs that fit a filter.

    What succeeded stays. To go on from an earlier step, or with another input or answer, `pilothouse fork`
    makes a new run.

    Example: pilothouse retry --workflow mlops --where finished_after=2026-11-20T00:00:00Z
    """
    filter_ = _filter(run_id, None, workflow, label, where)
    if run_id is not None:
        _one(context, "retry_run", run_id)
    else:
        _many(context, "retry", {"filter": filter_, "all": every, "dry_run": dry_run}, as_json=as_json)


@cli.command(rich_help_panel="Runs")
def fork(
    context: typer.Context,
    run_id: Run,
    at: Annotated[
        str | None, typer.Option("--at", help="The first step to execute anew: its key, or the end of it.")
    ] = None,
    text: Annotated[str | None, typer.Option("--input", help="Another input: plain text, or JSON.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--input-file", "-i", help="Read the input from a file (-: standard input)."),
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", "-a", help="Another answer, as key=value. May be repeated."),
    ] = None,
    label: Label = None,
    as_json: Json = False,
) -> None:
    """Make a new run that shares the beginning of another one and goes its own way from a step on.

    The parent may be in any state and is not touched. Steps before the cut are not executed again; tools
    behind it act anew. Without --at: from the first question that is answered otherwise, or from the
    beginning.

    Example: pilothouse fork 1f2e3d4c --at ask:cloud --answer cloud=aws
    """
    from pilothouse.cli import opening, running, steering
    from pilothouse.kit import canonical

    changes: dict[str, Any] = {"answers": running.parse_answers(answer or [])}
    if at is not None:
        changes["at"] = at
    if text is not None or file is not None:
        changes["input"] = canonical.from_json(running.read_input(text, file))
    if label:
        changes["labels"] = running.parse_labels(label)
    opening.run(lambda: steering.fork(opening.Options(**context.obj), run_id, changes, as_json=as_json))


@cli.command(rich_help_panel="Runs")
def move(
    context: typer.Context,
    workflow: Annotated[str, typer.Option("--workflow", help="The workflow.")],
    to: Annotated[int, typer.Option("--to", min=1, help="The version to move to; it is installed here.")],
    version: Annotated[
        int | None, typer.Option("--from", min=1, help="Only runs of this version (default: any other).")
    ] = None,
    status: Status = None,
    label: Label = None,
    where: Where = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move open runs of a workflow to another version, those whose journal that version's code fits.

    Each run is checked by replaying its journal; nothing is executed. Runs that execute now are left out: do
    it again when they wait.

    Example: pilothouse move --workflow mlops --from 1 --to 2 --dry-run
    """
    from pilothouse.cli.selecting import selection

    extra = [*(where or ()), *([] if version is None else [f"version={version}"])]
    filter_ = selection(status or (), workflow, label or (), extra)
    _many(context, "move", {"filter": filter_, "to": to, "dry_run": dry_run}, as_json=as_json)


@cli.command(rich_help_panel="Runs")
def label(
    context: typer.Context,
    run_id: Run,
    labels: Annotated[
        list[str],
        typer.Argument(help="key=value to set a label, key= to take it away.", metavar="KEY=VALUE..."),
    ],
) -> None:
    """Set labels of a run, or take them away.

    Example: pilothouse label 1f2e3d4c team=risk draft=
    """
    from pilothouse.cli import opening, steering
    from pilothouse.cli.running import parse_answers

    change = {key: value or None for key, value in parse_answers(labels).items()}
    opening.run(lambda: steering.label(opening.Options(**context.obj), run_id, change))


@cli.command(rich_help_panel="Runs")
def stats(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option("--from", help="Begin of the window, as 2026-11-01T00:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="End of the window (default: now).")] = None,
    as_json: Json = False,
) -> None:
    """Show figures of runs: how many in which state, how quick, what failed, who waits. Default: 24 hours.

    Example: pilothouse stats --from 2026-11-01T00:00:00Z
    """
    from pilothouse.cli import opening, steering

    window = {name: text for name, text in (("from", since), ("to", until)) if text is not None}
    opening.run(lambda: steering.figures(opening.Options(**context.obj), window, as_json=as_json))


def _filter(
    run_id: str | None,
    status: list[str] | None,
    workflow: str | None,
    label: list[str] | None,
    where: list[str] | None,
) -> dict[str, Any]:
    """The filter; raises `InvalidInput` where a run is named as well."""
    from pilothouse.cli.selecting import selection

    found = selection(status or (), workflow, label or (), where or ())
    if run_id is not None and found:
        raise InvalidInput("Both a run and a filter were given.", hint="Give one of them.")
    return found


def _one(context: typer.Context, name: str, run_id: str) -> None:
    from pilothouse.cli import commands, opening

    opening.run(lambda: getattr(commands, name)(opening.Options(**context.obj), run_id))


def _many(context: typer.Context, what: str, wanted: dict[str, Any], *, as_json: bool) -> None:
    from pilothouse.cli import opening, steering

    options = opening.Options(**context.obj)
    raise typer.Exit(opening.run(lambda: steering.many(options, what, wanted, as_json=as_json)))
