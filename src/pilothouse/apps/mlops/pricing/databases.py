"""Prices Amazon RDS: DB instances, and Aurora clusters with their instances.

Source of the rules: https://aws.amazon.com/rds/pricing/ and https://aws.amazon.com/rds/aurora/pricing/.
Multi-AZ runs and stores everything twice and is billed as twice the single-AZ price.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from pilothouse.apps.mlops.pricing.book import Price
from pilothouse.apps.mlops.pricing.model import CostLine, PriceSource
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, flag, text

SERVICE = "aws/rds"
SECONDS = HOURS * 3600
ENGINES = {"postgres": "postgresql", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mariadb"}
STANDARD_SUPPORT_ENDS = {
    "mysql 5.7": dt.date(2024, 2, 29),
    "mysql 8.0": dt.date(2026, 7, 31),
    "postgresql 11": dt.date(2024, 2, 29),
    "postgresql 12": dt.date(2025, 2, 28),
    "postgresql 13": dt.date(2026, 2, 28),
}
"""Last day of standard support of major engine versions; extended support is billed per vCPU-hour after it.

Source: the release calendars in the RDS user guides for MySQL and PostgreSQL.
"""


def vcpus(instance_class: str) -> Decimal:
    """VCPUs of a DB instance class, which follow from its size (db.m5.4xlarge has 16)."""
    family, _, size = instance_class.removeprefix("db.").partition(".")
    if size.endswith("xlarge"):
        return Decimal(4) * Decimal(size.removesuffix("xlarge") or 1)
    single = family in ("t2", "m1", "t1") and size in ("micro", "small")
    return Decimal(1) if single or (family, size) == ("m3", "medium") else Decimal(2)


def _reserved(quote: Quote, engine: str, name: str) -> Price | None:
    option = text(quote.usage, "reserved_instance_payment_option")
    if option == "all_upfront":
        source = PriceSource(
            url="https://aws.amazon.com/rds/pricing/", date=quote.book.rates.date, region=quote.region
        )
        return Price("hour", ((None, Decimal(0)),), source, verified=True)
    term = text(quote.usage, "reserved_instance_term")
    return quote.book.find(SERVICE, f"reserved.{engine}.{name}.{term}.{option}", quote.region)


def _add_hours(quote: Quote, item: str, name: str, hours: Decimal) -> None:
    if text(quote.usage, "reserved_instance_term"):
        price = _reserved(quote, item, name)
        note = "any upfront payment is not part of this line"
        quote.price(
            price, f"instance hours (reserved, {name})", hours, note=note, what=f"reserved {item} {name}"
        )
        return
    quote.fixed(SERVICE, f"{item}.{name}", f"instance hours ({name})", hours)


def _add_extended_support(quote: Quote, engine: str, name: str, copies: int) -> None:
    version = quote.text("engine_version")
    major = ".".join(version.split(".")[:2]) if engine == "mysql" else version.split(".")[0]
    ends = STANDARD_SUPPORT_ENDS.get(f"{engine} {major}")
    today = quote.book.rates.date
    if ends is None or today <= ends:
        return
    year = "3" if today >= ends.replace(year=ends.year + 2, day=28) else "1"
    hours = vcpus(name) * HOURS * copies
    quote.fixed(SERVICE, f"extended_support.{year}", f"extended support of {engine} {major}", hours)


def _add_storage(quote: Quote, engine: str, copies: int) -> None:
    iops = quote.has("iops")
    kind = quote.text("storage_type") or ("io1" if iops is not None else "gp2")
    size = quote.has("allocated_storage")
    if size is None:
        size = Decimal(100 if kind in ("io1", "io2") else 20)
    quote.fixed(SERVICE, kind, f"storage ({kind})", size * copies)
    if kind in ("io1", "io2"):
        provisioned = max(iops or Decimal(0), Decimal(1000))
        quote.fixed(SERVICE, f"{kind}.iops", "provisioned IOPS", provisioned * copies)
    if kind == "gp3":
        large = size >= (200 if engine.startswith("oracle") else 400)
        extra = (iops or Decimal(0)) - (12000 if large else 3000)
        if extra > 0:
            quote.fixed(SERVICE, "gp3.iops", "IOPS above the included ones", extra * copies)
        faster = (quote.has("storage_throughput") or Decimal(0)) - (500 if large else 125)
        if faster > 0:
            quote.fixed(SERVICE, "gp3.throughput", "throughput above the included", faster * copies)
    if kind == "standard":
        requests = quote.use("monthly_standard_io_requests")
        quote.metered(SERVICE, "standard.io", "I/O requests", requests, per=1_000_000)


def db_instance(quote: Quote) -> tuple[CostLine, ...]:
    """aws_db_instance.

    Usage: additional_backup_storage_gb, monthly_standard_io_requests (magnetic storage),
    monthly_additional_performance_insights_requests, reserved_instance_term and _payment_option.
    """
    stated = quote.text("engine", "mysql").lower()
    engine = ENGINES.get(stated, stated)
    name = quote.text("instance_class")
    copies = 2 if flag(quote.resource.attributes, "multi_az") else 1
    if engine.startswith("aurora"):
        return cluster_instance(quote)
    item = engine
    if engine.startswith(("oracle", "sqlserver")):
        usual = "bring-your-own-license" if engine.startswith("oracle-ee") else "license-included"
        licence = quote.text("license_model", usual)
        item = f"{engine}.{licence.replace('-', '_')}"
    _add_hours(quote, item, name, HOURS * copies)
    _add_storage(quote, engine, copies)
    backup = quote.use("additional_backup_storage_gb")
    quote.optional(SERVICE, "backup", "backup storage above the free share", backup)
    retention = quote.has("performance_insights_retention_period")
    if flag(quote.resource.attributes, "performance_insights_enabled") and retention and retention > 7:
        item = f"insights.{name.rpartition('.')[0]}"
        quote.fixed(SERVICE, item, "Performance Insights long-term retention", vcpus(name))
    requests = quote.use("monthly_additional_performance_insights_requests")
    quote.optional(SERVICE, "insights.requests", "Performance Insights requests", requests, per=1000)
    _add_extended_support(quote, engine, name, copies)
    return quote.done()


def cluster(quote: Quote) -> tuple[CostLine, ...]:
    """aws_rds_cluster (Aurora): storage, I/O, backups and, where serverless, capacity.

    Usage: capacity_units_per_hr, storage_gb, read_requests_per_sec, write_requests_per_sec,
    backup_snapshot_size_gb, average_statements_per_hr, change_records_per_statement, backtrack_window_hrs,
    snapshot_export_size_gb.
    """
    optimized = quote.text("storage_type") == "aurora-iopt1"
    if quote.text("engine_mode") == "serverless":
        units = quote.use("capacity_units_per_hr")
        hours = None if units is None else units * HOURS
        quote.metered(SERVICE, "serverless", "Aurora serverless capacity", hours)
    item = "cluster.storage_io" if optimized else "cluster.storage"
    quote.metered(SERVICE, item, "storage", quote.use("storage_gb"))
    if not optimized:
        reads, writes = quote.use("read_requests_per_sec"), quote.use("write_requests_per_sec")
        known = reads is not None or writes is not None
        requests = ((reads or Decimal(0)) + (writes or Decimal(0))) * SECONDS if known else None
        quote.metered(SERVICE, "cluster.io", "I/O requests", requests, per=1_000_000)
    days = (quote.has("backup_retention_period") or Decimal(1)) - 1
    size = quote.use("backup_snapshot_size_gb")
    if days > 0 and size is not None:
        quote.metered(SERVICE, "cluster.backup", "backups after the first day", size * days)
    statements, records = quote.use("average_statements_per_hr"), quote.use("change_records_per_statement")
    window = quote.use("backtrack_window_hrs")
    mysql = quote.text("engine", "aurora-mysql") in ("aurora", "aurora-mysql")
    if mysql and statements is not None and records is not None and window is not None:
        kept = statements * records * window * HOURS
        quote.metered(SERVICE, "cluster.backtrack", "backtrack", kept, per=1_000_000)
    export = quote.use("snapshot_export_size_gb")
    quote.optional(SERVICE, "cluster.export", "snapshot export", export)
    return quote.done()


def cluster_instance(quote: Quote) -> tuple[CostLine, ...]:
    """aws_rds_cluster_instance. `storage_type` of its cluster decides between standard and I/O-optimized.

    Usage: capacity_units_per_hr (db.serverless), monthly_cpu_credit_hrs and vcpu_count (burstable classes),
    monthly_additional_performance_insights_requests, reserved_instance_term and _payment_option.
    """
    optimized = quote.text("storage_type") == "aurora-iopt1"
    name = quote.text("instance_class")
    if name == "db.serverless":
        units = quote.use("capacity_units_per_hr")
        hours = None if units is None else units * HOURS
        item = "serverless.v2_io" if optimized else "serverless.v2"
        quote.metered(SERVICE, item, "Aurora serverless v2 capacity", hours)
    else:
        _add_hours(quote, "aurora_io" if optimized else "aurora", name, HOURS)
    if name.startswith(("db.t3", "db.t4g")):
        used = quote.use("monthly_cpu_credit_hrs")
        burst = None if used is None else used * quote.use_or("vcpu_count", 2)
        quote.optional(SERVICE, "aurora.credits", "CPU credits", burst)
    retention = quote.has("performance_insights_retention_period")
    if flag(quote.resource.attributes, "performance_insights_enabled") and retention and retention > 7:
        item = f"insights.{name.rpartition('.')[0]}"
        quote.fixed(SERVICE, item, "Performance Insights long-term retention", vcpus(name))
    requests = quote.use("monthly_additional_performance_insights_requests")
    quote.optional(SERVICE, "insights.requests", "Performance Insights requests", requests, per=1000)
    return quote.done()
