"""A shop with one customer and one order, made as a test wants it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pilothouse import Money
from pilothouse.apps.support.shop.inputs import RefundOrder
from pilothouse.apps.support.shop.memory import MemoryShop, Records
from pilothouse.apps.support.shop.schemas import (
    Address,
    Customer,
    Item,
    Order,
    PaymentMethod,
    Product,
    Transaction,
    Variant,
)

HOME = Address(line1="Mill Lane 1", city="Utrecht", postcode="3511 AB", country="Netherlands")
AWAY = Address(line1="Quay Street 9", city="Porto", postcode="4000-011", country="Portugal")


def variant(item_id: str, cents: int, *, available: bool = True) -> Variant:
    return Variant(item_id=item_id, options={"size": item_id}, available=available, price_cents=cents)


SHIRT = Product(
    id="P1",
    name="Shirt",
    variants=(variant("S", 2000), variant("M", 2500), variant("L", 1500), variant("XL", 9, available=False)),
)
MUG = Product(id="P2", name="Mug", variants=(variant("blue", 900),))
CARD = PaymentMethod(id="card", kind="credit_card")
GIFT = PaymentMethod(id="gift", kind="gift_card", balance_cents=3000)
ANNA = Customer(
    id="anna",
    first_name="Anna",
    last_name="Arx",
    email="anna@example.com",
    address=HOME,
    payment_methods=(CARD, GIFT, PaymentMethod(id="paypal", kind="paypal")),
)
BEN = Customer(
    id="ben",
    first_name="Ben",
    last_name="Burg",
    email="ben@example.com",
    address=AWAY,
    payment_methods=(PaymentMethod(id="bens", kind="paypal"),),
)


def item(item_id: str, product: Product = SHIRT) -> Item:
    found = product.variant(item_id)
    assert found is not None
    return Item(
        item_id=item_id,
        product_id=product.id,
        name=product.name,
        options=found.options,
        price_cents=found.price_cents,
    )


def order(status: str = "pending", *, paid_with: str = "card", **said: Any) -> Order:
    """Anna's order of a shirt and a mug for 29.00 EUR."""
    given: dict[str, Any] = {
        "id": "o1",
        "customer_id": "anna",
        "address": HOME,
        "items": (item("S"), item("blue", MUG)),
        "status": status,
        "currency": "EUR",
        "transactions": (Transaction(kind="payment", amount_cents=2900, payment_method_id=paid_with),),
    }
    return Order.model_validate(given | said)


def shop_with(*orders: Order, customer: Customer = ANNA) -> MemoryShop:
    return MemoryShop(Records(customers=(customer, BEN), orders=orders, products=(SHIRT, MUG)))


def refund(cents: int = 1000, **said: Any) -> RefundOrder:
    given: dict[str, Any] = {
        "order_id": "o1",
        "version": 1,
        "amount": Money(Decimal(cents).scaleb(-2), "EUR"),
        "payment_method_id": "card",
        "reason": "late",
    }
    return RefundOrder.model_validate(given | said)
