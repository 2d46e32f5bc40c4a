"""What the diagram shows: boxes in lanes and columns, and what flows between them, by workload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pilothouse.apps.mlops.design import Choice, Design, Role
from pilothouse.apps.mlops.publish.words import name
from pilothouse.apps.mlops.requirements import Workload

CLIENT = "client"
SOURCES = "sources"

_CLIENTS = {
    Workload.ONLINE: "Client applications",
    Workload.RAG: "Users",
    Workload.EDGE: "Cameras and sensors",
    Workload.BATCH: "Consumers of predictions",
    Workload.STREAMING: "Consumers of results",
    Workload.TRAINING: "Users of the model",
}
_SOURCES = {Workload.RAG: "Documents", Workload.STREAMING: "Event producers"}

BESIDE = (Role.CACHE, Role.FEATURE_STORE, Role.VECTOR_STORE, Role.LLM)
"""What serving asks while it answers: stacked in the last column of the request path."""

_SUPPORT = (Role.ORCHESTRATION, Role.MONITORING, Role.DRIFT, Role.CICD, Role.SECRETS, Role.IDENTITY)

_CALLS = {
    Role.CACHE: "cached",
    Role.FEATURE_STORE: "features",
    Role.VECTOR_STORE: "search",
    Role.LLM: "prompt",
}


@dataclass(frozen=True)
class Item:
    """A box: a chosen component, or someone outside of the system (`choice` None)."""

    key: str
    role: str
    name: str
    choice: Choice | None = None


@dataclass(frozen=True)
class Flow:
    """What goes from one box to another."""

    start: str
    end: str
    label: str


@dataclass(frozen=True)
class Graph:
    """Two lanes of columns (the request path above data and models), the support, and the flows."""

    upper: tuple[tuple[Item, ...], ...]
    lower: tuple[tuple[Item, ...], ...]
    support: tuple[Item, ...]
    flows: tuple[Flow, ...]


def graph_of(design: Design) -> Graph:
    """The boxes and flows of a design; every choice is in it once."""
    items = {role: _items(design, role) for role in Role}
    client = _actor(CLIENT, _CLIENTS[design.workload])
    sources = _actor(SOURCES, _SOURCES.get(design.workload, "Data sources"))
    serving = items[Role.SERVING]
    beside = tuple(item for role in BESIDE for item in items[role])
    upper = [(client,), items[Role.GATEWAY], serving, beside] if serving else [items[Role.GATEWAY], beside]
    lower = [(sources,), *(items[r] for r in (Role.INGEST, Role.STORAGE, Role.TRAINING, Role.REGISTRY))]
    if not serving:
        lower.append((client,))
    boxes = [*upper, *lower]
    shown = {item.key for column in boxes for item in column}
    first = {role: found[0].key for role, found in items.items() if found}
    flows = [flow for flow in _flows(design, first) if {flow.start, flow.end} <= shown]
    return Graph(
        upper=tuple(column for column in upper if column),
        lower=tuple(column for column in lower if column),
        support=tuple(item for role in _SUPPORT for item in items[role]),
        flows=tuple(flows),
    )


def _items(design: Design, role: Role) -> tuple[Item, ...]:
    found = [choice for choice in design.choices if choice.role is role]
    label = name(role.value)
    return tuple(
        Item(f"{role.value}.{number}" if number else role.value, label, choice.name, choice)
        for number, choice in enumerate(found)
    )


def _actor(key: str, title: str) -> Item:
    return Item(key, "", title)


def _flows(design: Design, first: dict[Role, str]) -> Iterator[Flow]:
    """Flows between roles; those of a role that the design does not have lead past it."""
    yield from _requests(design, first)
    trained = (Role.TRAINING, Role.REGISTRY) if Role.TRAINING in first else ()
    chain = [SOURCES, *(first[role] for role in (Role.INGEST, Role.STORAGE, *trained) if role in first)]
    labels = {Role.TRAINING.value: "features", Role.REGISTRY.value: "model"}
    for start, end in pairwise(chain):
        yield Flow(start, end, labels.get(end, "data"))
    serving = first.get(Role.SERVING)
    storage = first.get(Role.STORAGE, "")
    if serving is None:
        yield Flow(chain[-1], CLIENT, "model")
        return
    yield Flow(first.get(Role.REGISTRY, ""), serving, "image" if design.workload is Workload.RAG else "model")
    if design.workload is Workload.BATCH:
        yield Flow(storage, serving, "batches")
    if design.workload is Workload.STREAMING:
        yield Flow(first.get(Role.INGEST, storage), serving, "events")
    if design.workload is Workload.EDGE:
        yield Flow(serving, first.get(Role.INGEST, storage), "telemetry")
    yield Flow(storage, first.get(Role.FEATURE_STORE, ""), "features")
    yield Flow(storage, first.get(Role.VECTOR_STORE, ""), "index")


def _requests(design: Design, first: dict[Role, str]) -> Iterator[Flow]:
    serving = first.get(Role.SERVING)
    if serving is None:
        return
    gateway = first.get(Role.GATEWAY)
    if gateway is not None:
        yield Flow(CLIENT, gateway, "requests")
        yield Flow(gateway, serving, "requests")
    elif design.workload in {Workload.BATCH, Workload.STREAMING}:
        yield Flow(serving, CLIENT, "results" if design.workload is Workload.STREAMING else "predictions")
    else:
        yield Flow(CLIENT, serving, "inputs" if design.workload is Workload.EDGE else "requests")
    for role, label in _CALLS.items():
        if role in first:
            yield Flow(serving, first[role], label)
