"""The tech critic, in numbers: latency, capacity, availability, single points, limits, skill, time."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.catalogue.model import Catalogue
from pilothouse.apps.mlops.critics.capacity import check_capacity, check_scaling, check_windows
from pilothouse.apps.mlops.critics.findings import Finding, figure, review
from pilothouse.apps.mlops.critics.team import check_team
from pilothouse.apps.mlops.design import Check, Design, Review, Verdict
from pilothouse.apps.mlops.planner.directives import RAISE_AVAILABILITY, REDUCE_LATENCY
from pilothouse.apps.mlops.planner.reading import Reading, read
from pilothouse.apps.mlops.requirements import Workload

CRITIC = "tech_critic"
TIGHT = 0.9
"""Above this share of a latency limit there is little left for what was not foreseen."""


def review_technically(design: Design, catalogue: Catalogue) -> Review:
    """Check `design` against its demand. Raises `KeyError` for a component the catalogue does not have."""
    reading = read(design, catalogue)
    return review(CRITIC, _findings(reading, catalogue))


def _findings(reading: Reading, catalogue: Catalogue) -> Iterator[Finding]:
    yield from _latency(reading)
    yield from check_capacity(reading)
    yield from _availability(reading)
    yield from _single_points(reading)
    yield from check_scaling(reading, catalogue)
    yield from check_windows(reading)
    yield from check_team(reading, catalogue)


def _latency(reading: Reading) -> Iterator[Finding]:
    demand = reading.design.demand
    limit = demand.latency_ms
    percentile = f"p{demand.latency_percentile:g}"
    for stage in reading.path:
        basis = stage.component.latency.basis if stage.component.latency else "nothing"
        source = "design assumption, measure before relying on it" if basis == "assumption" else basis
        yield Finding(
            Check(
                id=f"latency:{stage.component.id}",
                title=f"Latency of {stage.component.name}",
                verdict=Verdict.PASS,
                rule="Every component on the request path has a share of the latency budget",
                detail=f"{stage.latency_ms:.3g} ms at {percentile} ({source})",
                component=stage.component.id,
                measured=figure(stage.latency_ms, "ms"),
            )
        )
    if not reading.path or limit is None:
        return
    total = reading.latency_ms
    sums = " + ".join(f"{stage.component.name} {stage.latency_ms:.3g}" for stage in reading.path)
    spare = f"{limit - total:.3g} ms to spare" if total <= limit else f"{total - limit:.3g} ms too much"
    verdict = Verdict.PASS if total <= limit * TIGHT else Verdict.WARN
    detail = f"{sums} = {total:.3g} ms at {percentile}, limit {limit:g} ms: {spare}"
    relaxed = reading.relaxed("latency_ms")
    if relaxed is not None:
        detail += f"; relaxed from {relaxed.was} to {relaxed.becomes}"
    elif total > limit and reading.brief.latency_hard:
        verdict = Verdict.FAIL
    yield Finding(
        Check(
            id="latency",
            title="Latency budget",
            verdict=verdict,
            rule="The percentiles along the request path add up to no more than the limit",
            detail=detail,
            measured=figure(total, "ms"),
            limit=figure(limit, "ms"),
        ),
        directive=REDUCE_LATENCY,
    )


def _availability(reading: Reading) -> Iterator[Finding]:
    if not reading.path:
        return
    target, value = reading.design.demand.availability, reading.availability
    product = " x ".join(f"{stage.component.name} {stage.availability * 100:.6g} %" for stage in reading.path)
    minutes = (1 - value) * 730 * 60
    detail = f"{product}"
    if len(reading.regions) > 1:
        detail += f", in {len(reading.regions)} regions"
    detail += f" = {value * 100:.5f} % ({minutes:.0f} minutes a month), target {target * 100:.6g} %"
    verdict = Verdict.PASS if value >= target - 1e-9 else Verdict.WARN
    relaxed = reading.relaxed("availability")
    if relaxed is not None:
        verdict, detail = Verdict.WARN, f"{detail}; relaxed from {relaxed.was} to {relaxed.becomes}"
    elif value < target - 1e-9 and reading.brief.availability_hard:
        verdict = Verdict.FAIL
    yield Finding(
        Check(
            id="availability",
            title="Availability of the request path",
            verdict=verdict,
            rule="The product of the availabilities along the path reaches the target",
            detail=detail,
            measured=figure(value, "fraction"),
            limit=figure(target, "fraction"),
        ),
        directive=RAISE_AVAILABILITY,
    )


def _single_points(reading: Reading) -> Iterator[Finding]:
    for stage in reading.path:
        if reading.brief.shape.id is Workload.EDGE:
            devices = max(1, reading.design.demand.devices)
            verdict, detail = Verdict.PASS, f"the loss of one device stops 1 of {devices:,}"
        elif stage.redundant:
            verdict, detail = Verdict.PASS, _redundancy(stage.choice.parameters)
        else:
            single = stage.component.availability.single if stage.component.availability else None
            worse = "" if single is None else f", counted at {single * 100:.4g} %"
            strict = reading.design.demand.availability >= 0.999 and reading.brief.availability_hard
            verdict = Verdict.FAIL if strict and reading.relaxed("availability") is None else Verdict.WARN
            detail = f"one unit only: its loss stops the path{worse}"
        yield Finding(
            Check(
                id=f"single-point:{stage.component.id}",
                title=f"Redundancy of {stage.component.name}",
                verdict=verdict,
                rule="No single unit on the request path stops it",
                detail=detail,
                component=stage.component.id,
            ),
            directive=RAISE_AVAILABILITY,
        )


def _redundancy(parameters: dict[str, str | int | float | bool]) -> str:
    units = [f"{parameters[name]} {name}" for name in ("replicas", "nodes") if name in parameters]
    return units[0] if units else "spans zones by itself"
