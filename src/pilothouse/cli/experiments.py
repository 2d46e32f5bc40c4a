"""`pilothouse experiments`: which version is better, and rollouts. Nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from pilothouse.cli.experimenting import Experimenting
    from pilothouse.experiments.schemas import Experiment, ExperimentSummary

cli = typer.Typer(
    help="Experiments: versions or models compared on real traffic, and rollouts.", no_args_is_help=True
)

Which = Annotated[
    str, typer.Argument(help="The experiment's name, its id, or the end of that.", metavar="EXPERIMENT")
]
Why = Annotated[str, typer.Option(help="Why; it goes on the record.")]


@cli.command("list")
def list_experiments(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="draft, running, stopped or concluded.")] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """List the experiments, the newest first.

    Example: pilothouse experiments list --state running
    """

    async def work(experiments: Experimenting) -> None:
        found = await _all(experiments, state)
        if as_json:
            tables.document([item.model_dump(mode="json") for item in found])
            return
        rows = [
            (
                *(item.name, item.about, item.state.value, item.key.value),
                ", ".join(f"{arm.name} {arm.weight} %" for arm in item.arms),
                item.winner or "-",
            )
            for item in found
        ]
        tables.listed(("experiment", "about", "state", "by", "arms", "winner"), rows, "No experiments.")

    _run(context, tenant, work)


@cli.command()
def show(context: typer.Context, experiment: Which, tenant: Tenant = None, as_json: Json = False) -> None:
    """Show an experiment: its arms, how they differ from the control, and what that means at this time.

    Example: pilothouse experiments show triage-4
    """
    _change(context, experiment, lambda experiments, id_: experiments.show(id_), tenant, as_json=as_json)


@cli.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    *,
    about: Annotated[str, typer.Option(help="A prompt's name, or a model alias as model:fast.")],
    arm: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VERSION@PERCENT, or NAME=model:MODEL@PERCENT. May be repeated."),
    ] = None,
    control: Annotated[
        str | None, typer.Option(help="The control's version, or model:MODEL; default: as calls go now.")
    ] = None,
    rollout: Annotated[
        str | None, typer.Option(help="Roll out this version (or model:MODEL) in stages.")
    ] = None,
    stages: Annotated[str, typer.Option(help="The shares of a rollout, in per cent.")] = "1,10,50,100",
    stage_time: Annotated[str, typer.Option(help="How long a stage lasts at least: 30m, 2h, 1d.")] = "1h",
    stage_calls: Annotated[int, typer.Option(min=0, help="Calls that a stage has at least.")] = 100,
    key: Annotated[str, typer.Option(help="What it is split by: run, user or tenant.")] = "run",
    guard: Annotated[
        list[str] | None,
        typer.Option(help="What stops an arm: latency=20 (worse by), errors<=5 (bound). May be repeated."),
    ] = None,
    alpha: Annotated[float, typer.Option(help="The chance of an error.")] = 0.05,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="For all tenants; home tenant only.")
    ] = False,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Make an experiment, or with --rollout a rollout. It assigns nothing before it is started.

    Example: pilothouse experiments create triage-4 --about support/triage --arm candidate=4@50
    """
    from pilothouse.cli import experimenting
    from pilothouse.cli.governing import checked

    told: dict[str, Any] = {"name": name, "about": about, "key": key, "alpha": alpha, "everybody": everybody}
    first = {"name": "control"} if control is None else experimenting.arm(f"control={control}")
    others = [*(arm or []), *([] if rollout is None else [f"candidate={rollout}"])]
    told["arms"] = [first, *map(experimenting.arm, others)]
    if guard:
        told["guards"] = [experimenting.guard(text) for text in guard]
    if rollout is not None:
        told["rollout"] = {
            "stages": stages.split(","),
            "minimum_seconds": experimenting.seconds(stage_time),
            "minimum_calls": stage_calls,
        }

    async def work(experiments: Experimenting) -> None:
        from pilothouse.experiments.schemas import NewExperiment

        made = await experiments.create(checked(NewExperiment, told))
        _tell(made, f"{made.name}: {made.id}", as_json=as_json)

    _run(context, tenant, work)


@cli.command()
def start(context: typer.Context, experiment: Which, tenant: Tenant = None, as_json: Json = False) -> None:
    """Start an experiment, or a stopped one again: every process assigns arms within a second.

    Example: pilothouse experiments start triage-4
    """
    _change(context, experiment, lambda experiments, id_: experiments.start(id_), tenant, as_json=as_json)


