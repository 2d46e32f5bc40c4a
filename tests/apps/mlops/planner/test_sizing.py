"""Machines and parameters follow the load; what is restored from a design is what was computed for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.catalogue.facts import Machine, MachineRule
from pilothouse.apps.mlops.catalogue.variables import VARIABLES
from pilothouse.apps.mlops.planner.brief import make_brief
from pilothouse.apps.mlops.planner.sheet import Level, Place, Posture, sheet
from pilothouse.apps.mlops.planner.sizing import amount, choose_machine, fill, over_limit, restore, size, tidy
from pilothouse.apps.mlops.requirements import Requirements, Workload

Ask = Callable[..., Requirements]
BASE = {**dict.fromkeys(VARIABLES, 0.0), "cpu_rps": 100.0, "gpu_rps": 500.0, "peak_rps": 1.0}
SIZES = (
    Machine(id="small", vcpu=2, memory_gb=4),
    Machine(id="large", vcpu=8, memory_gb=32),
    Machine(id="gpu", vcpu=4, memory_gb=16, gpu=1),
)


@pytest.mark.parametrize(
    ("vcpu", "memory", "gpu", "minimum", "expected"),
    [
        (1, 1, 0, 1, ("small", 1)),
        (1, 1, 0, 2, ("small", 2)),
        (6, 1, 0, 1, ("small", 3)),
        (6, 1, 0, 2, ("small", 3)),
        (4, 1, 0, 1, ("small", 2)),
        (4, 1, 0, 2, ("small", 3)),
        (40, 1, 0, 1, ("large", 5)),
        (400, 1, 0, 1, ("large", 50)),
        (1, 10, 0, 1, ("large", 1)),
        (0, 1, 2.5, 1, ("gpu", 3)),
        (1, 500, 0, 1, ("gpu", 1)),
    ],
)
def test_the_smallest_machine_that_does_is_chosen(
    vcpu: float, memory: float, gpu: float, minimum: float, expected: tuple[str, int]
) -> None:
    rule = MachineRule(vcpu=vcpu, memory_gb=memory, gpu=gpu, minimum=minimum, comfortable=4, types=SIZES)
    machine, count = choose_machine(rule, BASE)
    assert (machine.id, count) == expected


@given(vcpu=st.floats(0.1, 30), minimum=st.integers(2, 4))
def test_what_is_left_after_a_loss_carries_the_peak(vcpu: float, minimum: int) -> None:
    rule = MachineRule(vcpu=vcpu, minimum=minimum, types=SIZES[:2])
    machine, count = choose_machine(rule, BASE)
    assert count >= minimum
    assert (count - 1) * machine.vcpu >= vcpu * 0.6 / 0.95 - 1e-6  # vcpu stands for 60 % use


def test_more_traffic_never_makes_a_component_smaller(catalogue: Catalogue, ask: Ask) -> None:
    place = Place(region="us-east-1", share=1.0, peak_share=1.0)
    for component in catalogue.components:
        counts = []
        for rps in (1.0, 50.0, 2000.0):
            brief = make_brief(ask(workload=Workload.STREAMING, throughput_rps=rps), catalogue)
            labels = {"host": "aws", "availability_type": "REGIONAL", "redis_tier": "BASIC"}
            sized = size(component, sheet(brief, Posture(2), place), labels)
            vcpu = sized.variables.get("vcpu", 1.0)
            units = [
                sized.parameters[name] for name in ("replicas", "nodes", "shards") if name in sized.parameters
            ]
            counts.append(vcpu * float(units[0]) if units else 0.0)
        assert counts == sorted(counts), component.id


def test_sizing_restored_from_parameters_reads_the_same_variables(catalogue: Catalogue, ask: Ask) -> None:
    brief = make_brief(ask(workload=Workload.ONLINE, throughput_rps=900.0), catalogue)
    variables = sheet(brief, Posture(2), Place(region="us-east-1", share=1.0, peak_share=1.0))
    labels = {"host": "aws", "availability_type": "REGIONAL", "redis_tier": "BASIC"}
    for component in catalogue.components:
        sized = size(component, variables, labels)
        again = restore(component, sized.parameters, variables)
        if component.capacity_rps is not None:
            assert amount(component.capacity_rps, again) == pytest.approx(
                amount(component.capacity_rps, sized.variables), rel=1e-4
            )


def test_a_limit_is_reported_with_need_and_most(catalogue: Catalogue) -> None:
    kinesis = catalogue.component("aws-kinesis")
    sized = size(kinesis, {**BASE, "peak_rps": 1e6, "payload_kb": 1.0}, {})
    assert over_limit(kinesis, sized) == (1_300_000.0 / 1000, 500.0)
    assert over_limit(kinesis, size(kinesis, {**BASE, "payload_kb": 1.0}, {})) is None
    assert over_limit(catalogue.component("aws-s3"), sized) is None


def test_recipes_are_filled_at_any_depth() -> None:
    value = {"a": ["=n * 2", {"b": "@name", "c": "?n > 3", "d": "?n > 1"}], "e": 5, "f": "text"}
    assert fill(value, {"n": 2.0}, {"name": "here"}) == {
        "a": [4, {"b": "here", "c": False, "d": True}],
        "e": 5,
        "f": "text",
    }


@pytest.mark.parametrize(("value", "shown"), [(3.0, 3), (0.123456789, 0.123457), (1234567.89, 1234570.0)])
def test_numbers_are_shown_tidily(value: float, shown: float) -> None:
    assert tidy(value) == shown


def test_usage_rises_with_the_level(catalogue: Catalogue, ask: Ask) -> None:
    brief = make_brief(ask(workload=Workload.ONLINE), catalogue)
    place = Place(region="us-east-1", share=1.0, peak_share=1.0)
    low, expected, high = (sheet(brief, Posture(2), place, level=level) for level in Level)
    for name in ("requests", "data_gb", "feature_reads", "log_gb", "train_vcpu_hours", "storage_gb"):
        assert low[name] < expected[name] < high[name], name
    assert low["peak_rps"] == high["peak_rps"]
