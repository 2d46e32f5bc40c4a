"""Prices storage, databases, messages, networking and operations on Google Cloud."""

from __future__ import annotations

import re
from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, amount, block, blocks, text

CUSTOM_TIER = re.compile(r"^db-(?:custom|perf-optimized-N)-(\d+)-(\d+)$")
REDIS_TIERS = ((4, "M1"), (10, "M2"), (35, "M3"), (100, "M4"))
"""Capacity in GB up to which each Memorystore tier's price holds; M5 above (Memorystore pricing page)."""


def pubsub(quote: Quote) -> tuple[CostLine, ...]:
    """google_pubsub_topic. Usage: monthly_message_data_tb (published and delivered), retained_gb."""
    terabytes = quote.use("monthly_message_data_tb")
    quote.metered("gcp/pubsub", "throughput", "messages published and delivered", terabytes)
    quote.optional("gcp/pubsub", "storage", "retained messages", quote.use("retained_gb"))
    return quote.done()


def bucket(quote: Quote) -> tuple[CostLine, ...]:
    """google_storage_bucket. Usage: storage_gb, monthly_class_a_operations, monthly_class_b_operations."""
    kind = quote.text("storage_class", "STANDARD").lower()
    service = "gcp/storage"
    quote.metered(service, kind, f"storage ({kind})", quote.use("storage_gb"))
    for letter in ("a", "b"):
        operations = quote.use(f"monthly_class_{letter}_operations")
        item = f"class_{letter}.{kind}"
        quote.metered(service, item, f"class {letter.upper()} operations", operations, per=10_000)
    return quote.done()


def crypto_key(quote: Quote) -> tuple[CostLine, ...]:
    """google_kms_crypto_key. Usage: key_versions (1), monthly_key_operations."""
    quote.fixed("gcp/kms", "key", "key versions", quote.use_or("key_versions", 1))
    operations = quote.use("monthly_key_operations")
    quote.metered("gcp/kms", "operations", "key operations", operations, per=10_000)
    return quote.done()


def bigtable(quote: Quote) -> tuple[CostLine, ...]:
    """google_bigtable_instance: nodes of every cluster and their storage. Usage: storage_gb (per cluster)."""
    stored = quote.use("storage_gb")
    for place, cluster in enumerate(blocks(quote.resource.attributes, "cluster"), start=1):
        kind = text(cluster, "storage_type", "SSD").lower()
        nodes = amount(cluster, "num_nodes", 1)
        quote.fixed("gcp/bigtable", "node", f"cluster {place}: nodes", nodes * HOURS)
        quote.metered("gcp/bigtable", kind, f"cluster {place}: storage ({kind})", stored)
    if not quote.lines:
        quote.unknown("nodes", "the instance has no cluster block")
    return quote.done()


def sql_instance(quote: Quote) -> tuple[CostLine, ...]:
    """google_sql_database_instance with a custom tier (db-custom-VCPUS-MB); regional ones run twice.

    Usage: backup_storage_gb.
    """
    settings = block(quote.resource.attributes, "settings")
    copies = 2 if text(settings, "availability_type") == "REGIONAL" else 1
    tier = text(settings, "tier")
    match = CUSTOM_TIER.match(tier)
    service = "gcp/sql"
    if match is None:
        quote.fixed(service, tier, f"instance ({tier})", HOURS * copies)
    else:
        vcpus, gigabytes = Decimal(match.group(1)), Decimal(match.group(2)) / 1024
        quote.fixed(service, "vcpu", f"instance ({tier}): vCPUs", vcpus * HOURS * copies)
        quote.fixed(service, "memory", f"instance ({tier}): memory", gigabytes * HOURS * copies)
    disk = "hdd" if text(settings, "disk_type", "PD_SSD") == "PD_HDD" else "ssd"
    quote.fixed(service, disk, f"storage ({disk})", amount(settings, "disk_size", 10) * copies)
    quote.optional(service, "backup", "backups", quote.use("backup_storage_gb"))
    return quote.done()


def workflow(quote: Quote) -> tuple[CostLine, ...]:
    """google_workflows_workflow. Usage: monthly_internal_steps, monthly_external_steps."""
    for kind in ("internal", "external"):
        steps = quote.use(f"monthly_{kind}_steps")
        quote.metered("gcp/workflows", kind, f"{kind} steps", steps, per=1000)
    return quote.done()


def artifact_registry(quote: Quote) -> tuple[CostLine, ...]:
    """google_artifact_registry_repository. Usage: storage_gb."""
    quote.metered("gcp/artifact_registry", "storage", "storage", quote.use("storage_gb"))
    return quote.done()


def forwarding_rule(quote: Quote) -> tuple[CostLine, ...]:
    """google_compute_forwarding_rule. Usage: monthly_ingress_data_gb, monthly_egress_data_gb."""
    service = "gcp/load_balancing"
    quote.fixed(service, "rule", "forwarding rule", HOURS)
    for way, name in (("ingress", "data in"), ("egress", "data out")):
        quote.metered(service, way, f"{name} processed", quote.use(f"monthly_{way}_data_gb"))
    return quote.done()


def redis(quote: Quote) -> tuple[CostLine, ...]:
    """google_redis_instance: tier BASIC or STANDARD_HA, memory_size_gb."""
    size = amount(quote.resource.attributes, "memory_size_gb", 1)
    tier = quote.text("tier", "BASIC")
    step = next((name for upto, name in REDIS_TIERS if size <= upto), "M5")
    quote.fixed("gcp/memorystore", f"{tier}.{step}", f"capacity ({tier}, {step})", size * HOURS)
    return quote.done()


def logs(quote: Quote) -> tuple[CostLine, ...]:
    """google_logging_project_bucket_config. Usage: monthly_logging_data_gb, retained_gb (beyond 30 days)."""
    quote.metered("gcp/logging", "ingested", "logs ingested", quote.use("monthly_logging_data_gb"))
    quote.optional("gcp/logging", "retained", "logs kept beyond 30 days", quote.use("retained_gb"))
    return quote.done()


def secret(quote: Quote) -> tuple[CostLine, ...]:
    """google_secret_manager_secret. Usage: active_secret_versions (1), monthly_access_operations."""
    service = "gcp/secret_manager"
    quote.fixed(service, "version", "active versions", quote.use_or("active_secret_versions", 1))
    quote.metered(service, "access", "access operations", quote.use("monthly_access_operations"), per=10_000)
    return quote.done()
