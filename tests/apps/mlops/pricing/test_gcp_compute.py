"""Machines, Vertex AI, Dataflow, Composer, Cloud Run and GKE."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


@pytest.fixture
def iowa(monthly: Monthly) -> Monthly:
    return partial(monthly, region="us-central1")


def test_training_and_endpoints_are_paid_by_machine(iowa: Monthly) -> None:
    job = {"machine_type": "n1-standard-2", "replica_count": 2}
    assert iowa("google_vertex_ai_custom_job", job, {"monthly_hours": 10}) == {
        "training (n1-standard-2)": D("2.19")
    }
    assert iowa("google_vertex_ai_custom_job", job) == {"training (n1-standard-2)": None}
    endpoint = {"machine_type": "n1-standard-2", "min_replica_count": 2}
    assert iowa("google_vertex_ai_endpoint", endpoint) == {"endpoint replicas (n1-standard-2)": D("159.87")}
    assert iowa("google_vertex_ai_endpoint", endpoint, {"replicas": 1}) == {
        "endpoint replicas (n1-standard-2)": D("79.935")
    }


def test_dataflow_is_paid_by_cpu_and_memory_hours(iowa: Monthly) -> None:
    usage = {"monthly_vcpu_hours": 100, "monthly_memory_gb_hours": 1000}
    assert iowa("google_dataflow_job", {"type": "STREAMING"}, usage) == {
        "workers: vCPUs": D("6.9"),
        "workers: memory": D("3.557"),
    }
    assert iowa("google_dataflow_job", {}, usage)["workers: vCPUs"] == D("5.6")


def test_composer_is_an_environment_with_workloads(iowa: Monthly) -> None:
    assert iowa("google_composer_environment", {}, {"database_storage_gb": 10}) == {
        "environment (small)": D("255.5"),
        "workloads: vCPUs": D("65.7"),
        "workloads: memory": D("23.725"),
        "database storage": D("1.7"),
    }


@pytest.mark.parametrize(
    ("limits", "vcpu", "memory"),
    [
        ({"cpu": "2", "memory": "4Gi"}, "2", "4"),
        ({"cpu": "500m", "memory": "512Mi"}, "0.5", "0.5"),
        ({}, "1", "0.5"),
    ],
)
def test_cloud_run_is_paid_for_its_least_instances(
    iowa: Monthly, limits: dict[str, str], vcpu: str, memory: str
) -> None:
    template = {
        "scaling": {"min_instance_count": 1},
        "containers": {"resources": {"limits": limits}},
    }
    found = iowa("google_cloud_run_v2_service", {"template": template})
    assert found == {
        "instances: vCPUs": D("47.304") * D(vcpu),  # 2,628,000 s x 0.000018
        "instances: memory": D("5.256") * D(memory),
    }


def test_cloud_run_follows_the_load_above_its_least(iowa: Monthly) -> None:
    usage = {"monthly_requests": 80_000_000, "average_request_duration_ms": 1000}
    assert iowa("google_cloud_run_v2_service", {}, usage)["instances: vCPUs"] == D(18)  # 1e6 s x 0.000018
    assert set(iowa("google_cloud_run_v2_service").values()) == {None}


def test_a_cluster_has_a_management_fee(iowa: Monthly) -> None:
    assert iowa("google_container_cluster") == {"cluster management": D(73)}
