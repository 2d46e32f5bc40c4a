"""Prices EC2 instances: alone, in Auto Scaling groups, and as the machines below other services.

A `launch_template` or `launch_configuration` block may carry the referenced resource's own arguments under
`attributes`; whatever the instance states itself goes before them, as it does in AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pydantic import JsonValue

from pilothouse.apps.mlops.pricing.book import Price
from pilothouse.apps.mlops.pricing.model import CostLine, PriceSource
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, Block, amount, block, blocks, flag, text
from pilothouse.apps.mlops.pricing.volumes import Volume, add_volume

EXTRAS = "aws/ec2_extras"
ROOT_DEVICES = ("/dev/sda1", "/dev/xvda", "xvda", "sda1")
UNLIMITED_BY_DEFAULT = ("t3", "t3a", "t4g")
"""Burstable families whose credits are unlimited unless said otherwise (AWS: T3 and later)."""
DETAILED_METRICS = Decimal(7)
"""Metrics of one instance under detailed monitoring, as the EC2 pricing page counts them."""


@dataclass(frozen=True)
class Machine:
    """What one instance is, as far as it has a price."""

    instance_type: str
    tenancy: str
    credits: str
    monitoring: bool
    ebs_optimized: bool
    volumes: tuple[tuple[str, Volume], ...]


def _template(attributes: Block) -> Block:
    for name in ("launch_template", "launch_configuration"):
        held = block(attributes, name)
        if held:
            return block(held, "attributes")
    return {}


def _mapped_volumes(template: Block) -> dict[str, Mapping[str, JsonValue]]:
    mapped: dict[str, Mapping[str, JsonValue]] = {}
    for place, mapping in enumerate(blocks(template, "block_device_mappings")):
        disk = block(mapping, "ebs")
        if disk:
            mapped[text(mapping, "device_name", f"mapping {place}")] = disk
    for place, disk in enumerate(blocks(template, "ebs_block_device")):
        mapped[text(disk, "device_name", f"device {place}")] = disk
    return mapped


def _volumes(attributes: Block, template: Block) -> tuple[tuple[str, Volume], ...]:
    devices = _mapped_volumes(template)
    root = block(attributes, "root_block_device") or block(template, "root_block_device")
    for place, disk in enumerate(blocks(attributes, "ebs_block_device")):
        name = text(disk, "device_name", f"disk {place}")
        given = {key: value for key, value in disk.items() if value is not None}
        devices[name] = {**devices.get(name, {}), **given}
    found: list[tuple[str, Volume]] = []
    if root or not any(name in devices for name in ROOT_DEVICES):
        found.append(("root disk", Volume.read(root)))
    found.extend((f"disk {name}", Volume.read(disk)) for name, disk in devices.items())
    return tuple(found)


def _stated(attributes: Block, template: Block, key: str) -> JsonValue:
    value = attributes.get(key)
    return template.get(key) if value is None else value


def read_machine(attributes: Block) -> Machine:
    """Reads aws_instance arguments (or a launch template's or configuration's), template included."""
    template = _template(attributes)
    monitoring = _stated(attributes, template, "monitoring")
    detailed = flag({"on": monitoring}, "on") or any(
        flag(inner, "enabled") for inner in blocks({"on": monitoring}, "on")
    )
    detailed = detailed or flag(template, "enable_monitoring") or flag(attributes, "enable_monitoring")
    credit = block(attributes, "credit_specification") or block(template, "credit_specification")
    placement = block(template, "placement") or block(attributes, "placement")
    tenancy = text(attributes, "tenancy") or text(placement, "tenancy") or text(template, "placement_tenancy")
    tenancy = tenancy or text(attributes, "placement_tenancy") or "default"
    return Machine(
        instance_type=text(attributes, "instance_type") or text(template, "instance_type"),
        tenancy=tenancy,
        credits=text(credit, "cpu_credits"),
        monitoring=detailed,
        ebs_optimized=flag({"on": _stated(attributes, template, "ebs_optimized")}, "on"),
        volumes=_volumes(attributes, template),
    )


def _reserved(quote: Quote, machine: Machine, platform: str) -> Price | None:
    usage = quote.usage
    option = text(usage, "reserved_instance_payment_option")
    if option == "all_upfront":
        source = PriceSource(
            url="https://aws.amazon.com/ec2/pricing/reserved-instances/pricing/",
            date=quote.book.rates.date,
            region=quote.region,
        )
        return Price("hour", ((None, Decimal(0)),), source, verified=True)
    parts = (text(usage, "reserved_instance_type", "standard"), text(usage, "reserved_instance_term"), option)
    item = ".".join(("reserved", machine.instance_type, platform, *parts))
    return quote.book.find(EXTRAS, item, quote.region)


def add_hours(quote: Quote, machine: Machine, count: Decimal) -> None:
    """Adds the line of `count` instances' hours: on demand, reserved or dedicated, by operating system."""
    name = machine.instance_type
    platform = text(quote.usage, "operating_system", "linux").lower()
    hours = quote.use_or("monthly_hrs", int(HOURS)) * count
    if machine.tenancy == "host":
        quote.unknown(f"instance hours ({name})", "runs on a dedicated host, which is billed by itself")
        return
    if text(quote.usage, "reserved_instance_term"):
        price = _reserved(quote, machine, platform)
        description = f"instance hours ({platform}, reserved, {name})"
        note = "any upfront payment is not part of this line"
        quote.price(price, description, hours, note=note, what=f"reserved {name}")
        return
    dedicated = machine.tenancy == "dedicated" and platform == "linux"
    price = quote.book.machine(quote.region, name, "dedicated" if dedicated else platform)
    description = f"instance hours ({platform}, on demand, {name}{', dedicated' if dedicated else ''})"
    quote.price(price, description, hours, what=f"{platform} {machine.tenancy} tenancy instance {name}")


