"""How values of a design are written for people: amounts, constraints, sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from pilothouse.apps.mlops.design import Choice, Design
from pilothouse.apps.mlops.requirements import Budget, Constraint

UNKNOWN = "unknown"


_NAMES = {
    "aws": "AWS",
    "gcp": "Google Cloud",
    "azure": "Azure",
    "kubernetes": "Kubernetes",
    "rag": "RAG",
    "document_qa": "document QA",
    "cicd": "CI/CD",
    "llm": "LLM",
    "gdpr": "GDPR",
    "hipaa": "HIPAA",
    "pci_dss": "PCI DSS",
    "soc2": "SOC 2",
    "eu_ai_act": "EU AI Act",
    "iso_27001": "ISO 27001",
    "fedramp": "FedRAMP",
    "ccpa": "CCPA",
    "gpu": "GPU",
}

_UNITS = re.compile(r"_(?:ms|rps|gb|days|weeks|gb_per_month)$")

_SIZES = {
    "instance": "{}",
    "nodes": "{} nodes",
    "shards": "{} shards",
    "partitions": "{} partitions",
    "replicas": "{} replicas",
    "max_replicas": "up to {}",
    "cpu": "{} vCPU",
    "memory_mb": "{} GB",
    "gpu": "{} GPU",
    "storage_gb": "{} GB",
    "hours_per_month": "{} h a month",
    "retention_hours": "kept {} h",
    "retention_days": "kept {} days",
    "model": "{}",
}


def name(word: str) -> str:
    """A word of the design as people write it: "aws" is "AWS", "feature_store" is "feature store"."""
    return _NAMES.get(word, word.replace("_", " "))


def label(field: str) -> str:
    """A field or role as a label, without the unit that its value bears: "latency_ms" is "Latency"."""
    text = (
        name(field) if field in _NAMES else " ".join(name(part) for part in _UNITS.sub("", field).split("_"))
    )
    return f"{text[:1].upper()}{text[1:]}"


def headline(design: Design) -> str:
    """The title of a design: what the model is for."""
    use_case = design.requirements.use_case
    return label(use_case.value.value) if use_case else f"{label(design.workload.value)} system"


def place(design: Design) -> str:
    """Where it runs."""
    return f"{name(design.cloud.value)}, {design.region}"


def money(amount: Decimal | None) -> str:
    """US dollars with cents; what is not known is said to be so."""
    return UNKNOWN if amount is None else f"${amount:,.2f}"


def number(amount: Decimal | float | None) -> str:
    """A quantity or unit price with up to ten decimal places."""
    if amount is None:
        return UNKNOWN
    text = f"{amount:,.10f}".rstrip("0").rstrip(".")
    return text or "0"


def value(item: Constraint[object]) -> str:
    """A constraint's value with its unit, and the range it was given as."""
    found = item.value
    if isinstance(found, Budget):
        stated = f"{found.stated_amount:,} {found.currency} a {found.stated_period}"
        return stated if found.stated_period == "month" else f"{stated} ({found.monthly:,.2f} a month)"
    if isinstance(found, tuple):
        text = ", ".join(name(str(part)) for part in found)
    elif isinstance(found, bool):
        text = "yes" if found else "no"
    elif isinstance(found, float | int):
        text = number(float(f"{found:.4g}") if abs(found) < 1 else round(found, 4))
    else:
        text = name(str(found))
    if item.unit:
        text = f"{text} {item.unit}"
    if item.low is not None and item.high is not None:
        text += f" (from {number(item.low)} to {number(item.high)})"
    return text


def sizes(choice: Choice) -> list[str]:
    """The sizes of a component, each with its unit; a zero (no GPU) is left out."""
    return [_size(key, size) for key, size in choice.parameters.items() if size not in (0, False, "")]


def _size(key: str, size: str | float | bool) -> str:
    """One size with its unit, in the singular where it is one."""
    form = _SIZES.get(key, f"{name(key)} {{}}")
    if isinstance(size, str):
        return form.format(size)
    amount = size / 1024 if key == "memory_mb" else size
    text = form.format(number(round(amount, 1)))
    return text.removesuffix("s") if amount == 1 and key != "retention_days" else text


def known(design: Design) -> Iterator[tuple[str, Constraint[object]]]:
    """The constraints that have a value, by name."""
    requirements = design.requirements
    for field in type(requirements).model_fields:
        found = getattr(requirements, field)
        if isinstance(found, Constraint):
            yield field, found
