"""EBS volumes and snapshots."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


@pytest.mark.parametrize(
    ("attributes", "total"),
    [
        ({}, "0.8"),  # gp2, 8 GB
        ({"type": "gp3", "size": 100}, "8"),
        ({"type": "gp3", "size": 100, "iops": 3000, "throughput": 125}, "8"),
        ({"type": "gp3", "size": 100, "iops": 3001, "throughput": 126}, "8.045"),
        ({"type": "io1", "size": 10}, "7.75"),  # 10 x 0.125 + 100 IOPS x 0.065
        ({"type": "io2", "size": 10, "iops": 40000}, "2445.25"),  # 1.25 + 32,000 x 0.065 + 8,000 x 0.0455
        ({"type": "st1", "size": 500}, "22.5"),
        ({"type": "sc1", "size": 500}, "7.5"),
    ],
)
def test_a_volume_costs_its_size_and_what_it_provisions(
    monthly: Monthly, attributes: dict[str, object], total: str
) -> None:
    assert sum(value or 0 for value in monthly("aws_ebs_volume", attributes).values()) == D(total)


def test_a_magnetic_volume_is_billed_for_its_requests(monthly: Monthly) -> None:
    attributes = {"type": "standard", "size": 10}
    assert monthly("aws_ebs_volume", attributes) == {"storage (magnetic)": D("0.5"), "I/O requests": None}
    found = monthly("aws_ebs_volume", attributes, {"monthly_standard_io_requests": 2_000_000})
    assert found["I/O requests"] == D("0.1")


def test_a_volume_of_an_unknown_type_is_an_unknown_line(monthly: Monthly) -> None:
    assert monthly("aws_ebs_volume", {"type": "gp9"}) == {"storage (gp9)": None}


def test_a_snapshot_is_as_large_as_its_volume(monthly: Monthly) -> None:
    usage = {"fast_snapshot_restore_hours": 10, "monthly_list_block_requests": 5000}
    assert monthly("aws_ebs_snapshot", {"volume_size": 20}, usage) == {
        "snapshot storage": D(1),
        "fast snapshot restore": D("7.5"),
        "list block requests": D("0.003"),
    }
    assert monthly("aws_ebs_snapshot_copy") == {"snapshot storage": D("0.4")}
