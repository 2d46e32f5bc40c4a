"""Violations of the shop's rules, derived from actions that are in order: each breaks one rule on purpose.

Each is set into a shop of its own in which all other things are as the action found them, and says which
policy has to refuse it; others may refuse it, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from pydantic import BaseModel

from pilothouse import Money
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.changes import difference
from pilothouse.apps.support.shop.memory import MemoryShop
from pilothouse.apps.support.shop.schemas import (
    Customer,
    Order,
    PaymentKind,
    PaymentMethod,
    Product,
    Status,
    Swap,
)
from retail_judge import PENDING_ONLY

CARD = PaymentMethod(id="another-card", kind=PaymentKind.CREDIT_CARD)
GIFT = PaymentMethod(id="another-gift-card", kind=PaymentKind.GIFT_CARD)

Changing = inputs.ChangeOrder | inputs.ChangeCustomerAddress
Swapping = inputs.ChangeOrderItems | inputs.ExchangeItems


@dataclass(frozen=True)
class Violation:
    """An action that breaks a rule: `by` is the policy that has to refuse it.

    `known` is the customer of the conversation (None: nobody is known), `confirmed` what they said yes to.
    """

    kind: str
    by: str
    shop: MemoryShop
    value: BaseModel
    known: str | None
    confirmed: BaseModel | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether the customer said yes to this very action."""
        return self.confirmed == self.value


@dataclass(frozen=True)
class Lawful:
    """An action that is in order, and what it is about."""

    shop: MemoryShop
    value: BaseModel
    customer: Customer
    order: Order | None
    stranger: Customer

    def broken(
        self, kind: str, by: str, value: BaseModel | None = None, *changed: Customer | Order
    ) -> Violation:
        """The action as `value`, with some records changed, confirmed by its own customer."""
        shop = self.shop.with_records(*changed)
        asked = self.value if value is None else value
        return Violation(kind, by, shop, asked, self.customer.id, asked)

    def with_method(self, method: PaymentMethod) -> Customer:
        """The customer with one more payment method."""
        return self.customer.model_copy(update={"payment_methods": (*self.customer.payment_methods, method)})


def violations(shop: MemoryShop, value: BaseModel, stranger: Customer) -> Iterator[Violation]:
    """What can be broken about a lawful action; `stranger` is a customer whom it does not concern."""
    order = None
    if isinstance(value, inputs.ChangeCustomerAddress | inputs.ReadCustomer):
        customer = shop.customer(value.customer_id)
    elif isinstance(value, inputs.ChangeOrder | inputs.ReadOrder):
        order = shop.order(value.order_id)
        customer = shop.customer(order.customer_id) if order else None
    else:
        if isinstance(value, inputs.FindByEmail | inputs.FindByName):
            yield from _of_search(shop, value, stranger)
        return
    if customer is None:
        return
    lawful = Lawful(shop, value, customer, order, stranger)
    yield from _of_identity(lawful)
    if isinstance(value, inputs.ChangeOrder | inputs.ChangeCustomerAddress):
        yield from _of_consent(lawful, value)
    if order is None or not isinstance(value, inputs.ChangeOrder):
        return
    yield from _of_status(lawful, order, value)
    yield from _of_payment(lawful, order, value)
    if isinstance(value, inputs.CancelOrder):
        asked = value.model_copy(update={"reason": "found it cheaper elsewhere"})
        yield lawful.broken("reason not allowed", "reason-to-cancel", asked)
    if isinstance(value, inputs.ChangeOrderItems | inputs.ExchangeItems):
        yield from _of_swaps(lawful, order, value)
    if isinstance(value, inputs.ReturnItems):
        yield from _of_items(lawful, order, value)
        yield from _of_refunds(lawful, order, value)


def _of_search(
    shop: MemoryShop, value: inputs.FindByEmail | inputs.FindByName, stranger: Customer
) -> Iterator[Violation]:
    """A search that finds somebody, in a conversation with somebody else."""
    if isinstance(value, inputs.FindByEmail):
        found = shop.customer_by_email(value.email)
    else:
        found = shop.customer_by_name(value.first_name, value.last_name, value.postcode)
    if found is not None:
        yield Violation("second customer", "one-customer-a-conversation", shop, value, stranger.id)


def _of_identity(lawful: Lawful) -> Iterator[Violation]:
    whole = lawful.broken("identity not verified", "identity-not-verified")
    yield replace(whole, known=None)
    of_order = lawful.order is not None
    by = "another-customers-order" if of_order else "another-customers-record"
    yield replace(whole, kind="foreign owner", by=by, known=lawful.stranger.id)


def _of_consent(lawful: Lawful, value: Changing) -> Iterator[Violation]:
    unasked = lawful.broken("unconfirmed", "not-confirmed")
    yield replace(unasked, confirmed=None)
    other = value.model_copy(update={"version": value.version + 1})
    yield replace(unasked, kind="confirmed another state", confirmed=other)
    by = "customer-changed-since" if lawful.order is None else "order-changed-since"
    yield lawful.broken("changed since it was shown", by, other)
    if lawful.order is not None:
        missing = value.model_copy(update={"order_id": f"{lawful.order.id}0"})
        yield lawful.broken("no such order", "no-such-order", missing)


def _of_status(lawful: Lawful, order: Order, value: inputs.ChangeOrder) -> Iterator[Violation]:
    by = "only-while-pending" if isinstance(value, PENDING_ONLY) else "only-when-delivered"
    for status in Status:
        if status is not order.status:
            changed = order.model_copy(update={"status": status})
            yield lawful.broken(f"wrong status: {status.value}", by, None, changed)
    if isinstance(value, inputs.ChangeOrderAddress):
        return  # an address may be changed again
    again = lawful.shop.with_records()
    again.place(value, key="first")  # type: ignore[arg-type]  # the subclasses of ChangeOrder are all there are
    asked = value.model_copy(update={"version": value.version + 1})
    by = "payment-changed-before" if isinstance(value, inputs.ChangeOrderPayment) else by
    yield Violation("twice", by, again, asked, lawful.customer.id, asked)


