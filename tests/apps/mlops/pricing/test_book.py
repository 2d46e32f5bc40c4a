"""The price book finds what it holds, never another region's price, and every entry says where it is from."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from pilothouse.apps.mlops.pricing.book import PriceBook, load_book

FREE = {"reserved.all_upfront", "glacier.bulk.requests", "glacier.bulk.retrieval"}
"""Items whose published price is zero: no hourly price after paying upfront, bulk retrievals from Glacier."""


@pytest.fixture
def small(tmp_path: Path) -> PriceBook:
    (tmp_path / "aws").mkdir()
    shared = {"url": "https://example.org/prices", "units": {"a": "GB", "a.b": "hour", "default": "call"}}
    first = {
        "regions": ["r1", "r2"],
        "date": "2026-01-01",
        "verified": False,
        "prices": {"a": "1", "a.b": "2", "a.c": "3", "z": [[10, "5"], [None, "4"]]},
    }
    later = {
        "regions": ["r1"],
        "date": "2026-02-02",
        "verified": True,
        "url": "https://example.org/list",
        "prices": {"a": "1.5"},
    }
    yuan = {
        "regions": ["r3"],
        "date": "2026-01-01",
        "verified": False,
        "currency": "CNY",
        "prices": {"a": "7"},
    }
    text = json.dumps({**shared, "sets": [first, later, yuan]})
    (tmp_path / "aws" / "one.json").write_text(text, encoding="utf-8")
    rates = {"date": "2026-01-02", "url": "u", "read": "r", "per_euro": {"USD": "1.2", "CNY": "8.4"}}
    (tmp_path / "rates.json").write_text(json.dumps(rates), encoding="utf-8")
    return load_book(tmp_path)


def test_a_later_set_replaces_the_price_of_an_earlier_one(small: PriceBook) -> None:
    found = small.find("aws/one", "a", "r1")
    assert found is not None
    assert found.first == Decimal("1.5")
    assert found.verified
    assert found.source.url == "https://example.org/list"
    assert found.source.date.isoformat() == "2026-02-02"
    other = small.find("aws/one", "a", "r2")
    assert other is not None
    assert (other.first, other.verified) == (Decimal(1), False)
    assert other.source.url == "https://example.org/prices"


def test_the_unit_is_the_items_own_or_its_longest_prefix_or_the_default(small: PriceBook) -> None:
    units = {item: found.unit for (region, item), found in small.prices("aws/one").items() if region == "r2"}
    assert units == {"a": "GB", "a.b": "hour", "a.c": "GB", "z": "call"}


def test_foreign_prices_are_converted_at_the_reference_rate(small: PriceBook) -> None:
    found = small.find("aws/one", "a", "r3")
    assert found is not None
    assert found.first == Decimal(7) * (Decimal("1.2") / Decimal("8.4"))


@pytest.mark.parametrize(
    ("service", "item", "region"),
    [("aws/one", "a", "r4"), ("aws/one", "missing", "r1"), ("aws/missing", "a", "r1")],
)
def test_what_is_not_in_the_book_is_none(small: PriceBook, service: str, item: str, region: str) -> None:
    assert small.find(service, item, region) is None


def test_a_machine_is_found_by_region_and_platform_only(book: PriceBook) -> None:
    found = book.machine("us-east-1", "m5.large")
    assert found is not None
    assert found.first == Decimal("0.096")
    assert found.unit == "hour"
    windows = book.machine("us-east-1", "m5.large", "windows")
    assert windows is not None
    assert windows.first == Decimal("0.188")
    assert book.machine("us-east-1", "m5.huge") is None
    assert book.machine("us-east-1", "m5.large", "suse") is None
    assert book.machine("mars-1", "m5.large") is None


def test_every_price_has_a_unit_a_public_source_a_date_and_rising_tiers(book: PriceBook) -> None:
    for service in book.services():
        for (region, item), found in book.prices(service).items():
            where = f"{service} {item} in {region}"
            assert found.unit, f"{where} has no unit"
            assert found.source.url.startswith("https://"), f"{where} has no public source"
            assert found.source.region == region
            assert found.source.date <= book.rates.date.replace(year=book.rates.date.year + 1), where
            bounds = [upto for upto, _ in found.tiers]
            assert bounds[-1] is None, f"{where}: the last tier has an end"
            inner = [upto for upto in bounds[:-1] if upto is not None]
            assert len(inner) == len(bounds) - 1, f"{where}: an inner tier has no end"
            assert inner == sorted(set(inner)), f"{where}: tiers do not rise"
            free = item in FREE
            assert all(unit_price > 0 or free for _, unit_price in found.tiers), f"{where} is not positive"


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"])
def test_the_machine_tables_hold_the_common_types(book: PriceBook, region: str) -> None:
    for name in ("t3.medium", "m5.large", "m6i.large", "c5.xlarge", "r5.large", "g4dn.xlarge"):
        found = book.machine(region, name)
        assert found is not None, f"{name} in {region}"
        assert found.first > 0
        assert found.source.url.startswith("https://")


def test_no_price_comes_from_the_check_cases() -> None:
    root = Path(load_book().root)
    for path in root.rglob("*.json"):
        assert "infracost" not in path.read_text(encoding="utf-8"), path
