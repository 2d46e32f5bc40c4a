"""The architecture as a Mermaid flowchart: roles as nodes, grouped by purpose, edges along the data."""

from __future__ import annotations

import re

from pilothouse.apps.mlops.codegen.facts import CLOUD_NAMES, Facts
from pilothouse.apps.mlops.design import Choice, Role
from pilothouse.apps.mlops.requirements import Workload

GROUPS = (
    (
        "serve",
        "Serving",
        (Role.GATEWAY, Role.SERVING, Role.CACHE, Role.FEATURE_STORE, Role.VECTOR_STORE, Role.LLM),
    ),
    (
        "learn",
        "Data and learning",
        (Role.INGEST, Role.STORAGE, Role.ORCHESTRATION, Role.TRAINING, Role.REGISTRY),
    ),
    ("watch", "Watching", (Role.MONITORING, Role.DRIFT)),
    ("trust", "Delivery and trust", (Role.CICD, Role.SECRETS, Role.IDENTITY)),
)
SOURCES = {
    Workload.BATCH: "Source data",
    Workload.ONLINE: "Callers",
    Workload.STREAMING: "Producers",
    Workload.EDGE: "Sensors",
    Workload.RAG: "People who ask",
    Workload.TRAINING: "Source data",
}
Edge = tuple[str, str, str]


def flowchart(facts: Facts) -> str:
    """The design as Mermaid source."""
    present = facts.design.choices
    lines = ["flowchart LR", f'  source(["{SOURCES[facts.workload]}"])']
    for key, title, roles in GROUPS:
        members = [choice for choice in present if choice.role in roles]
        if members:
            place = f" ({CLOUD_NAMES[facts.cloud]}, {facts.design.region})" if key == "serve" else ""
            lines.append(f'  subgraph {key}["{_text(title + place)}"]')
            lines += [f'    {_node(choice)}["{_label(choice)}"]' for choice in members]
            lines.append("  end")
    if facts.workload in {Workload.STREAMING, Workload.BATCH, Workload.EDGE}:
        lines.append('  sink(["Readers of results"])')
    lines += [f'  {a} -->|"{_text(text)}"| {b}' for a, b, text in edges(facts)]
    return "\n".join(lines)


def edges(facts: Facts) -> list[Edge]:
    """(from, to, what flows) between nodes that the design has; `source` and `sink` are outside."""
    node = {choice.role: _node(choice) for choice in reversed(facts.design.choices)}
    node_names = {role.value: name for role, name in node.items()} | {"source": "source", "sink": "sink"}
    return [
        (node_names[a], node_names[b], text)
        for a, b, text in (*_PATHS[facts.workload], *_SHARED)
        if a in node_names
        and b in node_names
        and not (a == "source" and b == "serving" and "gateway" in node_names)
    ]


_SHARED: tuple[Edge, ...] = (
    ("orchestration", "training", "starts"),
    ("storage", "training", "rows"),
    ("training", "registry", "candidate"),
    ("registry", "serving", "champion"),
    ("training", "feature_store", "features"),
    ("serving", "monitoring", "metrics"),
    ("storage", "drift", "what was scored"),
    ("drift", "monitoring", "alarm"),
    ("cicd", "registry", "image"),
    ("secrets", "serving", "keys"),
)
_PATHS: dict[Workload, tuple[Edge, ...]] = {
    Workload.BATCH: (
        ("source", "ingest", "files"),
        ("ingest", "storage", "features"),
        ("source", "storage", "rows by day"),
        ("orchestration", "serving", "starts daily"),
        ("storage", "serving", "partition"),
        ("serving", "storage", "predictions"),
        ("storage", "sink", "predictions"),
    ),
    Workload.ONLINE: (
        ("source", "gateway", "HTTPS"),
        ("source", "serving", "HTTPS"),
        ("gateway", "serving", "request"),
        ("serving", "cache", "lookup"),
        ("serving", "feature_store", "lookup"),
        ("ingest", "storage", "events"),
        ("serving", "storage", "what was scored"),
    ),
    Workload.STREAMING: (
        ("source", "ingest", "events"),
        ("ingest", "serving", "at least once"),
        ("serving", "feature_store", "lookup"),
        ("serving", "cache", "lookup"),
        ("serving", "sink", "results"),
        ("serving", "storage", "what was scored"),
    ),
    Workload.EDGE: (
        ("source", "serving", "readings"),
        ("serving", "ingest", "reports, when online"),
        ("ingest", "storage", "reports"),
        ("serving", "sink", "predictions, offline too"),
    ),
    Workload.RAG: (
        ("source", "gateway", "question"),
        ("source", "serving", "question"),
        ("gateway", "serving", "question"),
        ("serving", "cache", "known answer"),
        ("serving", "vector_store", "passages"),
        ("serving", "llm", "prompt"),
        ("orchestration", "serving", "index"),
        ("storage", "vector_store", "documents"),
    ),
    Workload.TRAINING: (
        ("source", "ingest", "files"),
        ("ingest", "storage", "features"),
        ("source", "storage", "labelled rows"),
        ("training", "monitoring", "metrics"),
    ),
}


def _node(choice: Choice) -> str:
    return re.sub(r"\W", "_", f"{choice.role.value}_{choice.component}")


def _label(choice: Choice) -> str:
    return f"{_text(choice.role.value.replace('_', ' ').capitalize())}<br/>{_text(choice.name)}"


def _text(text: str) -> str:
    """Text inside quotes: marks that would end it are written as entities."""
    return (
        text.replace("&", "#amp;")
        .replace('"', "#quot;")
        .replace("<", "#lt;")
        .replace(">", "#gt;")
        .replace("\n", " ")
    )
