"""ECS on Fargate, EKS and ECR."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


@pytest.mark.parametrize(
    "task",
    [
        {"cpu": "1024", "memory": "2048"},
        {"cpu": 1024, "memory": 2048},
        {"cpu": "1 vCPU", "memory": "2 GB"},
        {"task_definition": {"cpu": "1vcpu", "memory": "2gb"}},
    ],
)
def test_a_fargate_service_costs_its_tasks(monthly: Monthly, task: dict[str, object]) -> None:
    found = monthly("aws_ecs_service", {"launch_type": "FARGATE", "desired_count": 2, **task})
    assert found == {
        "vCPUs of the tasks": D("59.1008"),  # 2 x 730 h x 0.04048
        "memory of the tasks": D("12.9794"),  # 2 x 730 h x 2 GB x 0.004445
    }


def test_arm_windows_and_storage_change_the_price_of_a_task(monthly: Monthly) -> None:
    task = {"cpu": 1024, "memory": 1024, "ephemeral_storage": {"size_in_gib": 30}}
    arm = monthly("aws_ecs_service", {**task, "runtime_platform": {"cpu_architecture": "ARM64"}})
    assert arm["vCPUs of the tasks"] == D("23.6374")
    assert arm["ephemeral storage above 20 GB"] == D("0.8103")  # 10 GB x 730 h x 0.000111
    platform = {"operating_system_family": "WINDOWS_SERVER_2022_CORE"}
    windows = monthly("aws_ecs_service", {**task, "runtime_platform": platform}, {"monthly_hrs": 100})
    assert windows["Windows licence"] == D("4.6")


def test_a_service_on_ec2_has_no_price_of_its_own(monthly: Monthly) -> None:
    assert monthly("aws_ecs_service", {"launch_type": "EC2"}) == {}
    strategy = {"capacity_provider_strategy": [{"capacity_provider": "my-machines"}]}
    assert monthly("aws_ecs_service", strategy) == {}
    fargate = {"capacity_provider_strategy": [{"capacity_provider": "FARGATE"}], "cpu": 256, "memory": 512}
    assert len(monthly("aws_ecs_service", fargate, {"desired_count": 3})) == 2


def test_a_task_of_unknown_size_and_an_unknown_accelerator_are_unknown(monthly: Monthly) -> None:
    assert monthly("aws_ecs_service", {"launch_type": "FARGATE"}) == {"Fargate task": None}
    task = {"cpu": 256, "memory": 512, "inference_accelerator": [{"device_type": "eia9.huge"}]}
    assert monthly("aws_ecs_service", task)["inference accelerator (eia9.huge)"] is None


def test_a_control_plane_costs_more_when_its_standard_support_has_ended(monthly: Monthly) -> None:
    assert monthly("aws_eks_cluster") == {"control plane": D(73)}
    assert monthly("aws_eks_cluster", {"version": "1.34"}) == {"control plane": D(73)}
    assert monthly("aws_eks_cluster", {"version": "1.28"}) == {"control plane (extended support)": D(438)}


def test_a_node_group_is_its_instances_with_their_disks(monthly: Monthly) -> None:
    assert monthly("aws_eks_node_group", {"scaling_config": {"desired_size": 2, "min_size": 1}}) == {
        "instance hours (linux, on demand, t3.medium)": D("60.736"),
        "root disk: storage (general purpose SSD, gp2)": D(4),
    }
    named = {"instance_types": ["m5.large"], "disk_size": 50, "scaling_config": {"min_size": 1}}
    assert monthly("aws_eks_node_group", named, {"instances": 3}) == {
        "instance hours (linux, on demand, m5.large)": D("210.24"),
        "root disk: storage (general purpose SSD, gp2)": D(15),
    }


def test_a_node_group_takes_a_launch_template_and_may_be_spot(monthly: Monthly) -> None:
    template = {"attributes": {"instance_type": "m5.large"}}
    found = monthly(
        "aws_eks_node_group", {"launch_template": template, "scaling_config": {"desired_size": 1}}
    )
    assert found["instance hours (linux, on demand, m5.large)"] == D("70.08")
    spot = monthly("aws_eks_node_group", {"capacity_type": "SPOT"})
    assert spot["1 spot nodes (t3.medium)"] is None


def test_a_fargate_profile_assumes_one_small_pod(monthly: Monthly) -> None:
    assert monthly("aws_eks_fargate_profile") == {
        "memory of the pods": D("3.24485"),
        "vCPUs of the pods": D("29.5504"),
    }
    found = monthly("aws_eks_fargate_profile", {}, {"pods": 2, "vcpu": 2, "memory_gb": 4})
    assert found["vCPUs of the pods"] == D("118.2016")


def test_a_registry_costs_its_storage(monthly: Monthly) -> None:
    assert monthly("aws_ecr_repository") == {"image storage": None}
    assert monthly("aws_ecr_repository", {}, {"storage_gb": 30}) == {"image storage": D(3)}