def _of_payment(lawful: Lawful, order: Order, value: inputs.ChangeOrder) -> Iterator[Violation]:
    if not hasattr(value, "payment_method_id"):
        return
    foreign = lawful.stranger.payment_methods[0].id
    asked = value.model_copy(update={"payment_method_id": foreign})
    yield lawful.broken("payment not owned", "payment-method-not-theirs", asked)
    made_up = value.model_copy(update={"payment_method_id": "no-such-method"})
    yield lawful.broken("payment not owned", "payment-method-not-theirs", made_up)
    if isinstance(value, inputs.ChangeOrderPayment):
        same = value.model_copy(update={"payment_method_id": next(iter(order.paid))})
        yield lawful.broken("same payment method", "same-payment-method", same)
        card = GIFT.model_copy(update={"balance_cents": order.paid_cents - 1})
        asked = value.model_copy(update={"payment_method_id": card.id})
        yield lawful.broken(
            "insufficient gift card", "gift-card-below-total", asked, lawful.with_method(card)
        )


def _of_swaps(lawful: Lawful, order: Order, value: Swapping) -> Iterator[Violation]:
    first, *rest = value.swaps
    product = lawful.shop.product_of(first.item_id)

    def with_first(swap: Swap) -> BaseModel:
        return value.model_copy(update={"swaps": (swap, *rest)})

    def instead(new_item_id: str) -> BaseModel:
        return with_first(Swap(item_id=first.item_id, new_item_id=new_item_id))

    strange = _strange(lawful.shop, order)
    yield lawful.broken("other product", "another-product", instead(strange))
    yield lawful.broken("other product", "another-product", instead("no-such-item"))
    yield lawful.broken("unchanged", "same-variant", instead(first.item_id))
    yield lawful.broken(
        "item not in order",
        "items-not-in-order",
        with_first(Swap(item_id=strange, new_item_id=first.new_item_id)),
    )
    more = value.model_copy(update={"swaps": (*value.swaps, *[first] * len(order.items))})
    yield lawful.broken("more than ordered", "items-not-in-order", more)
    for variant in product.variants if product else ():
        if not variant.available and variant.item_id != first.item_id:
            yield lawful.broken("unavailable", "not-available", instead(variant.item_id))
    yield from _of_difference(lawful, order, value, product)


def _of_difference(
    lawful: Lawful, order: Order, value: Swapping, product: Product | None
) -> Iterator[Violation]:
    """A gift card that lacks one cent, where some available variant costs more."""
    first = value.swaps[0]
    dearest = max(
        (
            one
            for one in (product.variants if product else ())
            if one.available and one.item_id != first.item_id
        ),
        key=lambda one: one.price_cents,
        default=None,
    )
    if dearest is None:
        return
    swaps = (Swap(item_id=first.item_id, new_item_id=dearest.item_id),)
    cents = difference(swaps, order, lawful.shop.product_of)
    if cents > 0:
        card = GIFT.model_copy(update={"balance_cents": cents - 1})
        asked = value.model_copy(update={"swaps": swaps, "payment_method_id": card.id})
        yield lawful.broken(
            "insufficient gift card", "gift-card-below-difference", asked, lawful.with_method(card)
        )


def _of_items(lawful: Lawful, order: Order, value: inputs.ReturnItems) -> Iterator[Violation]:
    strange = value.model_copy(update={"item_ids": (*value.item_ids, _strange(lawful.shop, order))})
    yield lawful.broken("item not in order", "items-not-in-order", strange)
    more = value.model_copy(update={"item_ids": value.item_ids * (len(order.items) + 1)})
    yield lawful.broken("more than ordered", "items-not-in-order", more)
    elsewhere = value.model_copy(update={"payment_method_id": CARD.id})
    yield lawful.broken(
        "refund to a foreign method", "refund-to-another-method", elsewhere, lawful.with_method(CARD)
    )


def _of_refunds(lawful: Lawful, order: Order, value: inputs.ReturnItems) -> Iterator[Violation]:
    """The same order refunded without a return, against the rules of that."""

    def refund(cents: int, reason: str = "damaged", method: str = value.payment_method_id) -> BaseModel:
        return inputs.RefundOrder(
            order_id=order.id,
            version=order.version,
            amount=Money(Decimal(cents).scaleb(-2), order.currency),
            payment_method_id=method,
            reason=reason,
        )

    yield lawful.broken("refund above payment", "refund-above-what-was-paid", refund(order.paid_cents + 1))
    yield lawful.broken("refund of nothing", "refund-above-what-was-paid", refund(0))
    yield lawful.broken("refund below nothing", "refund-above-what-was-paid", refund(-100))
    yield lawful.broken("reason not allowed", "reason-to-refund", refund(100, "unhappy"))
    before = order.model_copy(update={"refunds": 1})
    yield lawful.broken("refunded twice", "refunded-before", refund(100), before)
    yield lawful.broken(
        "refund to a foreign method",
        "refund-to-another-method",
        refund(100, method=CARD.id),
        lawful.with_method(CARD),
    )
    pending = order.model_copy(update={"status": Status.PENDING})
    yield lawful.broken("refund while pending", "only-when-delivered", refund(100), pending)


def _strange(shop: MemoryShop, order: Order) -> str:
    """An available item of a product that the order has none of."""
    products = {item.product_id for item in order.items}
    return next(
        variant.item_id
        for product in shop.products()
        if product.id not in products
        for variant in product.variants
        if variant.available
    )
