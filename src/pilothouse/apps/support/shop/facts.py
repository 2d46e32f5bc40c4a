"""What trusted code knows of an action's object, for the policies to decide on: `context.facts`.

Facts say what is so, never what follows from it: which items are too many, not whether that matters. They are
read at the decision and once more at the dispatch.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from pilothouse.apps.support.shop.changes import difference, surplus
from pilothouse.apps.support.shop.inputs import (
    Change,
    ChangeCustomerAddress,
    ChangeOrderItems,
    ExchangeItems,
    FindByEmail,
    FindByName,
    Look,
    OrderChange,
    ReadCustomer,
    ReadItem,
    ReadOrder,
    ReadProduct,
    ReturnItems,
)
from pilothouse.apps.support.shop.schemas import Customer, Order, Swap
from pilothouse.apps.support.shop.store import Session, ShopConnector, customer_of


class Part(BaseModel):
    """A part of the facts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SessionFacts(Part):
    """The conversation: who the customer proved to be, and whether they said yes to this very action.

    `misses`: in how many ways they said who they are so far, and nobody was found. `email_suffices`: whether
    this shop takes an e-mail address alone as a proof of who somebody is.
    """

    customer_id: str | None = None
    confirmed: bool = False
    misses: int = 0
    email_suffices: bool = True


class CustomerFacts(Part):
    """The customer that the action names, or that a search finds."""

    customer_id: str
    version: int


class OrderFacts(Part):
    """The order that the action names. `paid_with` are the payment methods that bear its price now."""

    order_id: str
    customer_id: str
    status: str
    version: int
    currency: str
    paid_with: tuple[str, ...]
    paid_cents: int
    payments: int
    refunds: int


class PaymentFacts(Part):
    """The payment method that the action names, where the order's customer has it."""

    payment_method_id: str
    kind: str
    balance_cents: int


class ItemFacts(Part):
    """What is wrong with the items that the action names, and what the new ones cost more.

    `surplus`: wanted more often than the order has them. `other_product`: new ones of another
    product than the item that they replace. `unavailable`: new ones that cannot be had. `unchanged`: replaced
    by themselves.
    """

    surplus: tuple[str, ...] = ()
    other_product: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    difference_cents: int = 0


class Facts(Part):
    """What is known; what there is not is left out."""

    session: SessionFacts
    customer: CustomerFacts | None = None
    order: OrderFacts | None = None
    payment: PaymentFacts | None = None
    items: ItemFacts | None = None


def facts_of(
    connector: ShopConnector,
    session: Session,
    value: Change | Look | None = None,
    *,
    email_suffices: bool = True,
) -> Facts:
    """The facts about an action with the arguments `value`, in a conversation."""
    facts = _facts(connector, session, value)
    if email_suffices:
        return facts
    strict = facts.session.model_copy(update={"email_suffices": False})
    return facts.model_copy(update={"session": strict})


def _facts(connector: ShopConnector, session: Session, value: Change | Look | None) -> Facts:
    match value:
        case None | ReadProduct() | ReadItem():
            return Facts(session=_session(session))
        case FindByEmail() | FindByName():
            return _of_customer(session, customer_of(connector, value))
        case ReadCustomer(customer_id=customer_id):
            return _of_customer(session, connector.customer(customer_id))
        case ReadOrder(order_id=order_id):
            order = connector.order(order_id)
            return Facts(session=_session(session), order=_order(order))
        case ChangeCustomerAddress(customer_id=customer_id):
            return _of_customer(session, connector.customer(customer_id), confirmed=session.covers(value))
        case _:
            return _of_change(connector, session, value)


def _session(session: Session, *, confirmed: bool = False) -> SessionFacts:
    return SessionFacts(customer_id=session.customer_id, confirmed=confirmed, misses=session.misses)


def _of_customer(session: Session, customer: Customer | None, *, confirmed: bool = False) -> Facts:
    return Facts(
        session=_session(session, confirmed=confirmed),
        customer=None
        if customer is None
        else CustomerFacts(customer_id=customer.id, version=customer.version),
    )


def _of_change(connector: ShopConnector, session: Session, change: OrderChange) -> Facts:
    known = _session(session, confirmed=session.covers(change))
    order = connector.order(change.order_id)
    if order is None:
        return Facts(session=known)
    return Facts(
        session=known,
        order=_order(order),
        payment=_payment(connector.customer(order.customer_id), getattr(change, "payment_method_id", None)),
        items=_items(connector, order, change),
    )


def _order(order: Order | None) -> OrderFacts | None:
    if order is None:
        return None
    return OrderFacts(
        order_id=order.id,
        customer_id=order.customer_id,
        status=order.status.value,
        version=order.version,
        currency=order.currency,
        paid_with=tuple(sorted(order.paid)),
        paid_cents=order.paid_cents,
        payments=order.payments,
        refunds=order.refunds,
    )


def _payment(customer: Customer | None, method_id: str | None) -> PaymentFacts | None:
    method = customer.method(method_id) if customer is not None and method_id is not None else None
    if method is None:
        return None
    return PaymentFacts(
        payment_method_id=method.id, kind=method.kind.value, balance_cents=method.balance_cents
    )


def _items(connector: ShopConnector, order: Order, change: OrderChange) -> ItemFacts | None:
    match change:
        case ReturnItems(item_ids=item_ids):
            return ItemFacts(surplus=tuple(sorted(surplus(item_ids, order))))
        case ChangeOrderItems(swaps=swaps) | ExchangeItems(swaps=swaps):
            return _swaps(connector, order, swaps)
        case _:
            return None


def _swaps(connector: ShopConnector, order: Order, swaps: Sequence[Swap]) -> ItemFacts:
    bought = {item.item_id: item.product_id for item in order.items}
    other: set[str] = set()
    unavailable: set[str] = set()
    for swap in swaps:
        product = connector.product_of(swap.new_item_id)
        variant = product.variant(swap.new_item_id) if product else None
        if product is None or product.id != bought.get(swap.item_id):
            other.add(swap.new_item_id)
        if variant is None or not variant.available:
            unavailable.add(swap.new_item_id)
    return ItemFacts(
        surplus=tuple(sorted(surplus([swap.item_id for swap in swaps], order))),
        other_product=tuple(sorted(other)),
        unavailable=tuple(sorted(unavailable)),
        unchanged=tuple(sorted(swap.item_id for swap in swaps if swap.item_id == swap.new_item_id)),
        difference_cents=difference(swaps, order, connector.product_of),
    )