def add_machine(quote: Quote, machine: Machine, count: Decimal = Decimal(1), *, hours: bool = True) -> None:
    """Adds all lines of `count` instances like `machine`: hours, extras and disks."""
    family = machine.instance_type.partition(".")[0]
    if hours:
        add_hours(quote, machine, count)
    if machine.ebs_optimized:
        item = f"ebs_optimized.{machine.instance_type}"
        if quote.book.find(EXTRAS, item, quote.region) is not None:
            month = quote.use_or("monthly_hrs", int(HOURS)) * count
            quote.fixed(EXTRAS, item, "EBS-optimized instance", month)
    if machine.monitoring:
        metrics = DETAILED_METRICS * count
        quote.fixed("aws/cloudwatch", "metric", "detailed monitoring", metrics)
    if machine.credits == "unlimited" or (not machine.credits and family in UNLIMITED_BY_DEFAULT):
        used = quote.use("monthly_cpu_credit_hrs")
        if used is not None:
            platform = text(quote.usage, "operating_system", "linux").lower()
            kind = "arm" if family == "t4g" else "windows" if platform == "windows" else "linux"
            burst = used * quote.use_or("vcpu_count", 2) * count
            quote.optional(EXTRAS, f"credits.{kind}", "CPU credits", burst)
    for name, volume in machine.volumes:
        add_volume(quote, volume, name, count)


def instance(quote: Quote) -> tuple[CostLine, ...]:
    """aws_instance.

    Usage: monthly_hrs (730), operating_system (linux), monthly_cpu_credit_hrs, vcpu_count (2),
    reserved_instance_type, reserved_instance_term, reserved_instance_payment_option.
    """
    attributes = quote.resource.attributes
    on_host = bool(text(attributes, "host_id"))
    add_machine(quote, read_machine(attributes), hours=not on_host)
    return quote.done()


def _override(attributes: Block) -> tuple[Mapping[str, JsonValue], Decimal, Decimal | None]:
    policy = block(attributes, "mixed_instances_policy")
    if not policy:
        return dict(attributes), Decimal(0), None
    template = block(policy, "launch_template")
    specification = block(template, "launch_template_specification")
    overrides = blocks(template, "override")
    chosen = text(overrides[0], "instance_type") if overrides else ""
    share = block(policy, "instances_distribution")
    merged: dict[str, JsonValue] = {"launch_template": dict(specification)}
    if chosen:
        merged["instance_type"] = chosen
    base = amount(share, "on_demand_base_capacity", 0)
    return merged, base, amount(share, "on_demand_percentage_above_base_capacity", 100)


def autoscaling_group(quote: Quote) -> tuple[CostLine, ...]:
    """aws_autoscaling_group with its launch template or configuration resolved (see this module's text).

    Usage: instances (else desired_capacity, min_size), and everything that `instance` takes.
    """
    attributes = quote.resource.attributes
    merged, base, share = _override(attributes)
    machine = read_machine(merged)
    stated = (quote.use("instances"), quote.has("desired_capacity"), quote.has("min_size"))
    count = next((one for one in stated if one is not None), None)
    if count is None:
        quote.unknown("instances", "neither desired_capacity nor the usage says how many run")
        return quote.done()
    on_demand = count
    if share is not None:
        above = max(count - base, Decimal(0))
        on_demand = min(count, base) + (above * share / 100).to_integral_value(rounding="ROUND_CEILING")
    spot_template = _template(merged)
    market = block(spot_template, "instance_market_options")
    if text(market, "market_type") == "spot" or text(spot_template, "spot_price"):
        on_demand = Decimal(0)
    if on_demand < count:
        quote.unknown(
            f"{count - on_demand} spot instances ({machine.instance_type})", "spot prices change by the hour"
        )
    if on_demand:
        add_hours(quote, machine, on_demand)
    add_machine(quote, machine, count, hours=False)
    return quote.done()
