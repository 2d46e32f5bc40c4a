"""`pilothouse schedules`: runs that are made by the clock. What each command does is in `scheduling`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli.parameters import Json

if TYPE_CHECKING:
    from pilothouse.cli.remote import RemoteClient

cli = typer.Typer(help="Schedules: runs that are made by the clock.", no_args_is_help=True)


class Missed(StrEnum):
    """What becomes of fires that were missed."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


class Overlap(StrEnum):
    """What a fire does while the last run has not ended."""

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE = "queue"
    CANCEL = "cancel"


Which = Annotated[str, typer.Argument(help="The schedule's name, or its id.", metavar="SCHEDULE")]
Cron = Annotated[
    str | None, typer.Option(help='Minute, hour, day, month, day of the week: "30 7 * * MON-FRI", @daily.')
]
Every = Annotated[str | None, typer.Option(help="Instead of --cron a length: 90s, 15m, 2h, 1d.")]
Zone = Annotated[str | None, typer.Option(help="Time zone of --cron: Europe/Berlin (default: UTC).")]
Start = Annotated[str | None, typer.Option(help="Do not fire before: 2030-01-31T08:00, in the time zone.")]
End = Annotated[str | None, typer.Option(help="Do not fire behind; `none` takes it away.")]
MissedPolicy = Annotated[
    Missed | None, typer.Option(help="Fires while nothing ran: none, one run for all, a run for each.")
]
Limit = Annotated[int | None, typer.Option(min=1, max=1000, help="With --missed all: at most so many.")]
OverlapPolicy = Annotated[
    Overlap | None, typer.Option(help="While the last run goes on: beside it, not at all, after, instead.")
]
Priority = Annotated[int | None, typer.Option(min=-100, max=100, help="Higher runs are executed first.")]
Label = Annotated[
    list[str] | None, typer.Option("--label", help="key=value that is put on each run. May be repeated.")
]
Version = Annotated[
    str | None, typer.Option(help="Version of the workflow (default, and `none`: the newest at each fire).")
]
File = Annotated[
    Path | None, typer.Option("--input", "-i", help="Read the input from a file (-: standard input).")
]


@cli.command("list")
def show_all(
    context: typer.Context,
    workflow: Annotated[str | None, typer.Option(help="Only schedules of this workflow.")] = None,
    failing: Annotated[
        bool, typer.Option("--failing", help="Only those whose last fire made no run.")
    ] = False,
    paused: Annotated[bool, typer.Option("--paused", help="Only paused ones.")] = False,
    as_json: Json = False,
) -> None:
    """List schedules, with times in each one's zone.

    Example: pilothouse schedules list --failing
    """
    from pilothouse.cli import scheduling

    query = {"workflow": workflow, "failing": failing or None, "paused": paused or None}
    _do(context, lambda client: scheduling.show_all(client, query, as_json=as_json))


@cli.command()
def show(context: typer.Context, schedule: Which, as_json: Json = False) -> None:
    """Show a schedule: when it fires, with what input, how it goes.

    Example: pilothouse schedules show nightly
    """
    from pilothouse.cli import scheduling

    _do(context, lambda client: scheduling.show(client, schedule, as_json=as_json))


@cli.command("next")
def following(
    context: typer.Context,
    schedule: Which,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=100, help="How many.")] = 10,
    as_json: Json = False,
) -> None:
    """Tell when a schedule fires next.

    Example: pilothouse schedules next nightly -n 3
    """
    from pilothouse.cli import scheduling

    _do(context, lambda client: scheduling.following(client, schedule, count, as_json=as_json))


