"""Prices streams and queues on AWS: Kinesis, Firehose, MSK, SQS."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, amount, block, flag, text

KINESIS = "aws/kinesis"
FIREHOSE = "aws/firehose"
MSK = "aws/msk"
MILLION = 1_000_000

ON_DEMAND = (
    ("data_in_gb", "in", "data ingested"),
    ("data_out_gb", "out", "data retrieved"),
    ("efo_data_out_gb", "efo", "data retrieved by enhanced fan-out"),
    ("extended_retention_gb", "extended", "retention from 1 to 7 days"),
    ("long_term_retention_gb", "long_term", "retention beyond 7 days"),
)


def kinesis_stream(quote: Quote) -> tuple[CostLine, ...]:
    """aws_kinesis_stream, provisioned or on demand.

    Usage, on demand: monthly_on_demand_ + data_in_gb, data_out_gb, efo_data_out_gb, extended_retention_gb,
    long_term_retention_gb. Provisioned: monthly_provisioned_ + put_units, extended_retention_gb (shard-hours;
    from retention_period where not given), long_term_retention_gb, long_term_retrieval_gb, efo_data_out_gb,
    efo_consumer_hours.
    """
    attributes = quote.resource.attributes
    mode = text(block(attributes, "stream_mode_details"), "stream_mode", "PROVISIONED")
    if mode == "ON_DEMAND":
        quote.fixed(KINESIS, "on_demand.hour", "stream on demand", HOURS)
        for place, (key, item, name) in enumerate(ON_DEMAND):
            quantity = quote.use(f"monthly_on_demand_{key}")
            if place < 2:
                quote.metered(KINESIS, f"on_demand.{item}", name, quantity)
            else:
                quote.optional(KINESIS, f"on_demand.{item}", name, quantity)
        return quote.done()
    shards = amount(attributes, "shard_count", 1)
    retention = amount(attributes, "retention_period", 24)
    key = "monthly_provisioned_"
    quote.fixed(KINESIS, "shard", "shards", shards * HOURS)
    quote.metered(KINESIS, "put", "PUT payload units", quote.use(f"{key}put_units"), per=MILLION)
    extended = quote.use(f"{key}extended_retention_gb")
    if extended is None and retention > 24:
        extended = shards * HOURS
    quote.optional(KINESIS, "extended", "retention from 1 to 7 days", extended)
    for name, item, label in (
        ("long_term_retention_gb", "long_term", "retention beyond 7 days"),
        ("long_term_retrieval_gb", "long_term_retrieval", "retrieval beyond 7 days"),
        ("efo_data_out_gb", "efo_gb", "data retrieved by enhanced fan-out"),
        ("efo_consumer_hours", "efo_hour", "enhanced fan-out consumers"),
    ):
        quote.optional(KINESIS, item, label, quote.use(f"{key}{name}"))
    return quote.done()


def firehose(quote: Quote) -> tuple[CostLine, ...]:
    """aws_kinesis_firehose_delivery_stream. Usage: monthly_data_ingested_gb.

    Format conversion is billed where `data_format_conversion_configuration` of its S3 block is enabled, a VPC
    (Elasticsearch or OpenSearch destination) per subnet and GB.
    """
    attributes = quote.resource.attributes
    ingested = quote.use("monthly_data_ingested_gb")
    quote.metered(FIREHOSE, "ingested", "data ingested", ingested)
    s3 = block(attributes, "extended_s3_configuration")
    conversion = s3.get("data_format_conversion_configuration")
    if conversion and not (isinstance(conversion, dict) and conversion.get("enabled") is False):
        quote.metered(FIREHOSE, "format", "format conversion", ingested)
    for name in ("elasticsearch_configuration", "opensearch_configuration"):
        vpc = block(block(attributes, name), "vpc_config")
        if vpc:
            subnets = vpc.get("subnet_ids")
            zones = Decimal(len(subnets)) if isinstance(subnets, list) else Decimal(1)
            quote.metered(FIREHOSE, "vpc", "delivery into a VPC", ingested)
            quote.fixed(FIREHOSE, "vpc_hour", "VPC delivery, per zone", zones * HOURS)
    return quote.done()


def msk_cluster(quote: Quote) -> tuple[CostLine, ...]:
    """aws_msk_cluster: brokers and the storage of each. Usage: provisioned_throughput_mbps (per broker)."""
    attributes = quote.resource.attributes
    brokers = amount(attributes, "number_of_broker_nodes", 1)
    group = block(attributes, "broker_node_group_info")
    kind = text(group, "instance_type")
    quote.fixed(MSK, f"broker.{kind}", f"brokers ({kind})", brokers * HOURS)
    storage = block(block(group, "storage_info"), "ebs_storage_info")
    size = amount(storage, "volume_size", str(amount(group, "ebs_volume_size", 1000)))
    quote.fixed(MSK, "storage", "broker storage", size * brokers)
    throughput = block(storage, "provisioned_throughput")
    if flag(throughput, "enabled"):
        quote.fixed(
            MSK,
            "throughput",
            "provisioned throughput",
            amount(throughput, "volume_throughput", 250) * brokers,
        )
    return quote.done()


def sqs_queue(quote: Quote) -> tuple[CostLine, ...]:
    """aws_sqs_queue. Usage: monthly_requests, request_size_kb (each 64 KB begun is one request)."""
    requests = quote.use("monthly_requests")
    chunks = (quote.use_or("request_size_kb", 1) / 64).to_integral_value(rounding="ROUND_CEILING")
    item = "fifo" if flag(quote.resource.attributes, "fifo_queue") else "standard"
    total = None if requests is None else requests * max(chunks, Decimal(1))
    quote.metered("aws/sqs", item, "requests", total, per=MILLION)
    return quote.done()
