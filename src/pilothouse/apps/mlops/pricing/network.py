"""Prices AWS networking: load balancers, NAT gateways, public addresses, endpoints and data transfer."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, text

ELB = "aws/elb"
NETWORK = "aws/network"
TRANSFER = "aws/transfer"

UNITS = {
    "alb": {
        "new_connections": 25,
        "active_connections": 3000,
        "processed_bytes_gb": 1,
        "rule_evaluations": 1000,
    },
    "nlb": {"new_connections": 800, "active_connections": 100_000, "processed_bytes_gb": 1},
    "gwlb": {"new_connections": 600, "active_connections": 60_000, "processed_bytes_gb": 1},
}
"""What one capacity unit carries: new connections a second, active ones a minute, GB an hour, rules a second.

Source: https://aws.amazon.com/elasticloadbalancing/pricing/ (TCP for network load balancers).
"""
KINDS = {"application": "alb", "network": "nlb", "gateway": "gwlb"}


def load_balancer(quote: Quote) -> tuple[CostLine, ...]:
    """aws_lb and aws_alb, billed by the hour and by the busiest dimension of its capacity units.

    Usage: new_connections (a second), active_connections (a minute), processed_bytes_gb (an hour) or
    monthly_data_processed_gb, rule_evaluations (a second).
    """
    kind = KINDS.get(quote.text("load_balancer_type", "application"), "alb")
    quote.fixed(ELB, f"{kind}.hour", "load balancer", HOURS)
    used = [
        amount / Decimal(carried)
        for key, carried in UNITS[kind].items()
        if (amount := quote.use(key)) is not None
    ]
    monthly = quote.use("monthly_data_processed_gb")
    if monthly is not None:
        used.append(monthly / HOURS)
    units = max(used) * HOURS if used else None
    quote.metered(ELB, f"{kind}.lcu", "capacity units", units, note="by its busiest dimension")
    return quote.done()


def classic_load_balancer(quote: Quote) -> tuple[CostLine, ...]:
    """aws_elb. Usage: monthly_data_processed_gb."""
    quote.fixed(ELB, "clb.hour", "load balancer", HOURS)
    quote.metered(ELB, "clb.gb", "data processed", quote.use("monthly_data_processed_gb"))
    return quote.done()


def nat_gateway(quote: Quote) -> tuple[CostLine, ...]:
    """aws_nat_gateway. Usage: monthly_data_processed_gb."""
    quote.fixed(NETWORK, "nat.hour", "NAT gateway", HOURS)
    quote.metered(NETWORK, "nat.gb", "data processed", quote.use("monthly_data_processed_gb"))
    return quote.done()


def elastic_ip(quote: Quote) -> tuple[CostLine, ...]:
    """aws_eip: since February 2024 every public IPv4 address is billed, in use or not."""
    quote.fixed(NETWORK, "ipv4", "public IPv4 address", HOURS)
    return quote.done()


def vpc_endpoint(quote: Quote) -> tuple[CostLine, ...]:
    """aws_vpc_endpoint: gateways are free, interfaces cost per subnet. Usage: monthly_data_processed_gb."""
    if quote.text("vpc_endpoint_type", "Gateway") == "Gateway":
        return quote.done()
    subnets = quote.resource.attributes.get("subnet_ids")
    zones = max(len(subnets), 1) if isinstance(subnets, list) else 1
    quote.fixed(NETWORK, "endpoint.hour", "endpoint", HOURS * zones)
    quote.metered(NETWORK, "endpoint.gb", "data processed", quote.use("monthly_data_processed_gb"))
    return quote.done()


def data_transfer(quote: Quote) -> tuple[CostLine, ...]:
    """aws_data_transfer: traffic that leaves a region or crosses zones, a line of a bill without a resource.

    Usage: region, monthly_intra_region_gb (each way), monthly_outbound_internet_gb,
    monthly_outbound_us_east_to_us_east_gb, monthly_outbound_other_regions_gb.
    """
    region = text(quote.usage, "region") or quote.region
    across = quote.use("monthly_intra_region_gb")
    items = (
        ("intra", "between zones, both ways", None if across is None else across * 2),
        ("internet", "to the internet", quote.use("monthly_outbound_internet_gb")),
        ("us_east_pair", "between the US East regions", quote.use("monthly_outbound_us_east_to_us_east_gb")),
        ("region", "to other regions", quote.use("monthly_outbound_other_regions_gb")),
    )
    for item, name, quantity in items:
        if quantity is not None:
            quote.metered(TRANSFER, item, f"data transfer {name}", quantity, region=region)
    if not quote.lines:
        quote.unknown("data transfer", "the usage does not say how much is transferred", metered=True)
    return quote.done()
