"""Statements that cannot both hold, and what to ask about them."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.intake.lexicon.places import area
from pilothouse.apps.mlops.intake.lexicon.technologies import HOSTED_MODELS, MEMBERS, PROPRIETARY, PROVIDERS
from pilothouse.apps.mlops.intake.readers.regions import RESIDENCY
from pilothouse.apps.mlops.intake.readers.workload import STATED, ways
from pilothouse.apps.mlops.intake.reading import Candidate, Reading
from pilothouse.apps.mlops.intake.resolve import SURE, Clash
from pilothouse.apps.mlops.intake.wording import FIELD_NAMES, place_name, say
from pilothouse.apps.mlops.requirements import (
    Cloud,
    Constraint,
    Contradiction,
    ModelFamily,
    Origin,
    Regime,
    Requirements,
    Span,
    Workload,
)

_SLOWEST_ONLINE_MS = 10_000
"""A stated latency below this means that someone waits for each prediction."""
_LARGE_MODEL = 7_000_000_000
"""Parameters from which a language model is impractically slow without a GPU."""


def of_clashes(reading: Reading, clashes: list[Clash]) -> Iterator[Contradiction]:
    """Two values of one field, neither of them a correction of the other."""
    for clash in clashes:
        name = FIELD_NAMES[clash.field]
        kept, other = say(clash.field, clash.kept.value), say(clash.field, clash.other.value)
        yield Contradiction(
            fields=(clash.field,),
            spans=(
                reading.span(clash.kept.first, clash.kept.last),
                reading.span(clash.other.first, clash.other.last),
            ),
            explanation=f"Two statements about the {name} differ: {kept} and {other}.",
            question=f"Which {name} holds?",
            choices=(kept, other),
        )


def in_text(reading: Reading, candidates: list[Candidate]) -> Iterator[Contradiction]:
    """What only the words show: an exclusive batch beside real time, a region outside the residency."""
    found = ways(reading)
    batch = found.best.get(Workload.BATCH)
    direct = max(
        (found.best[way] for way in (Workload.ONLINE, Workload.STREAMING) if way in found.best),
        key=lambda hit: hit.confidence,
        default=None,
    )
    sure = batch and direct and min(batch.confidence, direct.confidence) >= STATED
    if batch and direct and sure and found.only & {Workload.BATCH, direct.value}:
        yield Contradiction(
            fields=("workload",),
            spans=(reading.span(direct.first, direct.last), reading.span(batch.first, batch.last)),
            explanation="Predictions are wanted at once, and in batches only.",
            question="Are predictions needed at the moment of each event, or is a scheduled batch enough?",
            choices=("real-time predictions", "scheduled batch"),
        )
    yield from _regions(reading, candidates)
    yield from _gpu(reading)


def _regions(reading: Reading, candidates: list[Candidate]) -> Iterator[Contradiction]:
    places = {_name(item): item for item in candidates if item.field == "regions"}
    bound = {name: item for name, item in places.items() if item.note == RESIDENCY}
    for name, home in bound.items():
        for other, item in places.items():
            apart = {area(name), area(other)}
            firm = other in bound or "-" in other
            if firm and len(apart) == 2 and not apart & {"", "global"} and not _listed(reading, home, item):
                names = (place_name(name), place_name(other))
                yield Contradiction(
                    fields=("regions",),
                    spans=(reading.span(home.first, home.last), reading.span(item.first, item.last)),
                    explanation=f"Data must stay in {names[0]}, but {names[1]} is named as well.",
                    question="In which region may the data be kept?",
                    choices=names,
                )
                return


def _name(place: Candidate) -> str:
    return str(place.value[0]) if isinstance(place.value, tuple) and place.value else ""


def _listed(reading: Reading, one: Candidate, other: Candidate) -> bool:
    """Whether two places stand in one list: "in the EU and the US"."""
    first, last = sorted((one, other), key=lambda item: item.first)
    between = [token.text for token in reading.tokens[first.last : last.first]]
    return len(between) <= 3 and bool(
        {"and", "or", "und", "oder", "et", "ou", "y", "o", ",", "plus"} & set(between)
    )


def _gpu(reading: Reading) -> Iterator[Contradiction]:
    """No GPU, and a large language model on one's own machines."""
    without = [hit for hit in reading.of("gpu") if bool(hit.value) is hit.negated]
    hosted = [hit for hit in reading.of("self_hosted") if not hit.negated]
    llm = [hit for hit in reading.of("model_family") if hit.value is ModelFamily.LLM and not hit.negated]
    size = [
        item for item in reading.quantities if item.value >= _LARGE_MODEL and item.unit in {"", "ignored"}
    ]
    if without and llm and (hosted or size):
        subject = hosted[0] if hosted else llm[0]
        yield Contradiction(
            fields=("gpu", "model_family"),
            spans=(
                reading.span(without[0].first, without[0].last),
                reading.span(min(subject.first, llm[0].first), max(subject.last, llm[0].last))
                if abs(subject.first - llm[0].first) < 8
                else reading.span(llm[0].first, llm[0].last),
            ),
            explanation="A language model on own machines needs GPUs to answer in time; none are wanted.",
            question="May GPUs be used, or is a hosted language model fine?",
            choices=("GPUs may be used", "hosted language model, no GPU"),
        )


def in_values(requirements: Requirements) -> Iterator[Contradiction]:
    """What the values themselves show; also checked again after each answer."""
    yield from _batch_latency(requirements)
    yield from _own_servers(requirements)
    yield from _offline(requirements)
    yield from _excluded(requirements)
    yield from _closed_source(requirements)
    yield from _persons(requirements)


