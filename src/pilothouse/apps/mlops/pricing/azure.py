"""Prices Azure: machines, containers, storage, databases, messages, networking and operations."""

from __future__ import annotations

import re
from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, amount, block, flag, text

SECONDS = HOURS * 3600
DAYS = HOURS / 24
VCORES = re.compile(r"^GP_Standard_D(\d+)d?s_v\d$")
PREMIUM_REGISTRY_GB = {"Basic": 10, "Standard": 100, "Premium": 500}
"""Storage that each registry tier includes (Azure Container Registry service tiers)."""
ZONE_REDUNDANT = Decimal("1.25")
"""Factor on the throughput of a zone-redundant Cosmos DB region (Cosmos DB pricing page)."""


def machine_item(size: str) -> str:
    """The book's name of a VM size: "Standard_D4s_v3" becomes "d4sv3"."""
    return size.removeprefix("Standard_").replace("_", "").lower()


def event_hubs(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_eventhub_namespace: sku, capacity (throughput units). Usage: monthly_ingress_events."""
    sku = quote.text("sku", "Standard")
    units = amount(quote.resource.attributes, "capacity", 1)
    quote.fixed("azure/eventhub", f"unit.{sku}", f"throughput units ({sku})", units * HOURS)
    if sku != "Premium":
        events = quote.use("monthly_ingress_events")
        quote.metered("azure/eventhub", "ingress", "ingress events", events, per=1_000_000)
    return quote.done()


def storage_account(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_storage_account. Usage: storage_gb, monthly_write_operations, monthly_read_operations."""
    tier = quote.text("access_tier", "Hot")
    copies = quote.text("account_replication_type", "LRS")
    service = "azure/storage"
    quote.metered(service, f"{tier}.{copies}", f"storage ({tier}, {copies})", quote.use("storage_gb"))
    writes, reads = quote.use("monthly_write_operations"), quote.use("monthly_read_operations")
    quote.metered(service, f"write.{copies}", "write operations", writes, per=10_000)
    quote.metered(service, "read", "read operations", reads, per=10_000)
    return quote.done()


def vault_key(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_key_vault_key: software keys cost by operation, HSM keys by the month too.

    Usage: monthly_key_operations.
    """
    if quote.text("key_type").endswith("-HSM"):
        quote.fixed("azure/key_vault", "hsm_key", "HSM key", Decimal(1))
    operations = quote.use("monthly_key_operations")
    quote.metered("azure/key_vault", "operations", "key operations", operations, per=10_000)
    return quote.done()


def vault(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_key_vault. Usage: monthly_secrets_operations."""
    operations = quote.use("monthly_secrets_operations")
    quote.metered("azure/key_vault", "operations", "secret operations", operations, per=10_000)
    return quote.done()


def cosmos(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_cosmosdb_account with provisioned `throughput` (RU/s, 400 at least). Usage: storage_gb."""
    attributes = quote.resource.attributes
    redundant = flag(block(attributes, "geo_location"), "zone_redundant")
    factor = ZONE_REDUNDANT if redundant else Decimal(1)
    hundreds = max(amount(attributes, "throughput", 400), Decimal(400)) / 100
    quote.fixed("azure/cosmos", "ru", "throughput", hundreds * HOURS * factor)
    quote.metered("azure/cosmos", "storage", "storage", quote.use("storage_gb"))
    return quote.done()


def postgres(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_postgresql_flexible_server; a standby for high availability doubles machine and storage.

    Usage: additional_backup_storage_gb.
    """
    attributes = quote.resource.attributes
    sku = quote.text("sku_name")
    copies = 2 if block(attributes, "high_availability") else 1
    match = VCORES.match(sku)
    service = "azure/postgres"
    if match is None:
        quote.fixed(service, sku, f"server ({sku})", HOURS * copies)
    else:
        quote.fixed(service, "GP_vcore", f"server ({sku}): vCores", Decimal(match.group(1)) * HOURS * copies)
    size = amount(attributes, "storage_mb", 32768) / 1024
    quote.fixed(service, "storage", "storage", size * copies)
    quote.optional(service, "backup", "backups", quote.use("additional_backup_storage_gb"))
    return quote.done()


def data_factory(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_data_factory. Usage: monthly_orchestration_runs, monthly_data_integration_unit_hours."""
    runs = quote.use("monthly_orchestration_runs")
    quote.metered("azure/data_factory", "runs", "activity runs", runs, per=1000)
    moved = quote.use("monthly_data_integration_unit_hours")
    quote.metered("azure/data_factory", "diu", "data movement", moved)
    return quote.done()


def ml_cluster(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_machine_learning_compute_cluster: `vm_size`, at the price of the machines alone.

    Usage: instances (1), monthly_hours per instance.
    """
    size = quote.text("vm_size")
    hours = quote.use("monthly_hours")
    total = None if hours is None else hours * quote.use_or("instances", 1)
    quote.metered("azure/vm", machine_item(size), f"node hours ({size})", total)
    return quote.done()


def ml_endpoint(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_machine_learning_online_endpoint: instance_type, instance_count. Usage: monthly_hours (730)."""
    size = quote.text("instance_type")
    count = amount(quote.resource.attributes, "instance_count", 1)
    hours = quote.use_or("monthly_hours", int(HOURS)) * count
    quote.fixed("azure/vm", machine_item(size), f"endpoint instances ({size})", hours)
    return quote.done()


def registry(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_container_registry: sku. Usage: storage_gb, of which each tier includes some."""
    sku = quote.text("sku", "Basic")
    quote.fixed("azure/registry", sku, f"registry ({sku})", DAYS)
    stored = quote.use("storage_gb")
    if stored is not None:
        extra = max(stored - PREMIUM_REGISTRY_GB.get(sku, 0), Decimal(0))
        quote.metered("azure/registry", "storage", "storage above the included", extra * DAYS)
    return quote.done()


def container_app(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_container_app: its least replicas, active all month. Usage: monthly_requests, replicas."""
    template = block(quote.resource.attributes, "template")
    container = block(template, "container")
    replicas = quote.use("replicas")
    if replicas is None:
        replicas = amount(template, "min_replicas", 1)
    memory = text(container, "memory", "0.5Gi").removesuffix("Gi")
    service = "azure/container_apps"
    note = "counted as active all month, the dearer state"
    quote.fixed(
        service, "vcpu", "replicas: vCPUs", replicas * SECONDS * amount(container, "cpu", "0.25"), note
    )
    quote.fixed(service, "memory", "replicas: memory", replicas * SECONDS * Decimal(memory), note)
    quote.metered(service, "requests", "requests", quote.use("monthly_requests"), per=1_000_000)
    return quote.done()


def app_gateway(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_application_gateway v2. Usage: capacity_units (mean)."""
    tier = text(block(quote.resource.attributes, "sku"), "tier", "Standard_v2")
    quote.fixed("azure/app_gateway", f"fixed.{tier}", f"gateway ({tier})", HOURS)
    units = quote.use("capacity_units")
    total = None if units is None else units * HOURS
    quote.metered("azure/app_gateway", f"capacity.{tier}", "capacity units", total)
    return quote.done()


def redis(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_redis_cache: sku_name, family and capacity, e.g. Standard C 1."""
    size = f"{quote.text('family', 'C')}{int(amount(quote.resource.attributes, 'capacity', 1))}"
    sku = quote.text("sku_name", "Standard")
    quote.fixed("azure/redis", f"{sku}.{size}", f"cache ({sku} {size})", HOURS)
    return quote.done()


def log_analytics(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_log_analytics_workspace.

    Usage: monthly_log_data_ingestion_gb, monthly_additional_log_data_retention_gb (beyond 31 days).
    """
    service = "azure/log_analytics"
    quote.metered(service, "ingested", "logs ingested", quote.use("monthly_log_data_ingestion_gb"))
    kept = quote.use("monthly_additional_log_data_retention_gb")
    quote.optional(service, "retained", "logs kept beyond 31 days", kept)
    return quote.done()


def cluster(quote: Quote) -> tuple[CostLine, ...]:
    """azurerm_kubernetes_cluster: the control plane, which is free in the Free tier."""
    if quote.text("sku_tier", "Free") != "Free":
        quote.fixed("azure/aks", "cluster", "control plane", HOURS)
    return quote.done()
