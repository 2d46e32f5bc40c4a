"""The shipped price book, and the lines of one resource by their description."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from pilothouse.apps.mlops.pricing import PriceBook, load_book, price
from pilothouse.apps.mlops.pricing.model import CostLine, Resource

Monthly = Callable[..., dict[str, Decimal | None]]


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return load_book()


@pytest.fixture
def lines(book: PriceBook) -> Callable[..., tuple[CostLine, ...]]:
    """Prices a resource of a type with these arguments under this usage."""

    def ask(
        kind: str,
        attributes: dict[str, Any] | None = None,
        usage: dict[str, Any] | None = None,
        region: str = "us-east-1",
        count: int = 1,
    ) -> tuple[CostLine, ...]:
        resource = Resource(
            type=kind,
            address=f"{kind}.one",
            region=region,
            attributes=attributes or {},
            count=Decimal(count),
        )
        return price(resource, usage or {}, book)

    return ask


@pytest.fixture
def monthly(lines: Callable[..., tuple[CostLine, ...]]) -> Monthly:
    """As `lines`, but only what each costs a month; None where that is not known."""

    def ask(*args: Any, **named: Any) -> dict[str, Decimal | None]:
        return {line.description: line.monthly for line in lines(*args, **named)}

    return ask
