"""How large a component must be: its machine, its parameters, what it carries, and its resources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

from pilothouse.apps.mlops.catalogue.facts import Machine, MachineRule
from pilothouse.apps.mlops.catalogue.formula import parse_formula
from pilothouse.apps.mlops.catalogue.model import Component

Parameter: TypeAlias = str | int | float | bool

SURVIVING_UTILISATION = 0.95
"""Share of capacity that peak traffic may use when one unit of several is lost."""

UNITS = ("replicas", "nodes", "shards")
"""Parameters that count units, in the order in which an extra unit is given to the first that is there."""


@dataclass(frozen=True, slots=True)
class Sized:
    """A component's parameters, and the variables its resources are computed from."""

    parameters: dict[str, Parameter]
    variables: dict[str, float]
    machines: tuple[Machine, int] | None = None


def amount(quantity: float | str, variables: Mapping[str, float]) -> float:
    """The number that `quantity` (a number, or `=` and a formula) stands for."""
    if isinstance(quantity, str):
        return parse_formula(quantity[1:]).value(variables)
    return float(quantity)


def tidy(value: float) -> int | float:
    """Whole numbers as int, others to six significant digits: what a reader wants to see."""
    if value == int(value):
        return int(value)
    return float(f"{value:.6g}")


def size(
    component: Component,
    variables: Mapping[str, float],
    labels: Mapping[str, str],
    extra: int = 0,
    machines: tuple[Machine, int] | None = None,
) -> Sized:
    """Size `component`; `extra` units go on top of what it needs. Given `machines` are kept as they are."""
    known = dict(variables)
    parameters: dict[str, Parameter] = {}
    pending = extra
    if component.machine is not None:
        if machines is None:
            machine, count = choose_machine(component.machine, known)
            machines = (machine, count + pending)
        machine, count = machines
        pending = 0
        if component.machine.label:
            parameters[component.machine.label] = machine.id
        parameters[component.machine.count] = count
        known |= machine_variables(machine, known) | {component.machine.count: float(count)}
    for name, value in component.sizing.items():
        if isinstance(value, str) and not value.startswith("="):
            parameters[name] = labels[value[1:]] if value.startswith("@") else value
            continue
        number = amount(value, known)
        if pending and name in UNITS:
            number, pending = number + pending, 0
        known[name] = number
        parameters[name] = value if isinstance(value, bool) else tidy(number)
    return Sized(parameters=parameters, variables=known, machines=machines)


def choose_machine(rule: MachineRule, variables: Mapping[str, float]) -> tuple[Machine, int]:
    """The smallest machine of which `rule.comfortable` are enough (else the largest), and how many."""
    memory = amount(rule.memory_gb, variables)
    vcpu, gpu = amount(rule.vcpu, variables), amount(rule.gpu, variables)
    minimum = max(1, math.ceil(amount(rule.minimum, variables)))
    fitting = [m for m in rule.types if m.memory_gb >= memory and (m.gpu > 0) == (gpu > 0)]
    if not fitting:
        fitting = [m for m in rule.types if m.memory_gb >= memory] or [rule.types[-1]]
    for machine in fitting:
        count = _count(machine, vcpu, gpu, minimum)
        if count <= rule.comfortable:
            return machine, count
    return fitting[-1], _count(fitting[-1], vcpu, gpu, minimum)


def _count(machine: Machine, vcpu: float, gpu: float, minimum: int) -> int:
    units = gpu / machine.gpu if gpu and machine.gpu else vcpu / machine.vcpu
    enough = max(minimum, math.ceil(round(units, 9)))
    if minimum > 1:  # after the loss of one, the others carry the peak
        enough = max(enough, math.ceil(round(units * 0.6 / SURVIVING_UTILISATION, 9)) + 1)
    return enough


def machine_variables(machine: Machine, variables: Mapping[str, float]) -> dict[str, float]:
    """What formulas may read of a machine; `unit_rps` is what one of it carries at full use."""
    unit = machine.gpu * variables["gpu_rps"] if machine.gpu else machine.vcpu * variables["cpu_rps"]
    return {
        "vcpu": machine.vcpu,
        "memory_gb": machine.memory_gb,
        "machine_gpu": float(machine.gpu),
        "unit_rps": unit,
    }


def restore(
    component: Component, parameters: Mapping[str, Parameter], variables: Mapping[str, float]
) -> dict[str, float]:
    """The variables behind a sizing that was made earlier: from its parameters and the brief's sheet."""
    known = dict(variables)
    rule = component.machine
    if rule is not None:
        name = parameters.get(rule.label) if rule.label else None
        machine = next((m for m in rule.types if m.id == name), None)
        machine = machine or choose_machine(rule, known)[0]
        known |= machine_variables(machine, known)
    known |= {name: float(value) for name, value in parameters.items() if isinstance(value, int | float)}
    return known


def over_limit(component: Component, sized: Sized) -> tuple[float, float] | None:
    """The number of units needed and the most there can be, where the first is greater."""
    limits = component.limits
    if limits.units is None or limits.max_units is None:
        return None
    need = float(sized.parameters[limits.units])
    most = amount(limits.max_units, sized.variables)
    return (need, most) if need > most else None


def fill(value: JsonValue, variables: Mapping[str, float], labels: Mapping[str, Parameter]) -> JsonValue:
    """A recipe's value with `=formula` and `?condition` computed and `@name` replaced, at any depth."""
    if isinstance(value, dict):
        return {key: fill(inner, variables, labels) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, variables, labels) for inner in value]
    if isinstance(value, str) and value.startswith("="):
        return tidy(parse_formula(value[1:]).value(variables))
    if isinstance(value, str) and value.startswith("?"):
        return bool(parse_formula(value[1:]).value(variables))
    if isinstance(value, str) and value.startswith("@"):
        return labels[value[1:]]
    return value
