"""Load balancers, NAT gateways, addresses, endpoints and data transfer."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


def test_a_load_balancer_is_paid_by_its_busiest_dimension(monthly: Monthly) -> None:
    assert monthly("aws_lb") == {"load balancer": D("16.425"), "capacity units": None}
    usage = {"new_connections": 50, "active_connections": 3000, "processed_bytes_gb": 1}
    assert monthly("aws_alb", {}, usage)["capacity units"] == D("11.68")  # 2 x 730 h x 0.008
    usage["rule_evaluations"] = 3000
    assert monthly("aws_alb", {}, usage)["capacity units"] == D("17.52")
    assert monthly("aws_lb", {}, {"monthly_data_processed_gb": 7300})["capacity units"] == D("58.4")


def test_network_balancers_carry_more_connections(monthly: Monthly) -> None:
    found = monthly("aws_lb", {"load_balancer_type": "network"}, {"new_connections": 800})
    assert found["capacity units"] == D("4.38")  # 730 h x 0.006


def test_classic_balancers_and_nat_gateways_are_paid_by_the_gigabyte(monthly: Monthly) -> None:
    usage = {"monthly_data_processed_gb": 100}
    assert monthly("aws_elb", {}, usage) == {"load balancer": D("18.25"), "data processed": D("0.8")}
    assert monthly("aws_nat_gateway", {}, usage) == {"NAT gateway": D("32.85"), "data processed": D("4.5")}
    assert monthly("aws_nat_gateway")["data processed"] is None


def test_an_address_is_paid_in_use_or_not(monthly: Monthly) -> None:
    assert monthly("aws_eip") == {"public IPv4 address": D("3.65")}


def test_interface_endpoints_are_paid_by_subnet_and_gateways_are_free(monthly: Monthly) -> None:
    assert monthly("aws_vpc_endpoint") == {}
    interface = {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]}
    found = monthly("aws_vpc_endpoint", interface, {"monthly_data_processed_gb": 100})
    assert found == {"endpoint": D("14.6"), "data processed": D(1)}
    assert monthly("aws_vpc_endpoint", {"vpc_endpoint_type": "Interface"})["endpoint"] == D("7.3")


def test_data_to_the_internet_gets_cheaper_in_tiers(monthly: Monthly) -> None:
    usage = {"monthly_outbound_internet_gb": 10_340, "monthly_intra_region_gb": 100}
    assert monthly("aws_data_transfer", {}, usage) == {
        "data transfer between zones, both ways": D(2),
        "data transfer to the internet (tier 1)": D("921.6"),
        "data transfer to the internet (tier 2)": D("8.5"),
    }


@pytest.mark.parametrize("usage", [{}, {"region": "us-east-1"}])
def test_data_transfer_without_amounts_is_unknown(monthly: Monthly, usage: dict[str, str]) -> None:
    assert monthly("aws_data_transfer", {}, usage) == {"data transfer": None}


def test_data_transfer_from_an_unknown_region_is_unknown(monthly: Monthly) -> None:
    usage = {"region": "mars-1", "monthly_outbound_internet_gb": 1}
    assert monthly("aws_data_transfer", {}, usage) == {"data transfer to the internet": None}
