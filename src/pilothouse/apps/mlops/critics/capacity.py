"""What the sized components carry: at peak, after a loss, up to their limits, and in their windows."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.catalogue.model import Catalogue
from pilothouse.apps.mlops.critics.findings import Finding, figure
from pilothouse.apps.mlops.design import Check, Role, Verdict
from pilothouse.apps.mlops.planner.directives import add_replicas
from pilothouse.apps.mlops.planner.reading import Reading, Stage
from pilothouse.apps.mlops.planner.sizing import amount, restore
from pilothouse.apps.mlops.requirements import Workload

BUSY = 0.8
"""Above this share of its capacity a unit's queue grows faster than its load."""

HEADROOM = 2.0
"""A limit closer than this factor is worth knowing before traffic doubles."""

HOURS_A_MONTH = 730.0


def check_capacity(reading: Reading) -> Iterator[Finding]:
    """Utilisation at peak for each component on the path, and after the loss of one of its units."""
    peak = reading.variables["peak_rps"]
    for stage in reading.path:
        if stage.component.capacity_rps is None:
            continue
        known = restore(stage.component, stage.choice.parameters, reading.variables)
        capacity = amount(stage.component.capacity_rps, known)
        use = peak / capacity if capacity > 0 else float("inf")
        verdict = Verdict.PASS if use <= BUSY else Verdict.WARN if use <= 1 else Verdict.FAIL
        yield Finding(
            Check(
                id=f"capacity:{stage.component.id}",
                title=f"Capacity of {stage.component.name}",
                verdict=verdict,
                rule="Peak traffic uses no more than 80 % of what a component carries",
                detail=f"{peak:,.4g} requests a second at peak, {capacity:,.6g} carried: {use * 100:.3g} %",
                component=stage.component.id,
                measured=figure(peak, "requests/s"),
                limit=figure(capacity, "requests/s"),
            ),
            directive=add_replicas(stage.choice.role),
        )
        yield from _after_loss(reading, stage, capacity, peak)


def _after_loss(reading: Reading, stage: Stage, capacity: float, peak: float) -> Iterator[Finding]:
    units = int(stage.choice.parameters.get("replicas", 0))
    if units < 2 or reading.brief.shape.id is Workload.EDGE:
        return
    left = capacity * (units - 1) / units
    verdict = Verdict.PASS if peak <= left else Verdict.FAIL
    yield Finding(
        Check(
            id=f"loss:{stage.component.id}",
            title=f"{stage.component.name} after the loss of one unit",
            verdict=verdict,
            rule="The units left after the loss of one carry the peak",
            detail=f"{units - 1} of {units} replicas carry {left:,.6g} a second, {peak:,.4g} come at peak",
            component=stage.component.id,
            measured=figure(peak, "requests/s"),
            limit=figure(left, "requests/s"),
        ),
        directive=add_replicas(stage.choice.role),
    )


def check_scaling(reading: Reading, catalogue: Catalogue) -> Iterator[Finding]:
    """How far each component's units are from the most it can have."""
    for choice in reading.design.choices:
        component = catalogue.component(choice.component)
        limits = component.limits
        if limits.units is None or limits.max_units is None or limits.units not in choice.parameters:
            continue
        known = restore(component, choice.parameters, reading.variables)
        most, used = amount(limits.max_units, known), float(choice.parameters[limits.units])
        room = most / used if used else float("inf")
        verdict = Verdict.PASS if room >= HEADROOM else Verdict.WARN if room >= 1 else Verdict.FAIL
        source = "design assumption" if limits.source == "assumption" else limits.source
        yield Finding(
            Check(
                id=f"scaling:{component.id}",
                title=f"Scaling limit of {component.name}",
                verdict=verdict,
                rule="Traffic can double before a limit is reached",
                detail=f"{used:,.0f} of {most:,.0f} {limits.units}: room for {room:,.3g} times ({source})",
                component=component.id,
                measured=figure(used, limits.units),
                limit=figure(most, limits.units),
            )
        )


def check_windows(reading: Reading) -> Iterator[Finding]:
    """Whether training and batch scoring end before they start again."""
    trainings = reading.variables["trainings"]
    for role, starts in ((Role.TRAINING, trainings), (Role.SERVING, 30.0)):
        choice = reading.design.choice(role)
        if choice is None or "hours_per_month" not in choice.parameters:
            continue
        hours = float(choice.parameters["hours_per_month"]) / starts
        window = HOURS_A_MONTH / starts
        verdict = (
            Verdict.PASS if hours <= window * BUSY else Verdict.WARN if hours <= window else Verdict.FAIL
        )
        yield Finding(
            Check(
                id=f"window:{choice.component}",
                title=f"Running time of {choice.name}",
                verdict=verdict,
                rule="A run ends before the next one starts",
                detail=f"{hours:,.3g} hours a run, {window:,.3g} hours from one start to the next",
                component=choice.component,
                measured=figure(hours, "hours"),
                limit=figure(window, "hours"),
            ),
            directive=add_replicas(role),
        )
