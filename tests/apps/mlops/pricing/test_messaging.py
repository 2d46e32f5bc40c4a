"""Kinesis, Firehose, MSK and SQS."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


def test_a_provisioned_stream_is_paid_by_shard(monthly: Monthly) -> None:
    stream = {"shard_count": 2, "retention_period": 48}
    usage = {"monthly_provisioned_put_units": 10_000_000, "monthly_provisioned_efo_consumer_hours": 100}
    assert monthly("aws_kinesis_stream", stream, usage) == {
        "shards": D("21.9"),
        "PUT payload units": D("0.14"),
        "retention from 1 to 7 days": D("29.2"),  # 2 x 730 h x 0.020
        "enhanced fan-out consumers": D("1.5"),
    }
    assert monthly("aws_kinesis_stream") == {"shards": D("10.95"), "PUT payload units": None}


def test_a_stream_on_demand_is_paid_by_the_gigabyte(monthly: Monthly) -> None:
    stream = {"stream_mode_details": {"stream_mode": "ON_DEMAND"}}
    assert monthly("aws_kinesis_stream", stream, {"monthly_on_demand_data_in_gb": 100}) == {
        "stream on demand": D("29.2"),
        "data ingested": D(8),
        "data retrieved": None,
    }
    fan_out = monthly("aws_kinesis_stream", stream, {"monthly_on_demand_efo_data_out_gb": 100})
    assert fan_out["data retrieved by enhanced fan-out"] == D(5)


def test_a_delivery_stream_is_paid_by_what_it_ingests_converts_and_delivers(monthly: Monthly) -> None:
    usage = {"monthly_data_ingested_gb": 1000}
    assert monthly("aws_kinesis_firehose_delivery_stream", {}, usage) == {"data ingested": D(29)}
    stream = {
        "extended_s3_configuration": {"data_format_conversion_configuration": {"input_format": "x"}},
        "elasticsearch_configuration": {"vpc_config": {"subnet_ids": ["a", "b"]}},
    }
    found = monthly("aws_kinesis_firehose_delivery_stream", stream, usage)
    assert found["format conversion"] == D(18)
    assert found["delivery into a VPC"] == D(10)
    assert found["VPC delivery, per zone"] == D("14.6")
    off = {"extended_s3_configuration": {"data_format_conversion_configuration": {"enabled": False}}}
    assert list(monthly("aws_kinesis_firehose_delivery_stream", off, usage)) == ["data ingested"]
    one = {"opensearch_configuration": {"vpc_config": {"subnet_ids": "${var.subnets}"}}}
    found = monthly("aws_kinesis_firehose_delivery_stream", one, usage)
    assert found["VPC delivery, per zone"] == D("7.3")


@pytest.mark.parametrize(
    "group",
    [
        {"ebs_volume_size": 500},
        {"storage_info": {"ebs_storage_info": {"volume_size": 500}}},
    ],
)
def test_brokers_have_storage_each(monthly: Monthly, group: dict[str, object]) -> None:
    cluster = {
        "number_of_broker_nodes": 3,
        "broker_node_group_info": {"instance_type": "kafka.m5.large", **group},
    }
    assert monthly("aws_msk_cluster", cluster) == {
        "brokers (kafka.m5.large)": D("459.9"),  # 3 x 730 h x 0.21
        "broker storage": D(150),
    }


def test_provisioned_throughput_of_brokers_is_a_line(monthly: Monthly) -> None:
    storage = {"volume_size": 100, "provisioned_throughput": {"enabled": True, "volume_throughput": 250}}
    group = {"instance_type": "kafka.m5.4xlarge", "storage_info": {"ebs_storage_info": storage}}
    found = monthly("aws_msk_cluster", {"number_of_broker_nodes": 2, "broker_node_group_info": group})
    assert "provisioned throughput" in found


@pytest.mark.parametrize(("size", "cost"), [(1, "0.4"), (64, "0.4"), (65, "0.8"), (256, "1.6")])
def test_a_message_counts_once_for_every_64_kb(monthly: Monthly, size: int, cost: str) -> None:
    usage = {"monthly_requests": 1_000_000, "request_size_kb": size}
    assert monthly("aws_sqs_queue", {}, usage) == {"requests": D(cost)}


def test_fifo_queues_cost_more_and_usage_may_be_unknown(monthly: Monthly) -> None:
    fifo = {"fifo_queue": True}
    assert monthly("aws_sqs_queue", fifo, {"monthly_requests": 1_000_000}) == {"requests": D("0.5")}
    assert monthly("aws_sqs_queue") == {"requests": None}
