"""S3 buckets: storage classes, requests and what else a bucket can be billed for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


def test_a_bucket_without_usage_is_unknown(monthly: Monthly) -> None:
    assert monthly("aws_s3_bucket") == {
        "Standard: storage": None,
        "Standard: PUT, COPY, POST, LIST requests": None,
        "Standard: GET, SELECT and other requests": None,
    }


def test_standard_storage_is_cut_at_50_tb(monthly: Monthly) -> None:
    standard = {"storage_gb": 51_200, "monthly_tier_1_requests": 10_000, "monthly_tier_2_requests": 10_000}
    found = monthly("aws_s3_bucket", {}, {"standard": standard})
    assert found == {
        "Standard: storage": D("1177.6"),
        "Standard: PUT, COPY, POST, LIST requests": D("0.05"),
        "Standard: GET, SELECT and other requests": D("0.004"),
    }
    more = monthly("aws_s3_bucket", {}, {"standard": {**standard, "storage_gb": 51_300}})
    assert more["Standard: storage (tier 1)"] == D("1177.6")
    assert more["Standard: storage (tier 2)"] == D("2.2")


def test_other_classes_are_lines_where_the_usage_names_them(monthly: Monthly) -> None:
    usage = {
        "object_tags": 10_000,
        "standard_infrequent_access": {"storage_gb": 100, "monthly_data_retrieval_gb": 10},
        "glacier_flexible_retrieval": {"storage_gb": 100, "monthly_standard_data_retrieval_gb": 10},
        "intelligent_tiering": {"frequent_access_storage_gb": 100, "monitored_objects": 1000},
    }
    assert monthly("aws_s3_bucket", {}, usage) == {
        "Intelligent tiering: storage (frequent access)": D("2.3"),
        "Intelligent tiering: monitoring and automation": D("0.0025"),
        "Standard infrequent access: storage": D("1.25"),
        "Standard infrequent access: retrievals": D("0.1"),
        "Glacier flexible retrieval: storage": D("0.36"),
        "Glacier flexible retrieval: retrievals (standard)": D("0.1"),
        "object tags": D("0.0065"),
    }


def test_analytics_and_inventory_are_paid_by_object(monthly: Monthly) -> None:
    assert monthly(
        "aws_s3_bucket_analytics_configuration", {}, {"monthly_monitored_objects": 10_000_000}
    ) == {"objects monitored": D(1)}
    assert monthly("aws_s3_bucket_inventory", {}, {"monthly_listed_objects": 10_000_000}) == {
        "objects listed": D("0.025")
    }
