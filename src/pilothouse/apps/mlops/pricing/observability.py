"""Prices AWS monitoring: CloudWatch alarms, dashboards and logs, and EventBridge buses."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import amount, block, blocks, text

SERVICE = "aws/cloudwatch"
HIGH_RESOLUTION_BELOW = 60
ANOMALY_METRICS = 3
"""Metrics an anomaly-detection alarm is billed for: its own and the two bounds (CloudWatch pricing page)."""


def metric_alarm(quote: Quote) -> tuple[CostLine, ...]:
    """aws_cloudwatch_metric_alarm: billed by the metrics it watches, more for periods under a minute."""
    attributes = quote.resource.attributes
    queries = blocks(attributes, "metric_query")
    watched = [block(query, "metric") for query in queries if block(query, "metric")]
    periods = [amount(one, "period", HIGH_RESOLUTION_BELOW) for one in watched or [attributes]]
    high = min(periods) < HIGH_RESOLUTION_BELOW
    metrics = max(len(watched), 1)
    if any("ANOMALY_DETECTION_BAND" in text(query, "expression") for query in queries):
        metrics *= ANOMALY_METRICS
    resolution = "high" if high else "standard"
    quote.fixed(SERVICE, f"alarm.{resolution}", f"alarm metrics ({resolution} resolution)", Decimal(metrics))
    return quote.done()


def composite_alarm(quote: Quote) -> tuple[CostLine, ...]:
    """aws_cloudwatch_composite_alarm."""
    quote.fixed(SERVICE, "alarm.composite", "composite alarm", Decimal(1))
    return quote.done()


def dashboard(quote: Quote) -> tuple[CostLine, ...]:
    """aws_cloudwatch_dashboard (the free ones belong to the account and are not deducted)."""
    quote.fixed(SERVICE, "dashboard", "dashboard", Decimal(1))
    return quote.done()


def log_group(quote: Quote) -> tuple[CostLine, ...]:
    """aws_cloudwatch_log_group. Usage: monthly_data_ingested_gb, storage_gb, monthly_data_scanned_gb."""
    infrequent = quote.text("log_group_class") == "INFREQUENT_ACCESS"
    item = "logs.ingested_ia" if infrequent else "logs.ingested"
    quote.metered(SERVICE, item, "logs ingested", quote.use("monthly_data_ingested_gb"))
    quote.metered(SERVICE, "logs.storage", "archived logs", quote.use("storage_gb"))
    quote.optional(SERVICE, "logs.insights", "logs queried", quote.use("monthly_data_scanned_gb"))
    return quote.done()


def event_bus(quote: Quote) -> tuple[CostLine, ...]:
    """aws_cloudwatch_event_bus.

    Usage: monthly_custom_events, monthly_third_party_events, monthly_archive_processing_gb,
    archive_storage_gb, monthly_schema_discovery_events.
    """
    million = 1_000_000
    custom = quote.use("monthly_custom_events")
    quote.metered(SERVICE, "events.custom", "custom events", custom, per=million)
    for key, item, name, per in (
        ("monthly_third_party_events", "events.third_party", "third-party events", million),
        ("monthly_archive_processing_gb", "events.archive", "archive processing", 1),
        ("archive_storage_gb", "events.storage", "archive storage", 1),
        ("monthly_schema_discovery_events", "events.discovery", "schema discovery", million),
    ):
        quote.optional(SERVICE, item, name, quote.use(key), per=per)
    return quote.done()
