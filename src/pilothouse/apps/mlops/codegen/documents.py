"""README.md and docs/ of a generated repository: architecture, decisions, cost, compliance, runbook."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from pilothouse.apps.mlops.codegen.assets import cell, line, render
from pilothouse.apps.mlops.codegen.facts import CLOUD_NAMES, WORKLOAD_NAMES, Facts
from pilothouse.apps.mlops.codegen.guidance import (
    first_steps,
    measures,
    own_steps,
    path_text,
    places,
    secrets_text,
    tasks,
)
from pilothouse.apps.mlops.codegen.mermaid import flowchart
from pilothouse.apps.mlops.codegen.monitoring import alert_rules, percent
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.rationale import Decision, rationale
from pilothouse.apps.mlops.requirements import Constraint, Frozen, Workload

FILE = Path(__file__).parent / "runbook.toml"
RESTORE = {
    Role.STORAGE: "versions of the objects in the bucket",
    Role.VECTOR_STORE: "the database's backups, or the index command, which makes the passages again",
    Role.FEATURE_STORE: "the table's backups, or the train command, which writes the features again",
}


class Help(Frozen):
    """What an alert means and what to do about it."""

    means: str
    look: str
    helps: tuple[str, ...]


def document_files(facts: Facts, values: Mapping[str, object]) -> dict[str, str]:
    """README.md and everything under docs/, by path."""
    shared = {**values, **_shared(facts)}
    files = {
        "README.md": render("docs/README.md.j2", shared),
        "docs/architecture.md": render("docs/architecture.md.j2", {**shared, **_architecture(facts)}),
        "docs/cost.md": render("docs/cost.md.j2", {**shared, **_cost(facts)}),
        "docs/requirements.md": render("docs/requirements.md.j2", {**shared, **_requirements(facts)}),
        "docs/compliance.md": render("docs/compliance.md.j2", {**shared, **_compliance(facts)}),
        "docs/runbook.md": render("docs/runbook.md.j2", {**shared, **_runbook(facts)}),
    }
    if facts.workload is not Workload.RAG:
        files["docs/model-card.md"] = render("docs/model-card.md.j2", {**shared, **_model_card(facts)})
    for decision in rationale(facts.design, facts.reviews).decisions:
        text = render("docs/decision.md.j2", {"decision": decision, "number": int(decision.id)})
        files[f"docs/decisions/{decision.id}-{_slug(decision)}.md"] = text
    return files


def _slug(decision: Decision) -> str:
    about = decision.role.value if decision.role else "platform"
    return re.sub(r"[^a-z0-9]+", "-", f"{about}-{decision.component or ''}".lower()).strip("-")


def dollars(amount: Decimal | None, places_: int = 2) -> str:
    """An amount as people read it, or a dash where it is not known."""
    return "-" if amount is None else f"${amount:,.{places_}f}"


def _shared(facts: Facts) -> dict[str, object]:
    design = facts.design
    targets = [f"{percent(design.demand.availability)} available"]
    if design.demand.latency_ms is not None:
        targets.insert(0, f"{design.demand.latency_ms:g} ms at p{design.demand.latency_percentile:g}")
    holds = {
        Workload.BATCH: "validation, features, training, registry, drift, and scoring by day",
        Workload.ONLINE: "validation, features, training, registry, drift, and the inference service",
        Workload.STREAMING: "validation, features, training, registry, drift, and the stream consumer",
        Workload.EDGE: "validation, training, registry, drift, and the runtime of the devices",
        Workload.RAG: "splitting, embedding, retrieval, prompts, evaluation, and the question service",
        Workload.TRAINING: "validation, features, training, evaluation, registry and drift",
    }
    return {
        "project": facts.project,
        "prompt": " ".join(design.requirements.prompt.split())[:600],
        "workload_name": WORKLOAD_NAMES[facts.workload],
        "cloud_name": CLOUD_NAMES[facts.cloud],
        "demand": {"mean_rps": f"{design.demand.mean_rps:g}", "peak_rps": f"{design.demand.peak_rps:g}"},
        "targets": ", ".join(targets),
        "expected": dollars(design.bill.expected, 0),
        "low": dollars(design.bill.low, 0),
        "high": dollars(design.bill.high, 0),
        "package_holds": holds[facts.workload],
        "own_steps": own_steps(facts),
        "needs_cluster": any(m.kubernetes for m in facts.modules) and "aws-eks" not in facts.components,
    }


def _architecture(facts: Facts) -> dict[str, object]:
    choices = [
        {
            "role": choice.role.value.replace("_", " "),
            "name": cell(choice.name),
            "why": cell(choice.why),
            "size": cell(
                ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in choice.parameters.items())
            ),
        }
        for choice in facts.design.choices
    ]
    return {
        "diagram": flowchart(facts),
        "choices": choices,
        "path_text": path_text(facts),
        "places": places(facts),
        "assumptions": dict.fromkeys(
            map(line, (*facts.design.demand.assumptions, *facts.design.assumptions))
        ),
    }


def _cost(facts: Facts) -> dict[str, object]:
    bill = facts.design.bill
    lines = [
        {
            "component": item.component,
            "description": item.description,
            "quantity": "-"
            if item.quantity is None
            else f"{item.quantity:,.4g}"
            if item.quantity < 1
            else f"{item.quantity:,.0f}",
            "unit": item.unit,
            "unit_price": "-" if item.unit_price is None else f"${item.unit_price.normalize():f}",
            "monthly": dollars(item.monthly),
            "assumption": item.assumption,
        }
        for item in bill.lines
    ]
    sources = sorted({(s.url, s.date.isoformat(), s.region) for item in bill.lines if (s := item.source)})
    return {
        "lines": lines,
        "unknown": bill.unknown,
        "sources": [{"url": url, "date": date, "region": region} for url, date, region in sources],
        "budget": dollars(bill.budget_usd, 0) if bill.budget_usd is not None else "",
        "notes": bill.notes,
    }


def _requirements(facts: Facts) -> dict[str, object]:
    rows = []
    for name in type(facts.design.requirements).model_fields:
        constraint = getattr(facts.design.requirements, name)
        if not isinstance(constraint, Constraint):
            continue
        words = (
            f'{constraint.origin.value}: "{constraint.span.text}"'
            if constraint.span
            else constraint.origin.value
        )
        rows.append(
            {
                "name": name.replace("_", " "),
                "value": _value(constraint),
                "origin": words,
                "confidence": f"{constraint.confidence:.2f}",
            }
        )
    return {"constraints": rows, "relaxations": facts.design.relaxations}


def _value(constraint: Constraint[object]) -> str:
    value = constraint.value
    if isinstance(value, tuple):
        text = ", ".join(str(item) for item in value)
    elif isinstance(value, Frozen):
        text = ", ".join(f"{key} {item}" for key, item in value.model_dump(mode="json").items())
    else:
        text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {constraint.unit}" if constraint.unit else text


def _compliance(facts: Facts) -> dict[str, object]:
    return {
        "regimes": ", ".join(regime.value.upper().replace("_", " ") for regime in facts.compliance),
        "measures": measures(facts),
        "checks": [check for review in facts.reviews for check in review.checks],
    }


def _runbook(facts: Facts) -> dict[str, object]:
    alerts = []
    for rule in alert_rules(facts):
        help_ = _helps()[str(rule["alert"])]
        labels = rule["labels"]
        severity = labels["severity"] if isinstance(labels, dict) else ""
        alerts.append(
            {
                "name": rule["alert"],
                "expression": rule["expr"],
                "wait": rule["for"],
                "severity": severity,
                **help_.model_dump(),
            }
        )
    restore = [text for role, text in RESTORE.items() if facts.has(role)]
    return {
        "alerts": alerts,
        "tasks": tasks(facts),
        "first_steps": first_steps(facts),
        "secrets_text": secrets_text(facts),
        "restore": "; ".join(restore) or "the sources",
    }


def _model_card(facts: Facts) -> dict[str, object]:
    classification = facts.dataset.task == "classification"
    days = facts.retraining_days
    return {
        "dataset": facts.dataset,
        "family": facts.family.value.replace("_", " "),
        "retraining": "day" if days == 1 else f"{days:g} days",
        "judged": "AUC, log loss and calibration"
        if classification
        else "RMSE, absolute and against the label's spread",
    }


@cache
def _helps() -> dict[str, Help]:
    return TypeAdapter(dict[str, Help]).validate_python(tomllib.loads(FILE.read_text(encoding="utf-8")))
