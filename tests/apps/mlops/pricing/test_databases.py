"""RDS instances and Aurora."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from pilothouse.apps.mlops.pricing.databases import vcpus

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("db.t2.micro", 1),
        ("db.t3.micro", 2),
        ("db.m3.medium", 1),
        ("db.m5.large", 2),
        ("db.m5.xlarge", 4),
        ("db.r5.24xlarge", 96),
    ],
)
def test_the_size_of_a_class_tells_its_vcpus(name: str, count: int) -> None:
    assert vcpus(name) == count


def test_an_instance_costs_hours_and_storage(monthly: Monthly) -> None:
    attributes = {"engine": "mysql", "instance_class": "db.t3.micro", "allocated_storage": 100}
    assert monthly("aws_db_instance", attributes) == {
        "instance hours (db.t3.micro)": D("12.41"),  # 730 h x 0.017
        "storage (gp2)": D("11.5"),
    }
    twice = monthly("aws_db_instance", {**attributes, "multi_az": True}, {"additional_backup_storage_gb": 10})
    assert twice["instance hours (db.t3.micro)"] == D("24.82")
    assert twice["storage (gp2)"] == D(23)
    assert twice["backup storage above the free share"] == D("0.95")


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({"iops": 1200, "allocated_storage": 100}, {"storage (io1)": "12.5", "provisioned IOPS": "120"}),
        ({"storage_type": "io1"}, {"storage (io1)": "12.5", "provisioned IOPS": "100"}),
        ({"storage_type": "gp3", "allocated_storage": 100, "iops": 3000}, {"storage (gp3)": "11.5"}),
        (
            {"storage_type": "gp3", "allocated_storage": 400, "iops": 13000, "storage_throughput": 600},
            {
                "storage (gp3)": "46",
                "IOPS above the included ones": "20",
                "throughput above the included": "8",
            },
        ),
        ({"storage_type": "standard"}, {"storage (standard)": "2", "I/O requests": None}),
    ],
)
def test_storage_follows_its_type(
    monthly: Monthly, attributes: dict[str, object], found: dict[str, str | None]
) -> None:
    base = {"engine": "postgres", "instance_class": "db.t3.micro"}
    priced = monthly("aws_db_instance", {**base, **attributes})
    del priced["instance hours (db.t3.micro)"]
    assert priced == {name: None if cost is None else D(cost) for name, cost in found.items()}


def test_old_versions_pay_extended_support_for_every_vcpu(monthly: Monthly) -> None:
    base = {"engine": "postgres", "instance_class": "db.t3.micro"}
    first = monthly("aws_db_instance", {**base, "engine_version": "13.4"})
    assert first["extended support of postgresql 13"] == D(146)  # 2 x 730 h x 0.10
    third = monthly("aws_db_instance", {**base, "engine": "mysql", "engine_version": "5.7.44"})
    assert third["extended support of mysql 5.7"] == D(292)
    assert len(monthly("aws_db_instance", {**base, "engine_version": "17"})) == 2


def test_the_licence_is_part_of_the_price(monthly: Monthly) -> None:
    base = {"instance_class": "db.t3.large", "engine": "oracle-se2"}
    hours = "instance hours (db.t3.large)"
    own = monthly("aws_db_instance", {**base, "license_model": "bring-your-own-license"})
    assert own[hours] == D("99.28")  # 730 h x 0.136
    assert monthly("aws_db_instance", {**base, "engine": "oracle-ee"})[hours] == D("99.28")
    assert monthly("aws_db_instance", base)[hours] is None
    assert monthly("aws_db_instance", {**base, "engine": "sqlserver-ex"})[hours] == D("128.48")


def test_what_the_book_does_not_hold_is_unknown(monthly: Monthly) -> None:
    oracle = monthly("aws_db_instance", {"engine": "oracle-se2", "instance_class": "db.m9.large"})
    assert oracle["instance hours (db.m9.large)"] is None
    insights = {
        "engine": "mysql",
        "instance_class": "db.t3.micro",
        "performance_insights_enabled": True,
        "performance_insights_retention_period": 731,
    }
    found = monthly("aws_db_instance", insights, {"monthly_additional_performance_insights_requests": 10_000})
    assert "Performance Insights long-term retention" in found
    assert found["Performance Insights requests"] == D("0.1")


def test_reserved_classes_are_unknown_unless_paid_upfront(monthly: Monthly) -> None:
    base = {"engine": "mysql", "instance_class": "db.t3.micro"}
    usage = {"reserved_instance_term": "1_year", "reserved_instance_payment_option": "no_upfront"}
    assert monthly("aws_db_instance", base, usage)["instance hours (reserved, db.t3.micro)"] is None
    usage["reserved_instance_payment_option"] = "all_upfront"
    assert monthly("aws_db_instance", base, usage)["instance hours (reserved, db.t3.micro)"] == 0


def test_an_aurora_cluster_is_paid_by_storage_and_requests(monthly: Monthly) -> None:
    usage = {
        "storage_gb": 100,
        "write_requests_per_sec": 1,
        "backup_snapshot_size_gb": 10,
        "average_statements_per_hr": 1000,
        "change_records_per_statement": 2,
        "backtrack_window_hrs": 24,
        "snapshot_export_size_gb": 50,
    }
    found = monthly("aws_rds_cluster", {"engine": "aurora-mysql", "backup_retention_period": 3}, usage)
    assert found == {
        "storage": D(10),
        "I/O requests": D("0.5256"),  # 2.628 million x 0.20
        "backups after the first day": D("0.42"),  # 10 GB x 2 days x 0.021
        "backtrack": D("0.42048"),  # 35.04 million records x 0.012
        "snapshot export": D("0.5"),
    }
    optimized = monthly("aws_rds_cluster", {"storage_type": "aurora-iopt1"}, {"storage_gb": 100})
    assert optimized == {"storage": D("22.5")}
    assert monthly("aws_rds_cluster", {"engine_mode": "serverless"}, {"capacity_units_per_hr": 2}) == {
        "Aurora serverless capacity": D("87.6"),
        "storage": None,
        "I/O requests": None,
    }


def test_an_aurora_instance_is_a_class_or_serverless(monthly: Monthly) -> None:
    plain = monthly("aws_rds_cluster_instance", {"instance_class": "db.r5.large"})
    assert plain == {"instance hours (db.r5.large)": D("211.7")}
    assert monthly("aws_db_instance", {"engine": "aurora-mysql", "instance_class": "db.r5.large"}) == plain
    serverless = {"instance_class": "db.serverless"}
    assert monthly("aws_rds_cluster_instance", serverless) == {"Aurora serverless v2 capacity": None}
    assert monthly(
        "aws_rds_cluster_instance",
        {**serverless, "storage_type": "aurora-iopt1"},
        {"capacity_units_per_hr": 1},
    ) == {"Aurora serverless v2 capacity": D("113.88")}
    burst = monthly(
        "aws_rds_cluster_instance",
        {
            "instance_class": "db.t3.medium",
            "performance_insights_enabled": True,
            "performance_insights_retention_period": 31,
        },
        {"monthly_cpu_credit_hrs": 10},
    )
    assert burst["CPU credits"] == D("1.8")
    assert "Performance Insights long-term retention" in burst
