"""Latency at a percentile and availability of copies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.planner.path import (
    at_percentile,
    component_availability,
    component_latency,
    is_redundant,
    over_regions,
)


def test_the_stated_percentiles_come_out_as_they_are() -> None:
    assert at_percentile(10, 40, 50) == pytest.approx(10)
    assert at_percentile(10, 40, 99) == pytest.approx(40)
    assert at_percentile(0, 0, 99) == 0
    assert at_percentile(0, 7, 99) == 7


@given(p50=st.floats(0.1, 1000), factor=st.floats(1, 20), low=st.floats(50, 99.9), more=st.floats(0, 0.09))
def test_a_higher_percentile_is_never_faster(p50: float, factor: float, low: float, more: float) -> None:
    assert at_percentile(p50, p50 * factor, low) <= at_percentile(p50, p50 * factor, low + more) + 1e-9


@given(availability=st.floats(0.9, 0.9999), regions=st.integers(2, 4))
def test_copies_are_never_less_available_than_their_router_and_one_of_them(
    availability: float, regions: int
) -> None:
    assert over_regions(availability, 1, 0.9999) == availability
    assert over_regions(availability, regions, 0.99999) >= availability - 1e-5


def test_redundancy_comes_from_the_service_or_from_units(catalogue: Catalogue) -> None:
    assert is_redundant(catalogue.component("aws-lambda"), {})
    fargate = catalogue.component("aws-ecs-fargate")
    assert not is_redundant(fargate, {"replicas": 1})
    assert is_redundant(fargate, {"replicas": 2})
    assert component_availability(fargate, {"replicas": 1}) == 0.99
    assert component_availability(fargate, {"replicas": 2}) == 0.9999
    assert component_availability(catalogue.component("aws-iam"), {}) == 1.0


def test_a_component_without_latency_adds_none(catalogue: Catalogue) -> None:
    assert component_latency(catalogue.component("aws-iam"), {}, 99) == 0
    assert component_latency(catalogue.component("aws-dynamodb"), {}, 99) == pytest.approx(12)
