"""What pricing takes and returns: resources with usage in, cost lines and a bill out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

from pydantic import Field, JsonValue

from pilothouse.apps.mlops.requirements import Frozen

Usage: TypeAlias = Mapping[str, JsonValue]
"""Monthly usage of one resource, e.g. `{"monthly_requests": 1e6, "storage_gb": 50}`."""


class Resource(Frozen):
    """One cloud resource in Terraform's words: its type, its arguments and how many of it.

    `region` is the provider's name ("us-east-1", "europe-west1", "westeurope").
    """

    type: str
    address: str
    region: str
    attributes: dict[str, JsonValue] = Field(default_factory=dict)
    count: Decimal = Decimal(1)


class PriceSource(Frozen):
    """Where a unit price is published, and the day it was in force."""

    url: str
    date: dt.date
    region: str


class CostLine(Frozen):
    """One line of a bill, per month, in US dollars.

    `monthly` None is an unknown: the price or the quantity is not known. It is never counted as zero.
    """

    component: str = ""
    resource: str
    description: str
    quantity: Decimal | None = None
    unit: str
    unit_price: Decimal | None = None
    monthly: Decimal | None = None
    usage_priced: bool = False
    assumption: str = ""
    source: PriceSource | None = None


class PlannedResource(Frozen):
    """A resource of a design with its usage at the low, expected and high end, and why."""

    component: str
    resource: Resource
    low: dict[str, JsonValue] = Field(default_factory=dict)
    expected: dict[str, JsonValue] = Field(default_factory=dict)
    high: dict[str, JsonValue] = Field(default_factory=dict)
    assumption: str = ""


class Bill(Frozen):
    """The bill of materials of a design: lines at expected usage, and the range of its total (USD)."""

    lines: tuple[CostLine, ...]
    low: Decimal
    expected: Decimal
    high: Decimal
    unknown: tuple[CostLine, ...] = ()
    budget_usd: Decimal | None = None
    within_budget: bool | None = None
    notes: tuple[str, ...] = ()
