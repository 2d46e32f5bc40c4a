"""The price book: dated, sourced unit prices read from the data files beside it, one file per service.

A file is read when its first price is asked for, so that a design pays only for the services it uses.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pilothouse.apps.mlops.pricing.currency import Rates, load_rates
from pilothouse.apps.mlops.pricing.model import PriceSource

DATA = Path(__file__).parent / "data"

Tiers = tuple[tuple[Decimal | None, Decimal], ...]
"""Upper bounds (exclusive of what lies beyond, None for the last) and the unit price up to each."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs in one region, in US dollars, tier by tier.

    `verified` is False where the number is the provider's list price as known, named by its page, but no
    stored copy of it was re-read, or where it was computed from other sizes of the same family.
    """

    unit: str
    tiers: Tiers
    source: PriceSource
    verified: bool

    @property
    def first(self) -> Decimal:
        """The price of the first unit."""
        return self.tiers[0][1]


class _PriceSet(BaseModel):
    """Prices that hold in `regions` on `date`, with where they are published and which copy was read."""

    model_config = ConfigDict(extra="forbid")

    regions: tuple[str, ...]
    date: dt.date
    verified: bool
    prices: dict[str, Decimal | list[tuple[Decimal | None, Decimal]]]
    url: str = ""
    read: str = ""
    currency: str = "USD"


class _Service(BaseModel):
    """One data file: the units of a service's items and its price sets."""

    model_config = ConfigDict(extra="forbid")

    url: str
    units: dict[str, str]
    sets: tuple[_PriceSet, ...]

    def unit(self, item: str) -> str:
        """The unit of `item`: its own, else that of the longest prefix that has one, else the default."""
        while item not in self.units and "." in item:
            item = item.rpartition(".")[0]
        return self.units.get(item, self.units.get("default", ""))


class _Origin(BaseModel):
    """Where a table of virtual machines was read."""

    url: str
    read: str


class _Machines(BaseModel):
    """One region's table of virtual machines: family -> size -> hourly price, by platform."""

    model_config = ConfigDict(extra="forbid")

    source: _Origin
    date: dt.date
    region: str
    unit: str
    linux: dict[str, dict[str, Decimal]]
    windows: dict[str, dict[str, Decimal]] = {}
    dedicated: dict[str, dict[str, Decimal]] = {}
    derived: frozenset[str] = frozenset()

    def table(self, platform: str) -> dict[str, dict[str, Decimal]]:
        """The prices of one platform, empty where there are none."""
        tables = {"linux": self.linux, "windows": self.windows, "dedicated": self.dedicated}
        return tables.get(platform, {})


@dataclass(frozen=True)
class PriceBook:
    """Finds unit prices by service, item and region. Reading is lazy; a book never changes."""

    root: Path = DATA
    _services: dict[str, dict[tuple[str, str], Price]] = field(default_factory=dict, repr=False)
    _machines: dict[str, _Machines | None] = field(default_factory=dict, repr=False)

    @cached_property
    def rates(self) -> Rates:
        """The reference exchange rates that foreign prices and budgets are converted with."""
        return load_rates(self.root)

    def find(self, service: str, item: str, region: str) -> Price | None:
        """The price of `item` of `service` ("aws/lambda") in `region`, or None: never another region's."""
        if service not in self._services:
            self._services[service] = self._read(service)
        return self._services[service].get((region, item))

    def machine(self, region: str, name: str, platform: str = "linux") -> Price | None:
        """The on-demand hour of an EC2 instance type ("m5.large") in an AWS region.

        `platform` is "linux", "windows" or "dedicated" (Linux on dedicated tenancy).
        """
        if region not in self._machines:
            self._machines[region] = self._read_machines(region)
        machines = self._machines[region]
        family, _, size = name.partition(".")
        price = None if machines is None else machines.table(platform).get(family, {}).get(size)
        if machines is None or price is None:
            return None
        label = name if platform == "linux" else f"{platform} {name}"
        source = PriceSource(url=machines.source.url, date=machines.date, region=region)
        return Price(machines.unit, ((None, price),), source, label not in machines.derived)

    def services(self) -> tuple[str, ...]:
        """The names of all services with a data file, sorted; instance tables are not among them."""
        paths = (path.relative_to(self.root) for path in self.root.glob("*/*.json"))
        return tuple(sorted(path.with_suffix("").as_posix() for path in paths))

    def prices(self, service: str) -> dict[tuple[str, str], Price]:
        """All prices of one service by region and item (for checks and documentation)."""
        self.find(service, "", "")
        return dict(self._services[service])

    def _read(self, service: str) -> dict[tuple[str, str], Price]:
        path = self.root / f"{service}.json"
        if not path.is_file():
            return {}
        content = _Service.model_validate_json(path.read_bytes())
        found: dict[tuple[str, str], Price] = {}
        for held in content.sets:
            rate = Decimal(1) if held.currency == "USD" else self.rates.usd_per(held.currency)
            for region in held.regions:
                source = PriceSource(url=held.url or content.url, date=held.date, region=region)
                for item, value in held.prices.items():
                    tiers = [(None, value)] if isinstance(value, Decimal) else value
                    priced = tuple((upto, price * rate) for upto, price in tiers)
                    found[region, item] = Price(content.unit(item), priced, source, held.verified)
        return found

    def _read_machines(self, region: str) -> _Machines | None:
        path = self.root / "aws" / "ec2" / f"{region}.json"
        return _Machines.model_validate(json.loads(path.read_bytes())) if path.is_file() else None


def load_book(root: Path = DATA) -> PriceBook:
    """Opens the price book in `root`. Costs nothing until a price is asked for."""
    return PriceBook(root)
