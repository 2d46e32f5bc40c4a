"""Builds the cost lines of one resource: finds each price, splits tiers, and says what is not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from pilothouse.apps.mlops.pricing.book import Price, PriceBook, Tiers
from pilothouse.apps.mlops.pricing.model import CostLine, Resource, Usage
from pilothouse.apps.mlops.pricing.reading import amount, number, text


def split(quantity: Decimal, tiers: Tiers) -> tuple[tuple[Decimal, Decimal], ...]:
    """`quantity` cut at the tiers' bounds: (quantity, unit price) per tier that is reached, at least one."""
    parts: list[tuple[Decimal, Decimal]] = []
    start = Decimal(0)
    for upto, price in tiers:
        end = quantity if upto is None else min(quantity, upto)
        if end > start or not parts:
            parts.append((max(end - start, Decimal(0)), price))
        start = max(start, end)
    return tuple(parts)


@dataclass
class Quote:
    """Collects the lines of one resource. Nothing is ever silently zero: what is not known becomes a line."""

    resource: Resource
    usage: Usage
    book: PriceBook
    lines: list[CostLine] = field(default_factory=list)

    @property
    def region(self) -> str:
        """The resource's region."""
        return self.resource.region

    def use(self, key: str) -> Decimal | None:
        """A number of the usage, or None."""
        return number(self.usage, key)

    def use_or(self, key: str, default: int | str) -> Decimal:
        """A number of the usage, or `default`."""
        return amount(self.usage, key, default)

    def has(self, key: str) -> Decimal | None:
        """A number of the resource's attributes, or None."""
        return number(self.resource.attributes, key)

    def text(self, key: str, default: str = "") -> str:
        """A text of the resource's attributes, or `default`."""
        return text(self.resource.attributes, key, default)

    def fixed(
        self, service: str, item: str, description: str, quantity: Decimal | None, note: str = ""
    ) -> None:
        """A line for what the resource is: its size is known from its attributes."""
        self.price(
            self.book.find(service, item, self.region),
            description,
            quantity,
            note=note,
            what=f"{service} {item}",
        )

    def metered(
        self,
        service: str,
        item: str,
        description: str,
        quantity: Decimal | None,
        *,
        per: int | str = 1,
        note: str = "",
        region: str = "",
    ) -> None:
        """A line for what the resource does. `per` is the number of raw units in one priced unit.

        Without a quantity the line is an unknown one that still shows the unit price.
        """
        scaled = None if quantity is None else quantity / Decimal(per)
        found = self.book.find(service, item, region or self.region)
        self.price(found, description, scaled, metered=True, note=note, what=f"{service} {item}")

    def optional(
        self,
        service: str,
        item: str,
        description: str,
        quantity: Decimal | None,
        *,
        per: int | str = 1,
        note: str = "",
    ) -> None:
        """Like `metered`, for a feature that costs nothing unless the usage says that it is used."""
        if quantity is not None:
            self.metered(service, item, description, quantity, per=per, note=note)

    def price(
        self,
        price: Price | None,
        description: str,
        quantity: Decimal | None,
        *,
        metered: bool = False,
        note: str = "",
        what: str = "",
    ) -> None:
        """Adds the line or, with tiers, the lines of `quantity` at `price`."""
        if price is None:
            reason = f"no price for {what or description} in {self.region}"
            self.unknown(description, reason, quantity=quantity, metered=metered)
            return
        if quantity is None:
            self._add(description, price, None, price.first, metered=metered, note=note or "usage not stated")
            return
        parts = split(quantity, price.tiers)
        for place, (part, unit_price) in enumerate(parts, start=1):
            label = description if len(parts) == 1 else f"{description} (tier {place})"
            self._add(label, price, part, unit_price, metered=metered, note=note)

    def unknown(
        self, description: str, reason: str, *, quantity: Decimal | None = None, metered: bool = False
    ) -> None:
        """Adds a line whose cost is not known, and says why."""
        self.lines.append(
            CostLine(
                resource=self.resource.address,
                description=description,
                quantity=quantity,
                unit="",
                usage_priced=metered,
                assumption=reason,
            )
        )

    def done(self) -> tuple[CostLine, ...]:
        """All lines, multiplied by the number of such resources."""
        count = self.resource.count
        if count == 1:
            return tuple(self.lines)
        return tuple(_times(line, count) for line in self.lines)

    def _add(
        self,
        description: str,
        price: Price,
        quantity: Decimal | None,
        unit_price: Decimal,
        *,
        metered: bool,
        note: str,
    ) -> None:
        self.lines.append(
            CostLine(
                resource=self.resource.address,
                description=description,
                quantity=quantity,
                unit=price.unit,
                unit_price=unit_price,
                monthly=None if quantity is None else quantity * unit_price,
                usage_priced=metered,
                assumption=note,
                source=price.source,
            )
        )


def _times(line: CostLine, count: Decimal) -> CostLine:
    update = {
        name: value * count
        for name, value in (("quantity", line.quantity), ("monthly", line.monthly))
        if value is not None
    }
    return line.model_copy(update=update)
