"""What the shop's tools answer: as much of the records as a customer may see, with money in decimals."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from pilothouse import Money
from pilothouse.apps.support.shop.changes import Receipt
from pilothouse.apps.support.shop.schemas import Address, Customer, Item, Order, PaymentKind, Product


class Answer(BaseModel):
    """What a tool answers."""

    model_config = ConfigDict(frozen=True)


class Identified(Answer):
    """Whether exactly one customer was found; the conversation is with them from then on."""

    customer_id: str | None = None


class KnownMethod(Answer):
    """A payment method; `balance_cents` is of gift cards only."""

    payment_method_id: str
    kind: PaymentKind
    label: str
    balance_cents: int | None = None


class KnownCustomer(Answer):
    """A customer's own record."""

    customer_id: str
    version: int
    first_name: str
    last_name: str
    email: str
    address: Address
    payment_methods: tuple[KnownMethod, ...]
    order_ids: tuple[str, ...]


class KnownOrder(Answer):
    """An order; `found` is false, and the rest empty, where the shop has none of that id."""

    found: bool
    order_id: str
    version: int = 0
    status: str = ""
    address: Address | None = None
    items: tuple[Item, ...] = ()
    total: Money | None = None
    paid_with: tuple[str, ...] = ()


class KnownProduct(Answer):
    """A product with its variants; `product` is left out where the shop has none of that id."""

    product: Product | None = None


class Catalogue(Answer):
    """The ids of all products, by name."""

    products: dict[str, str]


class Moved(Answer):
    """Money that moves to the customer (or from them, if negative): on a gift card at once, else in days."""

    payment_method_id: str
    amount: Money
    at_once: bool


class Done(Answer):
    """What was done: the state and version of the record now, and the money that moves.

    `expected` is what is given back (or taken, if negative) once goods have come back.
    """

    subject: str
    status: str
    version: int
    moved: tuple[Moved, ...] = ()
    expected: Money | None = None


def money(cents: int, currency: str) -> Money:
    """Cents as money."""
    return Money(Decimal(cents).scaleb(-2), currency)


def known_customer(customer: Customer, order_ids: tuple[str, ...]) -> KnownCustomer:
    """A customer's record, as the customer may see it."""
    return KnownCustomer(
        customer_id=customer.id,
        version=customer.version,
        first_name=customer.first_name,
        last_name=customer.last_name,
        email=customer.email,
        address=customer.address,
        payment_methods=tuple(
            KnownMethod(
                payment_method_id=one.id,
                kind=one.kind,
                label=one.label,
                balance_cents=one.balance_cents if one.kind is PaymentKind.GIFT_CARD else None,
            )
            for one in customer.payment_methods
        ),
        order_ids=order_ids,
    )


def known_order(order_id: str, order: Order | None) -> KnownOrder:
    """An order, as its customer may see it."""
    if order is None:
        return KnownOrder(found=False, order_id=order_id)
    return KnownOrder(
        found=True,
        order_id=order.id,
        version=order.version,
        status=order.status,
        address=order.address,
        items=order.items,
        total=money(sum(item.price_cents for item in order.items), order.currency),
        paid_with=tuple(sorted(order.paid)),
    )


def done(receipt: Receipt) -> Done:
    """A receipt, as the customer may see it."""
    currency = receipt.currency
    if currency is None:
        return Done(subject=receipt.subject, status=receipt.status, version=receipt.version)
    return Done(
        subject=receipt.subject,
        status=receipt.status,
        version=receipt.version,
        moved=tuple(
            Moved(
                payment_method_id=one.payment_method_id,
                amount=money(one.amount_cents, currency),
                at_once=one.at_once,
            )
            for one in receipt.movements
        ),
        expected=money(receipt.expected_cents, currency) if receipt.expected_cents else None,
    )
