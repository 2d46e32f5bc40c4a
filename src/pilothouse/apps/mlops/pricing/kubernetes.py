"""Prices what open-source components take of a Kubernetes cluster, by the machines of the host below it.

A component is billed for its share of general-purpose nodes: the greater of its vCPUs and its memory, each in
units of one node. Accelerators are whole machines. Own machines have no public price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pilothouse.apps.mlops.pricing.azure import machine_item
from pilothouse.apps.mlops.pricing.gcp_compute import add_machine
from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, amount


@dataclass(frozen=True)
class Host:
    """What a provider's nodes are counted in: a machine, one with an accelerator, and the disk."""

    node: str
    vcpu: Decimal
    memory_gb: Decimal
    gpu_node: str
    disk: tuple[str, str]


HOSTS = {
    "aws": Host("m6i.large", Decimal(2), Decimal(8), "g5.xlarge", ("aws/ebs", "gp3")),
    "gcp": Host(
        "n2-standard-2", Decimal(2), Decimal(8), "g2-standard-4", ("gcp/compute", "disk.pd-balanced")
    ),
    "azure": Host(
        "Standard_D2s_v3", Decimal(2), Decimal(8), "Standard_NC4as_T4_v3", ("azure/disk", "premium_v2")
    ),
}


def _add_nodes(quote: Quote, host: str, kind: str, nodes: Decimal, name: str) -> None:
    hours = nodes * HOURS
    description = f"{name} ({kind})"
    if host == "aws":
        quote.price(quote.book.machine(quote.region, kind), description, hours, what=f"instance {kind}")
    elif host == "azure":
        quote.fixed("azure/vm", machine_item(kind), description, hours)
    else:
        add_machine(quote, kind, name, hours)


def capacity(quote: Quote) -> tuple[CostLine, ...]:
    """kubernetes_capacity: vcpu, memory_gb, disk_gb, gpu, host (aws, gcp, azure or on_premises).

    Usage: monthly_hours (730) for what does not run all month; the disk stays.
    """
    attributes = quote.resource.attributes
    name = quote.text("host", "aws")
    host = HOSTS.get(name)
    if host is None:
        quote.unknown("own machines", f"machines on {name} have no public price")
        return quote.done()
    share = quote.use_or("monthly_hours", int(HOURS)) / HOURS
    gpus = amount(attributes, "gpu", 0)
    vcpu, memory = amount(attributes, "vcpu", 0), amount(attributes, "memory_gb", 0)
    if gpus:
        _add_nodes(quote, name, host.gpu_node, gpus * share, "accelerator machines")
    else:
        nodes = max(vcpu / host.vcpu, memory / host.memory_gb)
        _add_nodes(quote, name, host.node, nodes * share, "share of nodes")
    disk = amount(attributes, "disk_gb", 0)
    if disk:
        quote.fixed(*host.disk, "disks", disk)
    return quote.done()
