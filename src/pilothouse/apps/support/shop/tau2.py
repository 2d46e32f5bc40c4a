"""Reads a shop in the shape of tau2-bench's retail database: prices are floats, and ids are keys."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pilothouse.apps.support.shop.memory import Records
from pilothouse.apps.support.shop.schemas import (
    Address,
    Customer,
    Item,
    Order,
    PaymentKind,
    PaymentMethod,
    Product,
    Status,
    Transaction,
    Variant,
)

CURRENCY = "USD"


def cents(amount: float | str | Decimal) -> int:
    """An amount in integer cents, rounded half up from how it is written."""
    return int((Decimal(str(amount)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


Cents = Annotated[int, BeforeValidator(cents)]


class Shape(BaseModel):
    """A part of the file; what the shop does not keep is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class GivenAddress(Shape):
    """An address."""

    address1: str
    address2: str = ""
    city: str
    country: str
    state: str = ""
    zip: str

    def address(self) -> Address:
        """The address as the shop keeps it."""
        return Address(
            line1=self.address1,
            line2=self.address2,
            city=self.city,
            region=self.state,
            postcode=self.zip,
            country=self.country,
        )


class GivenName(Shape):
    """A person's name."""

    first_name: str
    last_name: str


class GivenMethod(Shape):
    """A payment method of a user."""

    id: str
    source: PaymentKind
    brand: str = ""
    last_four: str = ""
    balance: Cents = 0


class GivenUser(Shape):
    """A user."""

    user_id: str
    name: GivenName
    address: GivenAddress
    email: str
    payment_methods: dict[str, GivenMethod]


class GivenVariant(Shape):
    """A variant of a product."""

    item_id: str
    options: dict[str, str]
    available: bool
    price: Cents


class GivenProduct(Shape):
    """A product."""

    product_id: str
    name: str
    variants: dict[str, GivenVariant]


class GivenItem(Shape):
    """An item of an order."""

    item_id: str
    product_id: str
    name: str
    options: dict[str, str]
    price: Cents


class GivenPayment(Shape):
    """A line of an order's payment history."""

    transaction_type: str
    amount: Cents
    payment_method_id: str


class GivenOrder(Shape):
    """An order."""

    order_id: str
    user_id: str
    address: GivenAddress
    items: list[GivenItem]
    status: str
    payment_history: list[GivenPayment]


class GivenShop(Shape):
    """The file as a whole."""

    products: dict[str, GivenProduct]
    users: dict[str, GivenUser]
    orders: dict[str, GivenOrder]


def read_shop(content: str | bytes) -> Records:
    """The records in a database of that shape; raises `pydantic.ValidationError`."""
    given = GivenShop.model_validate_json(content)
    return Records(
        customers=tuple(_customer(one) for one in given.users.values()),
        orders=tuple(_order(one) for one in given.orders.values()),
        products=tuple(_product(one) for one in given.products.values()),
    )


def _customer(user: GivenUser) -> Customer:
    return Customer(
        id=user.user_id,
        first_name=user.name.first_name,
        last_name=user.name.last_name,
        email=user.email,
        address=user.address.address(),
        payment_methods=tuple(
            PaymentMethod(
                id=one.id,
                kind=one.source,
                label=f"{one.brand} {one.last_four}".strip(),
                balance_cents=one.balance,
            )
            for one in user.payment_methods.values()
        ),
    )


def _product(product: GivenProduct) -> Product:
    variants = tuple(
        Variant(item_id=one.item_id, options=one.options, available=one.available, price_cents=one.price)
        for one in product.variants.values()
    )
    return Product(id=product.product_id, name=product.name, variants=variants)


def _order(order: GivenOrder) -> Order:
    return Order(
        id=order.order_id,
        customer_id=order.user_id,
        address=order.address.address(),
        items=tuple(
            Item(
                item_id=one.item_id,
                product_id=one.product_id,
                name=one.name,
                options=one.options,
                price_cents=one.price,
            )
            for one in order.items
        ),
        status=_status(order.status),
        currency=CURRENCY,
        transactions=tuple(
            Transaction(
                kind="payment" if one.transaction_type == "payment" else "refund",
                amount_cents=one.amount,
                payment_method_id=one.payment_method_id,
            )
            for one in order.payment_history
        ),
    )


def _status(text: str) -> Status:
    """`pending (item modified)` is what the items of an order were changed to; others are written alike."""
    if text.startswith("pending ("):
        return Status.ITEMS_CHANGED
    return Status(text.replace(" ", "_"))
