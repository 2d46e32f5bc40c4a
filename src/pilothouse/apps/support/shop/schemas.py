"""The records of a shop: customers, products, orders and what was paid. Money is integer cents."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Cents = Annotated[int, Field(ge=0)]
Version = Annotated[int, Field(ge=1)]


class Record(BaseModel):
    """What is kept; a changed record is a new one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Status(StrEnum):
    """How far an order is. Nothing but `pending` and `delivered` can be acted on."""

    PENDING = "pending"
    ITEMS_CHANGED = "pending_items_changed"
    PROCESSED = "processed"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNING = "return_requested"
    EXCHANGING = "exchange_requested"


class PaymentKind(StrEnum):
    """What a payment method is; only a gift card has a balance."""

    CREDIT_CARD = "credit_card"
    PAYPAL = "paypal"
    GIFT_CARD = "gift_card"


class Address(Record):
    """Where something is sent to."""

    line1: str = Field(min_length=1, max_length=200)
    line2: str = Field(default="", max_length=200)
    city: str = Field(min_length=1, max_length=100)
    region: str = Field(default="", max_length=100)
    postcode: str = Field(min_length=1, max_length=20)
    country: str = Field(min_length=1, max_length=60)


class PaymentMethod(Record):
    """A way in which a customer pays. `balance_cents` is what is left on a gift card, 0 elsewhere."""

    id: str
    kind: PaymentKind
    label: str = ""
    balance_cents: Cents = 0


class Customer(Record):
    """A customer with the standing address. `version` rises with each change of that."""

    id: str
    first_name: str
    last_name: str
    email: str
    address: Address
    payment_methods: tuple[PaymentMethod, ...] = ()
    version: Version = 1

    def method(self, method_id: str) -> PaymentMethod | None:
        """The customer's payment method of that id, None where there is none."""
        return next((one for one in self.payment_methods if one.id == method_id), None)


class Variant(Record):
    """One thing that can be bought: a product with its options chosen."""

    item_id: str
    options: dict[str, str]
    available: bool
    price_cents: Cents


class Product(Record):
    """A type of product and its variants."""

    id: str
    name: str
    variants: tuple[Variant, ...]

    def variant(self, item_id: str) -> Variant | None:
        """The variant of that id, None where the product has none."""
        return next((one for one in self.variants if one.item_id == item_id), None)


class Item(Record):
    """One thing in an order, at the price it was bought for."""

    item_id: str
    product_id: str
    name: str
    options: dict[str, str]
    price_cents: Cents


class Transaction(Record):
    """Money that was taken for an order, or given back."""

    kind: Literal["payment", "refund"]
    amount_cents: Cents
    payment_method_id: str


class Swap(Record):
    """An item of an order, and what it is replaced by."""

    item_id: str
    new_item_id: str


class Return(Record):
    """Items on their way back; `refund_cents` goes to the payment method when they are here."""

    item_ids: tuple[str, ...]
    payment_method_id: str
    refund_cents: Cents


class Exchange(Record):
    """Items on their way back for others; `difference_cents` is what the customer pays more, or gets back."""

    swaps: tuple[Swap, ...]
    payment_method_id: str
    difference_cents: int


class Order(Record):
    """An order. `refunds` counts the refunds that were granted beside cancelling and changing it."""

    id: str
    customer_id: str
    address: Address
    items: tuple[Item, ...]
    status: Status
    currency: Currency
    transactions: tuple[Transaction, ...]
    cancel_reason: str | None = None
    returning: Return | None = None
    exchanging: Exchange | None = None
    refunds: int = 0
    version: Version = 1

    @property
    def payments(self) -> int:
        """How many times money was taken."""
        return sum(one.kind == "payment" for one in self.transactions)

    @property
    def paid(self) -> dict[str, int]:
        """What each payment method bears in cents: paid less refunded, where that is above 0."""
        found: dict[str, int] = {}
        for one in self.transactions:
            sign = 1 if one.kind == "payment" else -1
            found[one.payment_method_id] = found.get(one.payment_method_id, 0) + sign * one.amount_cents
        return {name: cents for name, cents in found.items() if cents > 0}

    @property
    def paid_cents(self) -> int:
        """What was paid for it and not given back."""
        return sum(self.paid.values())
