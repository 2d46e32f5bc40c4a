"""Money: an exact decimal amount and its ISO 4217 currency."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Self

from pydantic import ConfigDict, Field, PlainSerializer
from pydantic.dataclasses import dataclass

from pilothouse.errors import InvalidInput

Amount = Annotated[Decimal, PlainSerializer(str, return_type=str, when_used="json")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


@dataclass(frozen=True, order=False, config=ConfigDict(extra="forbid"))
class Money:
    """An amount in one currency; written to JSON as `{"amount": "12.50", "currency": "EUR"}`.

    Adding or comparing two currencies raises `InvalidInput`: no exchange rate is ever assumed.
    """

    amount: Amount
    currency: Currency = "USD"

    @classmethod
    def computed(cls, amount: Decimal, currency: str = "USD") -> Self:
        """Money that came of amounts which were checked before: nothing is checked again."""
        made = object.__new__(cls)
        made.__dict__.update(amount=amount, currency=currency)
        return made

    def __add__(self, other: Money) -> Money:
        return self.computed(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return self.computed(self.amount - self._same(other), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __str__(self) -> str:
        return f"{self.rounded().amount:,.2f} {self.currency}"

    @property
    def cents(self) -> int:
        """The amount in integer hundredths, rounded half up."""
        return int((self.amount * 100).quantize(Decimal(1), ROUND_HALF_UP))

    def rounded(self) -> Self:
        """The same money with two decimals, rounded half up."""
        return type(self)(self.amount.quantize(Decimal("0.01"), ROUND_HALF_UP), self.currency)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            message = f"{self} and {other} are of different currencies."
            raise InvalidInput(message, hint="Convert one of them first.")
        return other.amount
