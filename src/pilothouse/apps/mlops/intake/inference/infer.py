"""Fills what was not said from what was, by the table of rules and a few sums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pilothouse.apps.mlops.intake.inference.table import CONDITIONS, rules, usually_batch
from pilothouse.apps.mlops.intake.lexicon.places import area, provider
from pilothouse.apps.mlops.intake.lexicon.technologies import PROVIDERS
from pilothouse.apps.mlops.intake.resolve import UNIONS
from pilothouse.apps.mlops.requirements import Constraint, Origin, Requirements, Span, Workload

ROUNDS = 4
"""The longest chain of rules that is followed."""
FAINTEST = 0.25
"""What is less sure than this is not inferred."""
SLOWEST_ONLINE_MS = 2000
REQUESTS_PER_USER_AND_DAY = 10
SECONDS_PER_DAY = 86_400
SECONDS_PER_DEVICE_EVENT = 60
MEGABYTES_PER_DOCUMENT = 1
"""Planning defaults of this project."""
_UNITS = {
    "latency_ms": "ms",
    "latency_percentile": "percent",
    "throughput_rps": "events/s",
    "data_volume_gb": "GB",
    "retraining_days": "days",
    "availability": "share of time",
}


class Fact(NamedTuple):
    """Something known: its confidence and the words behind it."""

    value: object
    confidence: float
    span: Span | None


class Conclusion(NamedTuple):
    """Something that follows, and why."""

    field: str
    value: object
    confidence: float
    span: Span | None
    reason: str


def infer(requirements: Requirements) -> Requirements:
    """`requirements` with every empty field filled that something follows for; what is there stays.

    Inferred constraints have the origin INFERRED, the confidence of the rule times that of its least sure
    condition, the span of the words that led to it, and the reason as their note. Constraints that were
    inferred before are dropped first, so that an answer can change what follows.
    """
    base = {
        name: constraint
        for name in Requirements.model_fields
        if name != "prompt"
        and isinstance(constraint := getattr(requirements, name), Constraint)
        and constraint.origin is not Origin.INFERRED
    }
    facts = {name: Fact(item.value, item.confidence, item.span) for name, item in base.items()}
    found: dict[str, Conclusion] = {}
    for _ in range(ROUNDS):
        known = facts | {name: Fact(item.value, item.confidence, item.span) for name, item in found.items()}
        follows = (*_by_rule(known), *_by_sum(known))
        latest = _best(item for item in follows if item.field not in base and not _ruled_out(known, item))
        if latest == found:
            break
        found = latest
    inferred = {
        name: {
            "value": item.value,
            "unit": _UNITS.get(name),
            "confidence": round(item.confidence, 3),
            "origin": Origin.INFERRED,
            "span": item.span,
            "note": item.reason,
        }
        for name, item in found.items()
    }
    return Requirements.model_validate({"prompt": requirements.prompt, **base, **inferred})


def _ruled_out(known: dict[str, Fact], item: Conclusion) -> bool:
    """Whether the cloud that seems to follow is one that may not be used."""
    return item.field == "cloud" and _holds(known, "excluded_clouds", item.value) is not None


def _by_rule(known: dict[str, Fact]) -> Iterator[Conclusion]:
    derived = dict(_derived(known))
    for rule in rules():
        met = [
            fact
            for field, value in rule.when
            if (fact := _holds(derived if field in CONDITIONS else known, field, value))
        ]
        if len(met) == len(rule.when):
            weakest = min(fact.confidence for fact in met)
            span = next((fact.span for fact in met if fact.span), None)
            yield Conclusion(rule.field, rule.value, rule.confidence * weakest, span, rule.reason)


def _holds(known: dict[str, Fact], field: str, value: object) -> Fact | None:
    fact = known.get(field)
    if fact is None:
        return None
    holds = value in fact.value if isinstance(fact.value, tuple) else value == fact.value
    return fact if holds else None


def _derived(known: dict[str, Fact]) -> Iterator[tuple[str, Fact]]:
    """The areas of the regions, and the clouds whose services or regions are named."""
    regions, stack = known.get("regions"), known.get("existing_stack")
    places = [str(place) for place in regions.value] if regions and isinstance(regions.value, tuple) else []
    clouds = [cloud for place in places if (cloud := provider(place))]
    if regions:
        yield "area", regions._replace(value=tuple(area(place) for place in places))
    named = stack.value if stack and isinstance(stack.value, tuple) else ()
    if stack and not clouds:
        clouds = [cloud for cloud, services in PROVIDERS.items() if services & set(named)][:1]
    source = regions if regions and any(provider(place) for place in places) else stack
    if clouds and source:
        yield "provider", source._replace(value=clouds[0])


def _by_sum(known: dict[str, Fact]) -> Iterator[Conclusion]:
    """A way of predicting from a latency, load from users and devices, volume from documents."""
    workload, latency = known.get("workload"), known.get("latency_ms")
    if latency and isinstance(latency.value, float) and latency.value <= SLOWEST_ONLINE_MS:
        use_case = known.get("use_case")
        share = 0.85 if use_case and use_case.value in usually_batch() else 0.6
        reason = "Who states such a latency asks for predictions one at a time."
        yield Conclusion("workload", Workload.ONLINE, share * latency.confidence, latency.span, reason)
    users, devices, documents = known.get("users"), known.get("devices"), known.get("context_documents")
    if users and isinstance(users.value, int):
        batch = workload is not None and workload.value is Workload.BATCH
        daily = 1 if batch else REQUESTS_PER_USER_AND_DAY
        reason = f"{users.value:,} users with {daily} request(s) a day each."
        rate = users.value * daily / SECONDS_PER_DAY
        yield Conclusion("throughput_rps", rate, 0.55 * users.confidence, users.span, reason)
    if devices and isinstance(devices.value, int):
        rate = devices.value / SECONDS_PER_DEVICE_EVENT
        reason = f"{devices.value:,} devices with one event a minute each."
        yield Conclusion("throughput_rps", rate, 0.5 * devices.confidence, devices.span, reason)
    if documents and isinstance(documents.value, int):
        reason = "Documents are counted, so answers are drawn from them."
        yield Conclusion("workload", Workload.RAG, 0.8 * documents.confidence, documents.span, reason)
        size = documents.value * MEGABYTES_PER_DOCUMENT / 1000
        reason = f"{documents.value:,} documents of about {MEGABYTES_PER_DOCUMENT} MB each."
        yield Conclusion("data_volume_gb", size, 0.5 * documents.confidence, documents.span, reason)


def _best(conclusions: Iterator[Conclusion]) -> dict[str, Conclusion]:
    """The surest conclusion of each field; of sets, all of them together."""
    best: dict[str, Conclusion] = {}
    for item in conclusions:
        if item.confidence < FAINTEST:
            continue
        kept = best.get(item.field)
        if kept is None:
            best[item.field] = item
            continue
        surer = max(kept, item, key=lambda one: one.confidence)
        if item.field in UNIONS and isinstance(kept.value, tuple) and isinstance(item.value, tuple):
            values = tuple(dict.fromkeys((*kept.value, *item.value)))
            reasons = kept.reason if item.reason in kept.reason else f"{kept.reason} {item.reason}"
            surer = surer._replace(value=values, reason=reasons)
        best[item.field] = surer
    return best
