"""Shares of a cluster's nodes, by the cloud below it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


@pytest.mark.parametrize(
    ("host", "region", "name", "cost"),
    [
        ("aws", "us-east-1", "share of nodes (m6i.large)", "140.16"),  # 2 x 730 h x 0.096
        ("azure", "eastus", "share of nodes (Standard_D2s_v3)", "140.16"),
    ],
)
def test_the_greater_of_cpu_and_memory_decides(
    monthly: Monthly, host: str, region: str, name: str, cost: str
) -> None:
    for size in ({"vcpu": 4, "memory_gb": 1}, {"vcpu": 1, "memory_gb": 16}):
        assert monthly("kubernetes_capacity", {"host": host, **size}, region=region) == {name: D(cost)}


def test_google_nodes_are_paid_by_cpu_and_memory(monthly: Monthly) -> None:
    size = {"host": "gcp", "vcpu": 2, "memory_gb": 8, "disk_gb": 10}
    assert monthly("kubernetes_capacity", size, {"monthly_hours": 100}, region="us-central1") == {
        "share of nodes (n2-standard-2): vCPUs": D("6.3222"),
        "share of nodes (n2-standard-2): memory": D("3.3896"),
        "disks": D(1),
    }


def test_accelerators_are_whole_machines(monthly: Monthly) -> None:
    found = monthly("kubernetes_capacity", {"vcpu": 64, "gpu": 1, "disk_gb": 100}, {"monthly_hours": 73})
    assert found == {"accelerator machines (g5.xlarge)": D("73.438"), "disks": D(8)}
    google = monthly("kubernetes_capacity", {"host": "gcp", "gpu": 1}, region="us-central1")
    assert list(google) == ["accelerator machines (g2-standard-4)"]


def test_own_machines_have_no_public_price(monthly: Monthly) -> None:
    found = monthly("kubernetes_capacity", {"host": "on_premises", "vcpu": 4})
    assert found == {"own machines": None}
