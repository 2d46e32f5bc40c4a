"""Prices EBS volumes and snapshots, alone or as the disks of instances.

Defaults per volume type follow the AWS documentation (EBS volume types): gp3 includes 3,000 IOPS and
125 MB/s; io1 and io2 are billed for every provisioned IOPS, of which 100 are the least.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import Block, amount, number, text

SERVICE = "aws/ebs"
DEFAULT_GB = 8
GP3_IOPS = Decimal(3000)
GP3_THROUGHPUT = Decimal(125)
NAMES = {
    "gp2": "general purpose SSD, gp2",
    "gp3": "general purpose SSD, gp3",
    "io1": "provisioned IOPS SSD, io1",
    "io2": "provisioned IOPS SSD, io2",
    "st1": "throughput optimized HDD, st1",
    "sc1": "cold HDD, sc1",
    "standard": "magnetic",
}


@dataclass(frozen=True)
class Volume:
    """A disk: its type, size in GB, provisioned IOPS and throughput in MB/s."""

    kind: str
    gigabytes: Decimal
    iops: Decimal | None = None
    throughput: Decimal | None = None

    @classmethod
    def read(cls, values: Block, default_gb: int = DEFAULT_GB, size: str = "volume_size") -> Volume:
        """Reads a Terraform block of a volume; `size` names the argument that holds the gigabytes."""
        kind = text(values, "volume_type") or text(values, "type") or "gp2"
        return cls(
            kind=kind,
            gigabytes=amount(values, size, default_gb),
            iops=number(values, "iops"),
            throughput=number(values, "throughput"),
        )


def add_volume(quote: Quote, volume: Volume, name: str, count: Decimal = Decimal(1)) -> None:
    """Adds the lines of `count` disks like `volume`, each described with `name` first."""
    label = f"{name}: " if name else ""
    kind = volume.kind
    gigabytes = volume.gigabytes * count
    quote.fixed(SERVICE, kind, f"{label}storage ({NAMES.get(kind, kind)})", gigabytes)
    if kind in ("io1", "io2"):
        each = volume.iops if volume.iops is not None else Decimal(100)
        quote.fixed(SERVICE, f"{kind}.iops", f"{label}provisioned IOPS", each * count)
    if kind == "gp3":
        extra = (volume.iops or GP3_IOPS) - GP3_IOPS
        if extra > 0:
            quote.fixed(SERVICE, "gp3.iops", f"{label}IOPS above 3,000", extra * count)
        faster = (volume.throughput or GP3_THROUGHPUT) - GP3_THROUGHPUT
        if faster > 0:
            quote.fixed(SERVICE, "gp3.throughput", f"{label}throughput above 125 MB/s", faster * count)


def ebs_volume(quote: Quote) -> tuple[CostLine, ...]:
    """aws_ebs_volume. Usage: monthly_standard_io_requests (magnetic volumes)."""
    volume = Volume.read(quote.resource.attributes, size="size")
    add_volume(quote, volume, "")
    if volume.kind == "standard":
        quote.metered(
            SERVICE, "standard.io", "I/O requests", quote.use("monthly_standard_io_requests"), per=1_000_000
        )
    return quote.done()


def ebs_snapshot(quote: Quote) -> tuple[CostLine, ...]:
    """aws_ebs_snapshot and aws_ebs_snapshot_copy.

    `volume_size` (GB) is the size of the volume that was copied; unknown, the 8 GB of a usual root disk are
    assumed, which is the most a snapshot of it can hold. Usage: monthly_list_block_requests,
    monthly_get_block_requests, monthly_put_block_requests, fast_snapshot_restore_hours.
    """
    size = quote.has("volume_size")
    note = "a full copy of the volume" if size is not None else "volume not known: 8 GB assumed"
    archived = quote.text("storage_tier") == "archive"
    item = "snapshot.archive" if archived else "snapshot"
    quote.metered(
        SERVICE, item, "snapshot storage", size if size is not None else Decimal(DEFAULT_GB), note=note
    )
    hours = quote.use("fast_snapshot_restore_hours")
    quote.optional(SERVICE, "snapshot.fast_restore", "fast snapshot restore", hours)
    for key, item in (("list", "snapshot.list"), ("get", "snapshot.get"), ("put", "snapshot.put")):
        requests = quote.use(f"monthly_{key}_block_requests")
        quote.optional(SERVICE, item, f"{key} block requests", requests, per=1000)
    return quote.done()
