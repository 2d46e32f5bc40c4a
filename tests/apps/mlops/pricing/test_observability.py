"""CloudWatch and EventBridge."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


@pytest.mark.parametrize(
    ("attributes", "resolution", "cost"),
    [
        ({"period": 60}, "standard", "0.1"),
        ({"period": 59}, "high", "0.3"),
        ({}, "standard", "0.1"),
        (
            {
                "metric_query": [
                    {"metric": {"period": 10}},
                    {"metric": {"period": 300}},
                    {"expression": "a+b"},
                ]
            },
            "high",
            "0.6",
        ),
        (
            {
                "metric_query": [
                    {"metric": {"period": 120}},
                    {"expression": "ANOMALY_DETECTION_BAND(m1)"},
                ]
            },
            "standard",
            "0.3",
        ),
    ],
)
def test_an_alarm_is_paid_by_metric_and_resolution(
    monthly: Monthly, attributes: dict[str, object], resolution: str, cost: str
) -> None:
    found = monthly("aws_cloudwatch_metric_alarm", attributes)
    assert found == {f"alarm metrics ({resolution} resolution)": D(cost)}


def test_dashboards_and_composite_alarms_have_one_price(monthly: Monthly) -> None:
    assert monthly("aws_cloudwatch_dashboard", count=2) == {"dashboard": D(6)}
    assert monthly("aws_cloudwatch_composite_alarm") == {"composite alarm": D("0.5")}


def test_logs_are_paid_in_stored_and_queried(monthly: Monthly) -> None:
    usage = {"monthly_data_ingested_gb": 100, "storage_gb": 100, "monthly_data_scanned_gb": 100}
    assert monthly("aws_cloudwatch_log_group", {}, usage) == {
        "logs ingested": D(50),
        "archived logs": D(3),
        "logs queried": D("0.5"),
    }
    rare = monthly("aws_cloudwatch_log_group", {"log_group_class": "INFREQUENT_ACCESS"}, usage)
    assert rare["logs ingested"] == D(25)
    assert monthly("aws_cloudwatch_log_group") == {"logs ingested": None, "archived logs": None}


def test_an_event_bus_is_paid_by_event(monthly: Monthly) -> None:
    found = monthly(
        "aws_cloudwatch_event_bus", {}, {"monthly_custom_events": 1_000_000, "archive_storage_gb": 10}
    )
    assert found == {"custom events": D(1), "archive storage": D("0.23")}