@cli.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is to be called.")],
    workflow: Annotated[str, typer.Argument(help="The workflow to run; see `pilothouse workflows`.")],
    text: Annotated[str | None, typer.Argument(help="Its input: plain text, or JSON.")] = None,
    *,
    file: File = None,
    cron: Cron = None,
    every: Every = None,
    zone: Zone = None,
    start: Start = None,
    end: End = None,
    missed: MissedPolicy = None,
    missed_limit: Limit = None,
    overlap: OverlapPolicy = None,
    priority: Priority = None,
    label: Label = None,
    version: Version = None,
    paused: Annotated[bool, typer.Option("--paused", help="It fires once it is resumed.")] = False,
    as_json: Json = False,
) -> None:
    """Make a schedule. `pilothouse serve` or `pilothouse worker` has to run for it to fire.

    Example: pilothouse schedules create weekly mlops "Churn model on GCP" --cron "0 7 * * MON"
    """
    from pilothouse.cli import scheduling

    said = scheduling.Said(
        text, file, cron, every, zone, start, end, missed, missed_limit, overlap, priority, label, version
    )
    wanted = {"name": name, "workflow": workflow, "paused": paused}
    _do(context, lambda client: scheduling.create(client, wanted, said, as_json=as_json))


@cli.command()
def edit(
    context: typer.Context,
    schedule: Which,
    text: Annotated[str | None, typer.Argument(help="The new input: plain text, or JSON.")] = None,
    *,
    name: Annotated[str | None, typer.Option(help="The new name.")] = None,
    workflow: Annotated[str | None, typer.Option(help="The new workflow.")] = None,
    file: File = None,
    cron: Cron = None,
    every: Every = None,
    zone: Zone = None,
    start: Start = None,
    end: End = None,
    missed: MissedPolicy = None,
    missed_limit: Limit = None,
    overlap: OverlapPolicy = None,
    priority: Priority = None,
    label: Label = None,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Change what is given of a schedule; the rest stays.

    Example: pilothouse schedules edit nightly --cron "0 6 * * *" --overlap queue
    """
    from pilothouse.cli import scheduling

    said = scheduling.Said(
        text, file, cron, every, zone, start, end, missed, missed_limit, overlap, priority, label, version
    )
    wanted = {key: value for key, value in (("name", name), ("workflow", workflow)) if value is not None}
    _do(context, lambda client: scheduling.edit(client, schedule, wanted, said, as_json=as_json))


@cli.command()
def pause(context: typer.Context, schedule: Which, as_json: Json = False) -> None:
    """Have a schedule fire no more until it is resumed.

    Example: pilothouse schedules pause nightly
    """
    from pilothouse.cli import scheduling

    _do(context, lambda client: scheduling.turn(client, schedule, "pause", as_json=as_json))


@cli.command()
def resume(context: typer.Context, schedule: Which, as_json: Json = False) -> None:
    """Have a paused schedule fire again; what lay in the pause is not made up for.

    Example: pilothouse schedules resume nightly
    """
    from pilothouse.cli import scheduling

    _do(context, lambda client: scheduling.turn(client, schedule, "resume", as_json=as_json))


@cli.command()
def trigger(
    context: typer.Context,
    schedule: Which,
    key: Annotated[str | None, typer.Option(help="Of calls with the same key only one makes a run.")] = None,
    as_json: Json = False,
) -> None:
    """Make a run now, whatever the overlap policy says and also in a pause.

    Example: pilothouse schedules trigger nightly
    """
    from pilothouse.cli import scheduling

    _do(context, lambda client: scheduling.trigger(client, schedule, key, as_json=as_json))


@cli.command()
def delete(context: typer.Context, schedule: Which) -> None:
    """Delete a schedule. Its runs stay, and go on.

    Example: pilothouse schedules delete nightly
    """
    from pilothouse.cli import scheduling

    _do(context, lambda client: scheduling.delete(client, schedule))


def _do(context: typer.Context, work: Callable[[RemoteClient], Awaitable[Any]]) -> None:
    """Do `work` with a client of the server, or of the API in this process."""
    from pilothouse.cli import opening, scheduling

    opening.run(lambda: scheduling.with_client(opening.Options(**context.obj), work))
