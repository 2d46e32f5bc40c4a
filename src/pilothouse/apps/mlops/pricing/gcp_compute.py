"""Prices computing on Google Cloud: machines, Vertex AI, Dataflow, Composer, Cloud Run and GKE.

A machine type of a predefined family is billed for its vCPUs and its memory, each at its own price.
"""

from __future__ import annotations

import re
from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, Block, amount, block, text

COMPUTE = "gcp/compute"
MACHINE = re.compile(r"^(e2|n1|n2|n2d|c2)-(standard|highmem|highcpu)-(\d+)$")
MEMORY_PER_VCPU = {
    ("n1", "standard"): "3.75",
    ("n1", "highmem"): "6.5",
    ("n1", "highcpu"): "0.9",
    ("e2", "highcpu"): "1",
    ("n2", "highcpu"): "1",
    ("n2d", "highcpu"): "1",
}
"""GB per vCPU of families that differ from 4 (standard) and 8 (highmem). Source: Google's machine types."""
SECONDS = HOURS * 3600
CONCURRENCY = 80
"""Requests one Cloud Run instance serves at once, the default of the service."""


def add_machine(quote: Quote, kind: str, name: str, hours: Decimal | None) -> None:
    """Adds `hours` of a machine type: its vCPUs and memory, or the whole where only that has a price."""
    match = MACHINE.match(kind)
    if match is None:
        quote.metered(COMPUTE, kind, f"{name} ({kind})", hours)
        return
    family, shape, size = match.group(1), match.group(2), Decimal(match.group(3))
    each = MEMORY_PER_VCPU.get((family, shape), "8" if shape == "highmem" else "4")
    memory = size * Decimal(each)
    cpu_hours = None if hours is None else hours * size
    memory_hours = None if hours is None else hours * memory
    quote.metered(COMPUTE, f"{family}.cpu", f"{name} ({kind}): vCPUs", cpu_hours)
    quote.metered(COMPUTE, f"{family}.ram", f"{name} ({kind}): memory", memory_hours)


def custom_job(quote: Quote) -> tuple[CostLine, ...]:
    """google_vertex_ai_custom_job: machine_type, replica_count (1). Usage: monthly_hours per replica."""
    kind = quote.text("machine_type")
    hours = quote.use("monthly_hours")
    total = None if hours is None else hours * amount(quote.resource.attributes, "replica_count", 1)
    quote.metered("gcp/vertex", kind, f"training ({kind})", total)
    return quote.done()


def endpoint(quote: Quote) -> tuple[CostLine, ...]:
    """google_vertex_ai_endpoint: machine_type, min_replica_count. Usage: monthly_hours (730), replicas."""
    kind = quote.text("machine_type")
    replicas = quote.use("replicas")
    if replicas is None:
        replicas = amount(quote.resource.attributes, "min_replica_count", 1)
    hours = quote.use_or("monthly_hours", int(HOURS)) * replicas
    quote.fixed("gcp/vertex", kind, f"endpoint replicas ({kind})", hours)
    return quote.done()


def dataflow(quote: Quote) -> tuple[CostLine, ...]:
    """google_dataflow_job, `type` batch or streaming. Usage: monthly_vcpu_hours, monthly_memory_gb_hours."""
    mode = "streaming" if quote.text("type", "batch").lower() == "streaming" else "batch"
    quote.metered("gcp/dataflow", f"{mode}.vcpu", "workers: vCPUs", quote.use("monthly_vcpu_hours"))
    quote.metered("gcp/dataflow", f"{mode}.memory", "workers: memory", quote.use("monthly_memory_gb_hours"))
    return quote.done()


def composer(quote: Quote) -> tuple[CostLine, ...]:
    """google_composer_environment (Composer 2).

    Usage: vcpu (2) and memory_gb (6.5), the sums over scheduler, web server, triggerer and workers of the
    smallest preset; database_storage_gb.
    """
    config = block(quote.resource.attributes, "config")
    size = text(config, "environment_size", "ENVIRONMENT_SIZE_SMALL").rpartition("_")[2].lower()
    service = "gcp/composer"
    quote.fixed(service, f"environment.{size}", f"environment ({size})", HOURS)
    quote.fixed(service, "vcpu", "workloads: vCPUs", quote.use_or("vcpu", 2) * HOURS)
    quote.fixed(service, "memory", "workloads: memory", quote.use_or("memory_gb", "6.5") * HOURS)
    quote.optional(service, "database", "database storage", quote.use("database_storage_gb"))
    return quote.done()


def _limits(attributes: Block) -> tuple[Decimal, Decimal]:
    container = block(block(attributes, "template"), "containers")
    limits = block(block(container, "resources"), "limits")
    cpu = text(limits, "cpu", "1").removesuffix("m")
    vcpu = Decimal(cpu) / (1000 if text(limits, "cpu").endswith("m") else 1)
    memory = text(limits, "memory", "512Mi")
    size = Decimal(memory.removesuffix("Gi").removesuffix("Mi").removesuffix("G").removesuffix("M"))
    return vcpu, size / 1024 if memory.endswith(("Mi", "M")) else size


def cloud_run(quote: Quote) -> tuple[CostLine, ...]:
    """google_cloud_run_v2_service, billed by instance: the least instances all month, or what the load needs.

    Usage: monthly_requests, average_request_duration_ms (80 requests run at once in an instance).
    """
    attributes = quote.resource.attributes
    vcpu, memory = _limits(attributes)
    least = amount(block(block(attributes, "template"), "scaling"), "min_instance_count", 0) * SECONDS
    requests, duration = quote.use("monthly_requests"), quote.use("average_request_duration_ms")
    busy = None if requests is None or duration is None else requests * duration / 1000 / CONCURRENCY
    seconds = None if busy is None and not least else max(least, busy or Decimal(0))
    quote.metered("gcp/run", "vcpu", "instances: vCPUs", None if seconds is None else seconds * vcpu)
    quote.metered("gcp/run", "memory", "instances: memory", None if seconds is None else seconds * memory)
    return quote.done()


def cluster(quote: Quote) -> tuple[CostLine, ...]:
    """google_container_cluster: the management fee; the free tier belongs to the account."""
    quote.fixed("gcp/gke", "cluster", "cluster management", HOURS)
    return quote.done()
