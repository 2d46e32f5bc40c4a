"""Prices containers on AWS: ECS on Fargate, EKS clusters, node groups and Fargate profiles, ECR."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from pydantic import JsonValue

from pilothouse.apps.mlops.pricing.compute import add_machine, read_machine
from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, Block, amount, block, blocks, text

FARGATE = "aws/fargate"
FREE_EPHEMERAL_GB = Decimal(20)

STANDARD_SUPPORT_ENDS = {
    "1.21": dt.date(2023, 2, 16),
    "1.22": dt.date(2023, 6, 4),
    "1.23": dt.date(2023, 10, 11),
    "1.24": dt.date(2024, 1, 31),
    "1.25": dt.date(2024, 5, 1),
    "1.26": dt.date(2024, 6, 11),
    "1.27": dt.date(2024, 7, 24),
    "1.28": dt.date(2024, 11, 26),
    "1.29": dt.date(2025, 3, 23),
    "1.30": dt.date(2025, 7, 23),
    "1.31": dt.date(2025, 11, 26),
    "1.32": dt.date(2026, 3, 23),
    "1.33": dt.date(2026, 7, 29),
}
"""Last day of standard support of each Kubernetes version; extended support, at its own price, follows.

Source: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html (release calendar).
"""


def _cpu(value: str) -> Decimal | None:
    """VCPUs of a task's cpu: units ("256"), or with a unit (".25 vCPU", "1vcpu")."""
    lowered = value.lower().replace(" ", "")
    if lowered.endswith("vcpu"):
        return Decimal(lowered.removesuffix("vcpu"))
    return Decimal(lowered) / 1024 if lowered else None


def _memory(value: str) -> Decimal | None:
    """Gigabytes of a task's memory: MB ("512"), or with a unit ("2 GB")."""
    lowered = value.lower().replace(" ", "")
    if lowered.endswith("gb"):
        return Decimal(lowered.removesuffix("gb"))
    return Decimal(lowered) / 1024 if lowered else None


def _is_fargate(attributes: Block) -> bool:
    strategies = blocks(attributes, "capacity_provider_strategy")
    if strategies:
        return any(text(one, "capacity_provider") in ("FARGATE", "FARGATE_SPOT") for one in strategies)
    return text(attributes, "launch_type").upper() in ("FARGATE", "")


def ecs_service(quote: Quote) -> tuple[CostLine, ...]:
    """aws_ecs_service on Fargate, with its task's arguments beside its own or under `task_definition`.

    Takes cpu (units or "1 vCPU"), memory (MB or "2 GB"), desired_count (usage may say `desired_count`),
    runtime_platform, ephemeral_storage, inference_accelerator. On EC2 a service has no price of its own.
    Usage: monthly_hrs (730).
    """
    attributes = quote.resource.attributes
    if not _is_fargate(attributes):
        return quote.done()
    task: Mapping[str, JsonValue] = {**attributes, **block(attributes, "task_definition")}
    tasks = quote.use("desired_count")
    tasks = amount(attributes, "desired_count", 1) if tasks is None else tasks
    hours = quote.use_or("monthly_hrs", int(HOURS)) * tasks
    platform = block(task, "runtime_platform")
    windows = text(platform, "operating_system_family").upper().startswith("WINDOWS")
    arm = text(platform, "cpu_architecture").upper() == "ARM64"
    suffix = ".windows" if windows else ".arm64" if arm else ""
    cpu, memory = _cpu(text(task, "cpu")), _memory(text(task, "memory"))
    if cpu is None or memory is None:
        quote.unknown("Fargate task", "the task's cpu and memory are not stated")
        return quote.done()
    quote.fixed(FARGATE, f"memory{suffix}", "memory of the tasks", memory * hours)
    quote.fixed(FARGATE, f"vcpu{suffix}", "vCPUs of the tasks", cpu * hours)
    if windows:
        quote.fixed(FARGATE, "windows_license", "Windows licence", cpu * hours)
    disk = amount(block(task, "ephemeral_storage"), "size_in_gib", 20) - FREE_EPHEMERAL_GB
    if disk > 0:
        quote.fixed(FARGATE, "ephemeral", "ephemeral storage above 20 GB", disk * hours)
    for accelerator in blocks(task, "inference_accelerator"):
        kind = text(accelerator, "device_type")
        quote.fixed(FARGATE, f"accelerator.{kind}", f"inference accelerator ({kind})", hours)
    return quote.done()


def eks_cluster(quote: Quote) -> tuple[CostLine, ...]:
    """aws_eks_cluster: the control plane, at the price of extended support once standard support has ended.

    Whether it has is judged on the day of the book's exchange rates, its newest data.
    """
    ends = STANDARD_SUPPORT_ENDS.get(quote.text("version"))
    extended = ends is not None and quote.book.rates.date > ends
    item = "cluster.extended" if extended else "cluster"
    name = "control plane (extended support)" if extended else "control plane"
    quote.fixed("aws/eks", item, name, HOURS)
    return quote.done()


def eks_node_group(quote: Quote) -> tuple[CostLine, ...]:
    """aws_eks_node_group: its instances and disks (t3.medium with 20 GB unless stated, the AWS defaults).

    Usage: instances (else scaling_config), and everything that an instance takes.
    """
    attributes = quote.resource.attributes
    scaling = block(attributes, "scaling_config")
    count = quote.use("instances")
    if count is None:
        count = amount(scaling, "desired_size", str(amount(scaling, "min_size", 1)))
    types = attributes.get("instance_types")
    chosen = types[0] if isinstance(types, list) and types and isinstance(types[0], str) else ""
    held = block(attributes, "launch_template")
    merged: dict[str, JsonValue] = {"launch_template": dict(held)} if held else {}
    template = block(held, "attributes")
    if chosen or not text(template, "instance_type"):
        merged["instance_type"] = chosen or "t3.medium"
    if not template:
        merged["root_block_device"] = {"volume_size": attributes.get("disk_size") or 20}
    if text(attributes, "capacity_type").upper() == "SPOT":
        machine = read_machine(merged)
        quote.unknown(f"{count} spot nodes ({machine.instance_type})", "spot prices change by the hour")
        add_machine(quote, machine, count, hours=False)
    else:
        add_machine(quote, read_machine(merged), count)
    return quote.done()


def eks_fargate_profile(quote: Quote) -> tuple[CostLine, ...]:
    """aws_eks_fargate_profile: one pod of 1 vCPU and 1 GB all month unless the usage says otherwise.

    Usage: pods (1), vcpu (1), memory_gb (1), monthly_hrs (730).
    """
    hours = quote.use_or("monthly_hrs", int(HOURS)) * quote.use_or("pods", 1)
    note = "" if quote.use("pods") is not None else "one pod of 1 vCPU and 1 GB assumed"
    quote.fixed(FARGATE, "memory", "memory of the pods", quote.use_or("memory_gb", 1) * hours, note)
    quote.fixed(FARGATE, "vcpu", "vCPUs of the pods", quote.use_or("vcpu", 1) * hours, note)
    return quote.done()


def ecr_repository(quote: Quote) -> tuple[CostLine, ...]:
    """aws_ecr_repository. Usage: storage_gb."""
    quote.metered("aws/ecr", "storage", "image storage", quote.use("storage_gb"))
    return quote.done()
