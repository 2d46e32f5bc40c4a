"""What is known of a component: limits, latency, availability, compliance, effort, each with its basis."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, JsonValue

from pilothouse.apps.mlops.catalogue.formula import parse_formula
from pilothouse.apps.mlops.requirements import Fraction, Frozen, Regime, Skill

ASSUMPTION = "assumption"
"""The basis of a number that no public source states: a design assumption, to be measured before use."""


def _parsed(value: float | str) -> float | str:
    if isinstance(value, str):
        parse_formula(formula_text(value))
    return value


def formula_text(value: str) -> str:
    """The formula behind its leading `=`. Raises `ValueError` where the sign is missing."""
    if not value.startswith("="):
        raise ValueError(f"{value!r} is neither a number nor a formula: a formula starts with '='")
    return value[1:]


def _sourced(value: str) -> str:
    if value != ASSUMPTION and not value.startswith("https://"):
        raise ValueError(f"{value!r} is neither the address of a public source nor '{ASSUMPTION}'")
    return value


Quantity: TypeAlias = Annotated[float | str, AfterValidator(_parsed)]
"""A number, or a formula (text that starts with `=`) over the sizing variables."""

Basis: TypeAlias = Annotated[str, AfterValidator(_sourced)]
"""Where a fact comes from: the address of a public source, or `assumption`."""


class Latency(Frozen):
    """What the component adds to one request, in milliseconds, at the median and the 99th percentile."""

    p50_ms: Quantity
    p99_ms: Quantity
    basis: Basis = ASSUMPTION


class Availability(Frozen):
    """Monthly availability: `redundant` over two zones or more, `single` with one unit only.

    A service that spans zones by itself has no `single`.
    """

    redundant: Fraction
    single: Fraction | None = None
    basis: Basis


class Compliance(Frozen):
    """The regimes the provider attests for the service, and the protections it offers."""

    attests: tuple[Regime, ...] = ()
    source: Basis
    encryption_at_rest: bool = True
    encryption_in_transit: bool = True
    customer_keys: bool = True
    private_network: bool = True
    audit_log: bool = True
    in_region: bool = True  # data stays in the chosen region


class Effort(Frozen):
    """What it takes: person-days to set up, hours a month to run, and the skill for both (estimates)."""

    setup_days: float = Field(ge=0)
    operation_hours: float = Field(ge=0)
    skill: Skill


class Limits(Frozen):
    """Hard limits that a sizing must stay within; None where there is none that matters here."""

    max_units: Quantity | None = None  # the most units (shards, replicas, nodes) one deployment takes
    units: str | None = None  # the parameter that `max_units` bounds
    max_payload_kb: float | None = None
    max_timeout_s: float | None = None
    max_retention_days: float | None = None
    source: Basis = ASSUMPTION


class Machine(Frozen):
    """One size a component comes in; `memory_gb` and `vcpu` are its provider's figures."""

    id: str
    vcpu: float = Field(gt=0)
    memory_gb: float = Field(gt=0)
    gpu: int = 0


class MachineRule(Frozen):
    """How a size and a number of machines are found: smallest size that needs at most `comfortable`."""

    vcpu: Quantity = 0.0  # needed in total
    memory_gb: Quantity = 0.0  # needed on each machine
    gpu: Quantity = 0.0  # needed in total
    minimum: Quantity = 1.0
    label: str = "instance"  # the parameter that takes the machine's id; empty: none does
    count: str = "replicas"  # the parameter that takes the number
    comfortable: int = 12
    types: tuple[Machine, ...] = Field(min_length=1)
    source: Basis = ASSUMPTION


class Recipe(Frozen):
    """One resource of a component. Text `=…` is a formula, `?…` a condition, `@name` a parameter's value.

    `when` (a formula) leaves the resource out where it is zero; `per` says whether it stands in every
    region of the design or once.
    """

    type: str
    name: str
    attributes: dict[str, JsonValue] = Field(default_factory=dict)
    usage: dict[str, JsonValue] = Field(default_factory=dict)
    count: Quantity = 1.0
    when: Quantity = 1.0
    per: str = Field(default="region", pattern="^(region|once)$")
    assumption: str = ""
