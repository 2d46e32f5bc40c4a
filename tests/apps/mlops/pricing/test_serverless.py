"""Lambda, API Gateway and Step Functions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


def test_a_function_costs_requests_and_gigabyte_seconds(monthly: Monthly) -> None:
    usage = {"monthly_requests": 2_000_000, "request_duration_ms": 250}
    assert monthly("aws_lambda_function", {"memory_size": 512}, usage) == {
        "requests": D("0.4"),
        "duration": D("4.166675"),  # 250,000 GB-s x 0.0000166667
    }
    arm = {"memory_size": 512, "architectures": ["arm64"], "ephemeral_storage": {"size": 1536}}
    found = monthly("aws_lambda_function", arm, usage)
    assert found["duration"] == D("3.33335")
    assert found["ephemeral storage above 512 MB"] is not None


def test_a_function_without_usage_is_unknown_and_a_part_of_a_millisecond_is_one(monthly: Monthly) -> None:
    disk = {"ephemeral_storage": {"size": 1024}}
    assert monthly("aws_lambda_function", disk) == {
        "requests": None,
        "duration": None,
        "ephemeral storage above 512 MB": None,
    }
    usage = {"monthly_requests": 1_000_000, "request_duration_ms": "0.2"}
    found = monthly("aws_lambda_function", {"memory_size": 1024}, usage)
    assert found["duration"] == D("0.0166667")


def test_duration_crosses_its_tiers(monthly: Monthly) -> None:
    usage = {"monthly_requests": 7_000_000_000, "request_duration_ms": 1000}
    found = monthly("aws_lambda_function", {"memory_size": 1024}, usage)
    assert found["duration (tier 1)"] == D("100000.2")  # 6e9 x 0.0000166667
    assert found["duration (tier 2)"] == D(15000)  # 1e9 x 0.000015


def test_provisioned_concurrency_is_paid_for_the_time_it_is_kept(monthly: Monthly) -> None:
    usage = {
        "monthly_duration_hrs": 100,
        "monthly_requests": 1_000_000,
        "request_duration_ms": 100,
        "memory_mb": 1024,
    }
    kept = {"provisioned_concurrent_executions": 10}
    assert monthly("aws_lambda_provisioned_concurrency_config", kept, usage) == {
        "requests": D("0.2"),
        "provisioned concurrency": D("15.00012"),  # 3,600,000 GB-s x 0.0000041667
        "duration": D("0.97222"),
    }
    assert set(monthly("aws_lambda_provisioned_concurrency_config").values()) == {None}


@pytest.mark.parametrize(("size", "cost"), [(None, "1"), (512, "1"), (513, "2")])
def test_an_http_request_counts_once_for_every_512_kb(monthly: Monthly, size: int | None, cost: str) -> None:
    usage: dict[str, object] = {"monthly_requests": 1_000_000}
    if size is not None:
        usage["request_size_kb"] = size
    assert monthly("aws_apigatewayv2_api", {"protocol_type": "HTTP"}, usage) == {"requests": D(cost)}


def test_http_requests_get_cheaper_above_300_million(monthly: Monthly) -> None:
    found = monthly("aws_apigatewayv2_api", {}, {"monthly_requests": 301_000_000})
    assert found == {"requests (tier 1)": D(300), "requests (tier 2)": D("0.9")}


def test_a_websocket_api_is_paid_by_messages_and_minutes(monthly: Monthly) -> None:
    usage = {"monthly_messages": 1_000_000, "message_size_kb": 33, "monthly_connection_mins": 2_000_000}
    found = monthly("aws_apigatewayv2_api", {"protocol_type": "WEBSOCKET"}, usage)
    assert found == {"messages": D(2), "connection minutes": D("0.5")}
    without = monthly("aws_apigatewayv2_api", {"protocol_type": "WEBSOCKET"})
    assert without == {"messages": None, "connection minutes": None}


def test_a_rest_api_is_paid_by_requests_and_a_stage_by_its_cache(monthly: Monthly) -> None:
    assert monthly("aws_api_gateway_rest_api", {}, {"monthly_requests": 1_000_000}) == {"requests": D("3.5")}
    assert monthly("aws_api_gateway_stage") == {}
    assert monthly("aws_api_gateway_stage", {"cache_cluster_size": 0.5}) == {"cache of 0.5 GB": D("14.6")}


def test_state_machines_are_paid_by_transitions_or_by_time(monthly: Monthly) -> None:
    assert monthly("aws_sfn_state_machine", {}, {"monthly_transitions": 10_000}) == {
        "state transitions": D("0.25")
    }
    usage = {"monthly_requests": 3_600_000, "workflow_duration_ms": 901, "memory_mb": 1000}
    found = monthly("aws_sfn_state_machine", {"type": "EXPRESS"}, usage)
    assert found == {"requests": D("3.6"), "duration (tier 1)": D(60)} or found == {
        "requests": D("3.6"),
        "duration": D(60),
    }
    assert monthly("aws_sfn_state_machine", {"type": "EXPRESS"}) == {"requests": None, "duration": None}
