"""One function prices every resource: priced, free, or one line that says there is no price."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pilothouse.apps.mlops.catalogue as catalogue_package
from pilothouse.apps.mlops.pricing import PriceBook, load_book, price
from pilothouse.apps.mlops.pricing.model import CostLine, Resource
from pilothouse.apps.mlops.pricing.pricer import FREE, PRICERS

BOOK = load_book()
counts = st.integers(min_value=0, max_value=10**12)


def test_an_unknown_type_is_one_line_that_names_it(lines: Callable[..., tuple[CostLine, ...]]) -> None:
    (line,) = lines("aws_something_new")
    assert line.description == "unpriced: type aws_something_new"
    assert line.monthly is None


@pytest.mark.parametrize("kind", ["aws_vpc", "aws_iam_role", "google_service_account"])
def test_a_free_type_has_no_lines(lines: Callable[..., tuple[CostLine, ...]], kind: str) -> None:
    assert lines(kind) == ()


def test_no_type_is_both_free_and_priced() -> None:
    assert not FREE & set(PRICERS)


def test_a_negative_usage_is_an_error(lines: Callable[..., tuple[CostLine, ...]]) -> None:
    with pytest.raises(ValueError, match="monthly_requests is -5"):
        lines("aws_sqs_queue", {}, {"monthly_requests": -5})


def _types(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["type"]} if isinstance(value.get("type"), str) else set()
        return own.union(*(_types(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(_types(inner) for inner in value))
    return set()


def test_every_type_of_the_catalogue_is_priced_or_free() -> None:
    folder = Path(catalogue_package.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.toml")]
    used = {
        kind
        for one in texts
        for kind in _types(tomllib.loads(one))
        if kind.startswith(("aws_", "google_", "azurerm_", "kubernetes_"))
    }
    assert used
    assert used <= set(PRICERS) | FREE


@pytest.mark.parametrize("kind", sorted(PRICERS))
def test_a_resource_without_arguments_in_an_unknown_region_never_costs_zero(
    lines: Callable[..., tuple[CostLine, ...]], kind: str
) -> None:
    found = lines(kind, region="mars-1")
    assert all(line.monthly is None for line in found)


def total(kind: str, usage: dict[str, int], count: int = 1) -> Decimal:
    resource = Resource(type=kind, address="a.b", region="us-east-1", count=Decimal(count))
    return sum((line.monthly or Decimal(0) for line in price(resource, usage, BOOK)), Decimal(0))


METERED = {
    "aws_lambda_function": ("monthly_requests", "request_duration_ms"),
    "aws_apigatewayv2_api": ("monthly_requests",),
    "aws_api_gateway_rest_api": ("monthly_requests",),
    "aws_sqs_queue": ("monthly_requests",),
    "aws_nat_gateway": ("monthly_data_processed_gb",),
    "aws_kinesis_firehose_delivery_stream": ("monthly_data_ingested_gb",),
    "aws_cloudwatch_log_group": ("monthly_data_ingested_gb", "storage_gb"),
    "aws_data_transfer": ("monthly_outbound_internet_gb",),
}


@settings(deadline=None)  # the first example reads the price files
@given(kind=st.sampled_from(sorted(METERED)), one=counts, other=counts)
def test_more_usage_never_costs_less(kind: str, one: int, other: int) -> None:
    less, more = sorted((one, other))
    costs = [total(kind, dict.fromkeys(METERED[kind], used)) for used in (less, more)]
    assert costs[0] <= costs[1]


@settings(deadline=None)  # the first example reads the price files
@given(kind=st.sampled_from(sorted(METERED)), used=counts, count=st.integers(min_value=1, max_value=50))
def test_many_resources_cost_many_times_one(kind: str, used: int, count: int) -> None:
    usage = dict.fromkeys(METERED[kind], used)
    assert total(kind, usage, count) == pytest.approx(total(kind, usage) * count)


def test_every_line_with_a_cost_names_its_source(book: PriceBook) -> None:
    usage = {"monthly_requests": 100, "request_duration_ms": 5}
    resource = Resource(type="aws_lambda_function", address="f", region="us-east-1")
    for line in price(resource, usage, book):
        assert line.source is not None
        assert line.source.url.startswith("https://")
        assert line.unit
        assert line.monthly == (line.quantity or 0) * (line.unit_price or 0)
