"""Azure's machines, containers, storage, databases, messages, networking and operations."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


@pytest.fixture
def virginia(monthly: Monthly) -> Monthly:
    return partial(monthly, region="eastus")


@pytest.mark.parametrize(
    ("kind", "attributes", "usage", "costs"),
    [
        (
            "azurerm_eventhub_namespace",
            {"sku": "Standard", "capacity": 2},
            {"monthly_ingress_events": 10_000_000},
            ["43.8", "0.28"],
        ),
        ("azurerm_eventhub_namespace", {"sku": "Premium"}, {}, ["900.09"]),
        (
            "azurerm_storage_account",
            {"account_replication_type": "ZRS"},
            {"storage_gb": 100, "monthly_write_operations": 10_000, "monthly_read_operations": 10_000},
            ["2.6", "0.0625", "0.004"],
        ),
        ("azurerm_key_vault_key", {"key_type": "RSA-HSM"}, {"monthly_key_operations": 10_000}, ["1", "0.03"]),
        ("azurerm_key_vault_key", {"key_type": "RSA"}, {}, [None]),
        ("azurerm_key_vault", {}, {"monthly_secrets_operations": 10_000}, ["0.03"]),
        ("azurerm_cosmosdb_account", {}, {"storage_gb": 10}, ["23.36", "2.5"]),
        (
            "azurerm_cosmosdb_account",
            {"throughput": 1000, "geo_location": {"zone_redundant": True}},
            {"storage_gb": 0},
            ["73", "0"],
        ),
        (
            "azurerm_postgresql_flexible_server",
            {"sku_name": "GP_Standard_D2s_v3", "storage_mb": 102_400, "high_availability": {"mode": "x"}},
            {"additional_backup_storage_gb": 10},
            ["259.88", "23", "0.95"],
        ),
        ("azurerm_postgresql_flexible_server", {"sku_name": "B_Standard_B1ms"}, {}, ["12.41", "3.68"]),
        (
            "azurerm_data_factory",
            {},
            {"monthly_orchestration_runs": 2000, "monthly_data_integration_unit_hours": 4},
            ["2", "1"],
        ),
        (
            "azurerm_machine_learning_compute_cluster",
            {"vm_size": "Standard_D2s_v3"},
            {"instances": 2, "monthly_hours": 10},
            ["1.92"],
        ),
        ("azurerm_machine_learning_compute_cluster", {"vm_size": "Standard_D2s_v3"}, {}, [None]),
        (
            "azurerm_machine_learning_online_endpoint",
            {"instance_type": "Standard_D2s_v3", "instance_count": 2},
            {},
            ["140.16"],
        ),
        ("azurerm_container_app", {}, {"monthly_requests": 1_000_000}, ["15.768", "3.942", "0.4"]),
        (
            "azurerm_container_app",
            {"template": {"container": {"cpu": 1, "memory": "2Gi"}}},
            {"replicas": 2, "monthly_requests": 0},
            ["126.144", "31.536", "0"],
        ),
        ("azurerm_application_gateway", {}, {"capacity_units": 2}, ["179.58", "11.68"]),
        ("azurerm_application_gateway", {"sku": {"tier": "WAF_v2"}}, {}, ["323.39", None]),
        ("azurerm_redis_cache", {"sku_name": "Standard", "family": "C", "capacity": 1}, {}, ["100.74"]),
        (
            "azurerm_log_analytics_workspace",
            {},
            {"monthly_log_data_ingestion_gb": 10, "monthly_additional_log_data_retention_gb": 10},
            ["23", "1"],
        ),
        ("azurerm_kubernetes_cluster", {}, {}, []),
        ("azurerm_kubernetes_cluster", {"sku_tier": "Standard"}, {}, ["73"]),
    ],
)
def test_each_is_paid_in_its_own_units(
    virginia: Monthly,
    kind: str,
    attributes: dict[str, object],
    usage: dict[str, object],
    costs: list[str | None],
) -> None:
    found = list(virginia(kind, attributes, usage).values())
    assert found == [None if cost is None else D(cost) for cost in costs]


def test_a_registry_includes_some_storage(virginia: Monthly) -> None:
    days = D(730) / 24
    assert virginia("azurerm_container_registry", {}, {"storage_gb": 10}) == {
        "registry (Basic)": days * D("0.167"),
        "storage above the included": D(0),
    }
    assert virginia("azurerm_container_registry", {"sku": "Standard"}) == {
        "registry (Standard)": days * D("0.667")
    }
