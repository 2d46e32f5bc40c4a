"""A comparison names every difference between two designs, and none where there is none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pilothouse.apps.mlops.catalogue import Catalogue, load_catalogue
from pilothouse.apps.mlops.comparison import compare
from pilothouse.apps.mlops.design import Design, Role
from pilothouse.apps.mlops.planner import plan
from pilothouse.apps.mlops.pricing import load_book
from pilothouse.apps.mlops.requirements import Budget, Cloud, Constraint, Requirements, Workload


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def design(catalogue: Catalogue, **values: Any) -> Design:
    stated = {name: Constraint(value=value) for name, value in values.items()}
    return plan(Requirements(prompt="a test", **stated), catalogue, load_book())


def test_a_design_does_not_differ_from_itself(catalogue: Catalogue) -> None:
    first = design(catalogue, workload=Workload.ONLINE, cloud=Cloud.AWS)
    comparison = compare(first, first)
    assert comparison.same
    assert comparison.low == comparison.expected == comparison.high == 0


def test_constraints_that_came_went_or_changed_are_named(catalogue: Catalogue) -> None:
    money = Budget(monthly=Decimal(900), currency="EUR", stated_amount=Decimal(900))
    first = design(catalogue, workload=Workload.ONLINE, cloud=Cloud.AWS, throughput_rps=10.0, gpu=False)
    second = design(
        catalogue,
        workload=Workload.ONLINE,
        cloud=Cloud.AWS,
        throughput_rps=400.0,
        budget=money,
        regions=("us", "eu"),
    )
    found = {change.name: (change.was, change.becomes) for change in compare(first, second).constraints}
    assert found["throughput_rps"] == ("10.0", "400.0")
    assert found["gpu"] == ("False", None)
    assert found["regions"] == (None, "us, eu")
    assert found["budget"][0] is None
    assert "EUR" in str(found["budget"][1])
    assert "cloud" not in found


def test_units_count_and_the_words_they_were_read_from_do_not(catalogue: Catalogue) -> None:
    first = design(catalogue, workload=Workload.ONLINE, latency_ms=100.0)
    other = first.requirements.model_copy(
        update={"latency_ms": Constraint(value=100.0, confidence=0.5), "prompt": "another"}
    )
    assert compare(first, first.model_copy(update={"requirements": other})).same
    seconds = first.requirements.model_copy(update={"latency_ms": Constraint(value=100.0, unit="s")})
    [change] = compare(first, first.model_copy(update={"requirements": seconds})).constraints
    assert change.becomes == "100.0 s"


def test_another_platform_changes_frame_choices_and_costs(catalogue: Catalogue) -> None:
    first = design(catalogue, workload=Workload.ONLINE, cloud=Cloud.AWS)
    second = design(catalogue, workload=Workload.ONLINE, cloud=Cloud.GCP)
    comparison = compare(first, second)
    frame = {change.name: (change.was, change.becomes) for change in comparison.frame}
    assert frame["cloud"] == ("aws", "gcp")
    assert frame["region"] == ("us-east-1", "us-central1")
    storage = next(change for change in comparison.choices if change.role is Role.STORAGE)
    assert (storage.was, storage.becomes) == ("aws-s3", "gcp-gcs")
    costs = {change.component: change for change in comparison.costs}
    assert costs["aws-s3"].becomes is None
    assert costs["gcp-gcs"].was is None
    assert comparison.expected == second.bill.expected - first.bill.expected
    assert sum(change.difference for change in comparison.costs) == comparison.expected


def test_a_role_that_came_or_went_is_named(catalogue: Catalogue) -> None:
    first = design(catalogue, workload=Workload.ONLINE, cloud=Cloud.AWS)
    second = design(catalogue, workload=Workload.BATCH, cloud=Cloud.AWS)
    changes = {change.role: change for change in compare(first, second).choices}
    assert changes[Role.GATEWAY].becomes is None
    assert compare(first, second).frame[0].name == "workload"
    back = {change.role: change for change in compare(second, first).choices}
    assert back[Role.GATEWAY].was is None


def test_another_size_of_the_same_component_names_its_parameters(catalogue: Catalogue) -> None:
    given = {"workload": Workload.STREAMING, "cloud": Cloud.GCP}
    first, second = (
        design(catalogue, **given, throughput_rps=50.0),
        design(catalogue, **given, throughput_rps=5000.0),
    )
    serving = next(change for change in compare(first, second).choices if change.role is Role.SERVING)
    assert serving.was == serving.becomes
    replicas = next(change for change in serving.parameters if change.name == "replicas")
    assert int(replicas.was or 0) < int(replicas.becomes or 0)


def test_relaxations_are_part_of_the_frame(catalogue: Catalogue) -> None:
    first = design(catalogue, workload=Workload.ONLINE, cloud=Cloud.AWS)
    second = design(catalogue, workload=Workload.ONLINE, cloud=Cloud.AWS, latency_ms=1.0)
    change = next(change for change in compare(first, second).frame if change.name == "relaxations")
    assert change.was is None
    assert "latency_ms: 1 ms at p99 -> " in str(change.becomes)
