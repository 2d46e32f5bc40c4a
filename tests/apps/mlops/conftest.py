"""The shipped catalogue and price book, and requirements from plain values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from pilothouse.apps.mlops.catalogue import Catalogue, load_catalogue
from pilothouse.apps.mlops.pricing import PriceBook, load_book
from pilothouse.apps.mlops.requirements import Budget, Constraint, Origin, Requirements


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return load_book()


def requirements(**values: Any) -> Requirements:
    """Requirements of stated values, or `(value, Origin)`; `budget` in dollars or (amount, currency)."""
    fields: dict[str, Any] = {"prompt": "a test"}
    for name, given in values.items():
        origin, value = Origin.STATED, given
        if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Origin):
            value, origin = given
        if name == "budget":
            amount, currency = value if isinstance(value, tuple) else (value, "USD")
            money = Decimal(str(amount))
            value = Budget(monthly=money, currency=currency, stated_amount=money)
        fields[name] = Constraint(value=value, origin=origin)
    return Requirements(**fields)


@pytest.fixture(scope="session")
def ask() -> Callable[..., Requirements]:
    return requirements
