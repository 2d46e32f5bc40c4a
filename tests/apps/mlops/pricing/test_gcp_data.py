"""Storage, databases, messages, networking and operations on Google Cloud."""

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


@pytest.mark.parametrize(
    ("kind", "attributes", "usage", "costs"),
    [
        ("google_pubsub_topic", {}, {"monthly_message_data_tb": 2, "retained_gb": 10}, ["80", "2.7"]),
        ("google_pubsub_topic", {}, {}, [None]),
        (
            "google_storage_bucket",
            {"storage_class": "NEARLINE"},
            {"storage_gb": 100, "monthly_class_a_operations": 10_000, "monthly_class_b_operations": 10_000},
            ["1", "0.1", "0.01"],
        ),
        (
            "google_kms_crypto_key",
            {},
            {"key_versions": 2, "monthly_key_operations": 10_000},
            ["0.12", "0.03"],
        ),
        (
            "google_bigtable_instance",
            {"cluster": [{"num_nodes": 2, "storage_type": "HDD"}]},
            {"storage_gb": 1000},
            ["949", "26"],
        ),
        ("google_bigtable_instance", {}, {}, [None]),
        (
            "google_workflows_workflow",
            {},
            {"monthly_internal_steps": 10_000, "monthly_external_steps": 10_000},
            ["0.1", "0.25"],
        ),
        ("google_artifact_registry_repository", {}, {"storage_gb": 10}, ["1"]),
        ("google_compute_forwarding_rule", {}, {"monthly_ingress_data_gb": 100}, ["18.25", "0.8", None]),
        ("google_redis_instance", {"memory_size_gb": 4}, {}, ["143.08"]),
        ("google_redis_instance", {"memory_size_gb": 5, "tier": "STANDARD_HA"}, {}, ["197.1"]),
        ("google_redis_instance", {"memory_size_gb": 200}, {}, ["2336"]),
        (
            "google_logging_project_bucket_config",
            {},
            {"monthly_logging_data_gb": 10, "retained_gb": 10},
            ["5", "0.1"],
        ),
        ("google_secret_manager_secret", {}, {"monthly_access_operations": 10_000}, ["0.06", "0.03"]),
    ],
)
def test_each_is_paid_in_its_own_units(
    iowa: Monthly,
    kind: str,
    attributes: dict[str, object],
    usage: dict[str, object],
    costs: list[str | None],
) -> None:
    found = list(iowa(kind, attributes, usage).values())
    assert found == [None if cost is None else D(cost) for cost in costs]


def test_a_regional_sql_instance_runs_twice(iowa: Monthly) -> None:
    settings = {"tier": "db-custom-2-8192", "disk_size": 100, "availability_type": "ZONAL"}
    found = iowa("google_sql_database_instance", {"settings": settings}, {"backup_storage_gb": 10})
    assert found == {
        "instance (db-custom-2-8192): vCPUs": D("60.298"),
        "instance (db-custom-2-8192): memory": D("40.88"),
        "storage (ssd)": D(17),
        "backups": D("0.8"),
    }
    twice = iowa("google_sql_database_instance", {"settings": {**settings, "availability_type": "REGIONAL"}})
    assert twice["storage (ssd)"] == D(34)
    other = iowa("google_sql_database_instance", {"settings": {"tier": "db-huge", "disk_type": "PD_HDD"}})
    assert other == {"instance (db-huge)": None, "storage (hdd)": D("0.9")}