@cli.command()
def stop(
    context: typer.Context,
    experiment: Which,
    arm: Annotated[
        str | None, typer.Option(help="Only this arm, for good: its traffic goes to the control.")
    ] = None,
    why: Why = "by hand",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Stop an experiment: calls go as they would without it. With --arm, stop one arm.

    Example: pilothouse experiments stop triage-4 --arm candidate --why "it swears"
    """
    from pilothouse.cli.governing import checked

    async def work(experiments: Experimenting, id_: UUID) -> Experiment:
        from pilothouse.experiments.schemas import Ending, StoppedArm

        if arm is None:
            return await experiments.stop(id_, checked(Ending, {"why": why}))
        return await experiments.stop_arm(id_, checked(StoppedArm, {"arm": arm, "why": why}))

    _change(context, experiment, work, tenant, as_json=as_json)


@cli.command()
def weigh(
    context: typer.Context,
    experiment: Which,
    weights: Annotated[list[str], typer.Argument(help="ARM=PERCENT, each.", metavar="ARM=PERCENT...")],
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Give arms other weights; the control has the rest. As few subjects as can be change arms.

    Example: pilothouse experiments weigh triage-4 candidate=20
    """
    from pilothouse.cli.governing import checked

    given = dict(text.partition("=")[::2] for text in weights)

    async def work(experiments: Experimenting, id_: UUID) -> Experiment:
        from pilothouse.experiments.schemas import Weights

        return await experiments.weigh(id_, checked(Weights, {"weights": given}))

    _change(context, experiment, work, tenant, as_json=as_json)


@cli.command()
def advance(context: typer.Context, experiment: Which, tenant: Tenant = None, as_json: Json = False) -> None:
    """Go on to the next stage of a rollout now.

    Example: pilothouse experiments advance triage-4
    """
    _change(context, experiment, lambda experiments, id_: experiments.advance(id_), tenant, as_json=as_json)


@cli.command()
def promote(
    context: typer.Context,
    experiment: Which,
    arm: Annotated[str, typer.Argument(help="The arm that has won.")],
    why: Why = "",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """End an experiment for good with a winner.

    Example: pilothouse experiments promote triage-4 candidate
    """
    _conclude(context, experiment, arm, why, tenant, as_json=as_json)


@cli.command()
def conclude(
    context: typer.Context, experiment: Which, why: Why = "", tenant: Tenant = None, as_json: Json = False
) -> None:
    """End an experiment for good without a winner.

    Example: pilothouse experiments conclude triage-4 --why "no difference in two weeks"
    """
    _conclude(context, experiment, None, why, tenant, as_json=as_json)


def _conclude(
    context: typer.Context, experiment: str, arm: str | None, why: str, tenant: str | None, *, as_json: bool
) -> None:
    from pilothouse.cli.governing import checked

    async def work(experiments: Experimenting, id_: UUID) -> Experiment:
        from pilothouse.experiments.schemas import Conclusion

        return await experiments.conclude(id_, checked(Conclusion, {"winner": arm, "why": why}))

    _change(context, experiment, work, tenant, as_json=as_json)


async def _all(experiments: Experimenting, state: str | None = None) -> list[ExperimentSummary]:
    from pilothouse.cli.client import every
    from pilothouse.cli.governing import checked
    from pilothouse.experiments.schemas import ExperimentQuery

    return await every(lambda page: experiments.page(checked(ExperimentQuery, {**page, "state": state})))


def _change(
    context: typer.Context,
    experiment: str,
    change: Callable[[Experimenting, UUID], Awaitable[Experiment]],
    tenant: str | None,
    *,
    as_json: bool,
) -> None:
    """Do something with one experiment, and show it then."""

    async def work(experiments: Experimenting) -> None:
        from pilothouse.cli.experimenting import named

        _tell(await change(experiments, named(await _all(experiments), experiment)), None, as_json=as_json)

    _run(context, tenant, work)


def _run(
    context: typer.Context, tenant: str | None, work: Callable[[Experimenting], Awaitable[None]]
) -> None:
    from pilothouse.cli import opening
    from pilothouse.cli.experimenting import opened

    async def main() -> None:
        async with opened(opening.Options(**context.obj), tenant) as comparing:
            await work(comparing.experiments)

    opening.run(main)


def _tell(made: Experiment, text: str | None, *, as_json: bool) -> None:
    from pilothouse.cli import experiment_view

    if as_json:
        tables.document(made)
    elif text is not None:
        typer.echo(text)
    else:
        experiment_view.show(made)
