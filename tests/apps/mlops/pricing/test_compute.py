"""EC2 instances and Auto Scaling groups: hours, extras, disks, templates."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from pilothouse.apps.mlops.pricing.compute import read_machine
from pilothouse.apps.mlops.pricing.model import CostLine

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


def test_an_instance_costs_its_hours_and_its_root_disk(monthly: Monthly) -> None:
    assert monthly("aws_instance", {"instance_type": "m5.large"}) == {
        "instance hours (linux, on demand, m5.large)": D("70.08"),  # 730 h x 0.096
        "root disk: storage (general purpose SSD, gp2)": D("0.80"),  # 8 GB x 0.10
    }


def test_disks_monitoring_and_windows_add_up(monthly: Monthly) -> None:
    attributes = {
        "instance_type": "m5.large",
        "monitoring": True,
        "root_block_device": {"volume_type": "gp3", "volume_size": 100, "iops": 4000, "throughput": 225},
        "ebs_block_device": [{"device_name": "xvdf", "volume_type": "io1", "volume_size": 10, "iops": 800}],
    }
    assert monthly("aws_instance", attributes, {"operating_system": "windows", "monthly_hrs": 100}) == {
        "instance hours (windows, on demand, m5.large)": D("18.8"),
        "detailed monitoring": D("2.10"),  # 7 metrics x 0.30
        "root disk: storage (general purpose SSD, gp3)": D("8"),
        "root disk: IOPS above 3,000": D("5"),
        "root disk: throughput above 125 MB/s": D("4"),
        "disk xvdf: storage (provisioned IOPS SSD, io1)": D("1.25"),
        "disk xvdf: provisioned IOPS": D("52"),
    }


def test_burst_credits_of_unlimited_instances_are_billed_when_used(monthly: Monthly) -> None:
    usage = {"monthly_cpu_credit_hrs": 100, "vcpu_count": 4}
    assert monthly("aws_instance", {"instance_type": "t3.medium"}, usage)["CPU credits"] == D(20)
    arm = monthly("aws_instance", {"instance_type": "t4g.medium"}, {"monthly_cpu_credit_hrs": 100})
    assert arm["CPU credits"] == D(8)
    standard = {"instance_type": "t3.medium", "credit_specification": {"cpu_credits": "standard"}}
    assert "CPU credits" not in monthly("aws_instance", standard, usage)
    assert "CPU credits" not in monthly("aws_instance", {"instance_type": "t3.medium"})


def test_dedicated_tenancy_has_its_own_price(monthly: Monthly) -> None:
    found = monthly("aws_instance", {"instance_type": "m5.large", "tenancy": "dedicated"})
    assert found["instance hours (linux, on demand, m5.large, dedicated)"] == D("0.10184") * 730


def test_a_dedicated_host_is_billed_by_itself(lines: Callable[..., tuple[CostLine, ...]]) -> None:
    by_tenancy = lines("aws_instance", {"instance_type": "m5.large", "tenancy": "host"})
    assert by_tenancy[0].monthly is None
    assert "dedicated host" in by_tenancy[0].assumption
    on_host = lines("aws_instance", {"instance_type": "m5.large", "host_id": "h-1"})
    assert [line.description for line in on_host] == ["root disk: storage (general purpose SSD, gp2)"]


def test_reserved_instances_all_upfront_have_no_hourly_price(
    lines: Callable[..., tuple[CostLine, ...]],
) -> None:
    usage = {"reserved_instance_term": "1_year", "reserved_instance_payment_option": "all_upfront"}
    first, *_ = lines("aws_instance", {"instance_type": "m5.large"}, usage)
    assert first.monthly == 0
    assert "upfront" in first.assumption
    unknown = {"reserved_instance_term": "9_year", "reserved_instance_payment_option": "no_upfront"}
    first, *_ = lines("aws_instance", {"instance_type": "m5.large"}, unknown)
    assert first.monthly is None


@pytest.mark.parametrize(("name", "region"), [("m5.huge", "us-east-1"), ("m5.large", "mars-1")])
def test_an_unknown_machine_or_region_is_an_unknown_line(
    lines: Callable[..., tuple[CostLine, ...]], name: str, region: str
) -> None:
    first, *_ = lines("aws_instance", {"instance_type": name}, region=region)
    assert first.monthly is None
    assert name in first.assumption
    assert region in first.assumption


def test_ebs_optimized_costs_extra_on_old_families_only(monthly: Monthly) -> None:
    new = monthly("aws_instance", {"instance_type": "m5.large", "ebs_optimized": True})
    assert "EBS-optimized instance" not in new
    old = monthly("aws_instance", {"instance_type": "r3.xlarge", "ebs_optimized": True})
    assert old["EBS-optimized instance"] == D("14.6")  # 730 h x 0.02


def test_a_template_fills_in_what_the_instance_leaves_out() -> None:
    template: dict[str, Any] = {
        "instance_type": "m5.large",
        "monitoring": {"enabled": True},
        "placement": {"tenancy": "dedicated"},
        "block_device_mappings": [
            {"device_name": "xvdf", "ebs": {"volume_size": 20, "volume_type": "gp3"}},
            {"device_name": "nothing"},
        ],
        "ebs_block_device": [{"device_name": "xvdg", "volume_size": 5}],
    }
    own: dict[str, Any] = {
        "launch_template": {"attributes": template},
        "instance_type": "m5.xlarge",
        "ebs_block_device": [{"device_name": "xvdf", "volume_size": 30}],
    }
    machine = read_machine(own)
    assert machine.instance_type == "m5.xlarge"
    assert machine.tenancy == "dedicated"
    assert machine.monitoring
    found = {name: (volume.kind, volume.gigabytes) for name, volume in machine.volumes}
    assert found == {
        "root disk": ("gp2", D(8)),
        "disk xvdf": ("gp3", D(30)),
        "disk xvdg": ("gp2", D(5)),
    }


def test_a_mapping_of_the_root_device_replaces_the_root_disk() -> None:
    mapping: dict[str, Any] = {"device_name": "/dev/xvda", "ebs": {"volume_size": 50}}
    machine = read_machine({"launch_template": {"attributes": {"block_device_mappings": mapping}}})
    assert [name for name, _ in machine.volumes] == ["disk /dev/xvda"]


def group(**more: object) -> dict[str, object]:
    template = {"instance_type": "m5.large"}
    return {"desired_capacity": 4, "launch_template": {"attributes": template}, **more}


def test_a_group_costs_as_many_instances_as_run(monthly: Monthly) -> None:
    hours = "instance hours (linux, on demand, m5.large)"
    assert monthly("aws_autoscaling_group", group())[hours] == D("280.32")
    assert monthly("aws_autoscaling_group", group(), {"instances": 2})[hours] == D("140.16")
    assert hours not in monthly("aws_autoscaling_group", group(), {"instances": 0})


def test_a_group_without_a_size_is_unknown(monthly: Monthly) -> None:
    launch = {"launch_configuration": {"attributes": {"instance_type": "m5.large"}}}
    assert monthly("aws_autoscaling_group", launch) == {"instances": None}
    assert monthly("aws_autoscaling_group", {**launch, "min_size": 1})[
        "instance hours (linux, on demand, m5.large)"
    ] == D("70.08")


@pytest.mark.parametrize(("percentage", "paid"), [(100, 4), (50, 3), (0, 1)])
def test_a_mixed_group_pays_on_demand_for_its_share(monthly: Monthly, percentage: int, paid: int) -> None:
    policy = {
        "instances_distribution": {
            "on_demand_base_capacity": 1,
            "on_demand_percentage_above_base_capacity": percentage,
        },
        "launch_template": {
            "launch_template_specification": {"attributes": {"instance_type": "m5.xlarge"}},
            "override": [{"instance_type": "m5.large"}],
        },
    }
    found = monthly("aws_autoscaling_group", {"desired_capacity": 4, "mixed_instances_policy": policy})
    assert found["instance hours (linux, on demand, m5.large)"] == D("70.08") * paid
    assert found["root disk: storage (general purpose SSD, gp2)"] == D("3.2")
    if paid < 4:
        assert found[f"{4 - paid} spot instances (m5.large)"] is None


def test_spot_instances_are_unknown(monthly: Monthly) -> None:
    template = {"instance_type": "m5.large", "instance_market_options": {"market_type": "spot"}}
    found = monthly("aws_autoscaling_group", {"min_size": 2, "launch_template": {"attributes": template}})
    assert found == {
        "2 spot instances (m5.large)": None,
        "root disk: storage (general purpose SSD, gp2)": D("1.6"),
    }