def _batch_latency(requirements: Requirements) -> Iterator[Contradiction]:
    workload, latency = requirements.workload, requirements.latency_ms
    if not (_sure(workload) and _sure(latency)):
        return
    batch = workload is not None and workload.value in {Workload.BATCH, Workload.TRAINING}
    if batch and latency is not None and latency.value < _SLOWEST_ONLINE_MS:
        yield Contradiction(
            fields=("workload", "latency_ms"),
            spans=_spans(workload, latency),
            explanation=f"A batch answers nobody at once, but {latency.value:g} ms of latency are asked for.",
            question="Are predictions asked for one at a time (real time), or is a scheduled batch enough?",
            choices=(f"real-time predictions within {latency.value:g} ms", "scheduled batch"),
        )


def _own_servers(requirements: Requirements) -> Iterator[Contradiction]:
    own, cloud, stack = requirements.on_premises, requirements.cloud, requirements.existing_stack
    if not (_sure(own) and own is not None and own.value):
        return
    if cloud is not None and _sure(cloud) and cloud.value is not Cloud.KUBERNETES:
        name = say("cloud", cloud.value)
        yield Contradiction(
            fields=("on_premises", "cloud"),
            spans=_spans(own, cloud),
            explanation=f"It is to run on own servers, and on {name}.",
            question=f"Shall it run on your own servers or on {name}?",
            choices=("on-premises", name),
        )
        return
    managed = [
        item for item in (stack.value if stack else ()) if any(item in all_ for all_ in PROVIDERS.values())
    ]
    if stack is not None and managed:
        yield Contradiction(
            fields=("on_premises", "existing_stack"),
            spans=_spans(own, stack),
            explanation=f"It is to run on own servers, but {managed[0]} exists in a public cloud only.",
            question=f"Shall it run on your own servers, or may it use {managed[0]}?",
            choices=("on-premises", f"in the cloud, with {managed[0]}"),
        )


def _offline(requirements: Requirements) -> Iterator[Contradiction]:
    offline, stack = requirements.offline, requirements.existing_stack
    hosted = [item for item in (stack.value if stack else ()) if item in HOSTED_MODELS]
    if _sure(offline) and offline is not None and stack is not None and hosted:
        yield Contradiction(
            fields=("offline", "existing_stack"),
            spans=_spans(offline, stack),
            explanation=f"It must work without a network, but {hosted[0]} is reached over the internet.",
            question=f"May it depend on a network connection to reach {hosted[0]}?",
            choices=("it must work offline", f"a connection to {hosted[0]} is fine"),
        )


def _excluded(requirements: Requirements) -> Iterator[Contradiction]:
    banned, stack = requirements.excluded_technologies, requirements.existing_stack
    cloud, clouds = requirements.cloud, requirements.excluded_clouds
    if cloud is not None and clouds is not None and cloud.value in clouds.value:
        name = say("cloud", cloud.value)
        yield Contradiction(
            fields=("cloud", "excluded_clouds"),
            spans=_spans(cloud, clouds),
            explanation=f"{name} is both asked for and ruled out.",
            question=f"May {name} be used?",
            choices=(name, f"not {name}"),
        )
    for excluded in clouds.value if clouds else ():
        services = [name for name in stack.value if name in PROVIDERS.get(excluded, ())] if stack else []
        if services:
            name = say("cloud", excluded)
            yield Contradiction(
                fields=("existing_stack", "excluded_clouds"),
                spans=_spans(stack, clouds),
                explanation=f"{name} is ruled out, but {services[0]} exists nowhere else.",
                question=f"May {services[0]} on {name} be used?",
                choices=(f"use {services[0]}", f"not {name}"),
            )
            break
    if banned is None or stack is None:
        return
    for item in banned.value:
        both = [name for name in stack.value if name == item or name in MEMBERS.get(item, ())]
        if both:
            yield Contradiction(
                fields=("existing_stack", "excluded_technologies"),
                spans=_spans(stack, banned),
                explanation=f"{item} is ruled out, but {both[0]} is part of the stack.",
                question=f"May {both[0]} be used?",
                choices=(f"use {both[0]}", f"no {item}"),
            )
            return


def _closed_source(requirements: Requirements) -> Iterator[Contradiction]:
    only, stack = requirements.open_source_only, requirements.existing_stack
    closed = [item for item in (stack.value if stack else ()) if item in PROPRIETARY]
    if _sure(only) and only is not None and stack is not None and closed:
        yield Contradiction(
            fields=("open_source_only", "existing_stack"),
            spans=_spans(only, stack),
            explanation=f"Only open source is wanted, but {closed[0]} is not open source.",
            question=f"Must everything be open source, or may {closed[0]} be used?",
            choices=("open source only", f"use {closed[0]}"),
        )


def _persons(requirements: Requirements) -> Iterator[Contradiction]:
    personal, regimes = requirements.personal_data, requirements.compliance
    denied = _sure(personal) and personal is not None and personal.value is False
    if denied and _sure(regimes) and regimes is not None and Regime.HIPAA in regimes.value:
        yield Contradiction(
            fields=("personal_data", "compliance"),
            spans=_spans(personal, regimes),
            explanation="There is said to be no personal data, but HIPAA protects nothing else.",
            question="Does the data identify persons?",
            choices=("yes, personal data", "no personal data, HIPAA does not apply"),
        )


def _sure(constraint: Constraint[object] | object) -> bool:
    """Whether it was said, with confidence, rather than concluded."""
    return (
        isinstance(constraint, Constraint)
        and constraint.origin is not Origin.INFERRED
        and constraint.confidence >= SURE
    )


def _spans(*constraints: object) -> tuple[Span, ...]:
    return tuple(item.span for item in constraints if isinstance(item, Constraint) and item.span is not None)
