"""What can be done to an order or a customer, and where the money goes: pure functions of the records.

They hold the shop's rules a second time, below the policies: what was decided about a record is refused here
if the record cannot bear it. Who asks, and what was confirmed, is the policies' alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from pilothouse.apps.support.shop.errors import ShopRefused
from pilothouse.apps.support.shop.inputs import (
    CancelOrder,
    ChangeCustomerAddress,
    ChangeOrderAddress,
    ChangeOrderItems,
    ChangeOrderPayment,
    ExchangeItems,
    OrderChange,
    RefundOrder,
    ReturnItems,
)
from pilothouse.apps.support.shop.schemas import (
    Customer,
    Exchange,
    Item,
    Order,
    PaymentKind,
    PaymentMethod,
    Product,
    Return,
    Status,
    Swap,
    Transaction,
)

CANCEL_REASONS = ("no longer needed", "ordered by mistake")
REFUND_REASONS = ("damaged", "defective", "late", "missing item", "wrong item")

ProductOf = Callable[[str], Product | None]
"""The product that has a variant of an item id."""


class Movement(BaseModel):
    """Money that moves: positive to the customer, negative from them. A gift card is settled at once."""

    model_config = ConfigDict(frozen=True)

    payment_method_id: str
    amount_cents: int
    at_once: bool


class Receipt(BaseModel):
    """What was done: the record's state and version now, and the money that moves.

    `expected_cents` is what will be given back (or taken, if negative) once goods have come back.
    """

    model_config = ConfigDict(frozen=True)

    subject: str
    status: str
    version: int
    currency: str | None = None
    movements: tuple[Movement, ...] = ()
    expected_cents: int = 0


@dataclass(frozen=True)
class Changed:
    """The records after a change; `order` is None where only the customer's changed."""

    customer: Customer
    order: Order | None
    receipt: Receipt


def change_customer(change: ChangeCustomerAddress, customer: Customer) -> Changed:
    """A customer's standing address; orders keep theirs. Raises `ShopRefused`."""
    _insist_on_version(change.version, customer.version, f"The record of {customer.id}")
    after = customer.model_copy(update={"address": change.address, "version": customer.version + 1})
    return Changed(after, None, Receipt(subject=after.id, status="changed", version=after.version))


def change_order(change: OrderChange, order: Order, customer: Customer, product_of: ProductOf) -> Changed:
    """An order after `change`, with its customer's gift cards. Raises `ShopRefused`."""
    if order.customer_id != customer.id:
        raise ShopRefused("other_customer", f"Order {order.id} is another customer's.")
    _insist_on_version(change.version, order.version, f"Order {order.id}")
    match change:
        case CancelOrder():
            return _cancel(change, order, customer)
        case ChangeOrderAddress():
            return _readdress(change, order, customer)
        case ChangeOrderPayment():
            return _pay_otherwise(change, order, customer)
        case ChangeOrderItems():
            return _replace(change, order, customer, product_of)
        case ReturnItems():
            return _return(change, order, customer)
        case ExchangeItems():
            return _exchange(change, order, customer, product_of)
        case RefundOrder():
            return _refund(change, order, customer)


def surplus(wanted: Iterable[str], order: Order) -> set[str]:
    """The item ids that are wanted more often than the order has them."""
    return set(Counter(wanted) - Counter(item.item_id for item in order.items))


def difference(swaps: Sequence[Swap], order: Order, product_of: ProductOf) -> int:
    """What the new items cost more than the old ones in cents; what is unknown counts as nothing."""
    prices = {item.item_id: item.price_cents for item in order.items}
    total = 0
    for swap in swaps:
        product = product_of(swap.new_item_id)
        variant = product.variant(swap.new_item_id) if product else None
        if variant is not None and swap.item_id in prices:
            total += variant.price_cents - prices[swap.item_id]
    return total


def _cancel(change: CancelOrder, order: Order, customer: Customer) -> Changed:
    _insist_on_status(order, Status.PENDING, "cancelled")
    if change.reason not in CANCEL_REASONS:
        raise ShopRefused("reason", f"An order is cancelled when it was {' or '.join(CANCEL_REASONS)}.")
    after = order.model_copy(update={"status": Status.CANCELLED, "cancel_reason": change.reason})
    return _moved(after, customer, order.paid)


def _readdress(change: ChangeOrderAddress, order: Order, customer: Customer) -> Changed:
    _insist_on_status(order, Status.PENDING, "sent elsewhere")
    return _moved(order.model_copy(update={"address": change.address}), customer, {})


def _pay_otherwise(change: ChangeOrderPayment, order: Order, customer: Customer) -> Changed:
    _insist_on_status(order, Status.PENDING, "paid in another way")
    if order.payments != 1:
        raise ShopRefused("twice", f"How order {order.id} is paid was changed before: it can be once.")
    method = _method(customer, change.payment_method_id)
    if method.id in order.paid:
        raise ShopRefused("payment_method", f"Order {order.id} is paid with {method.id} already.")
    return _moved(order, customer, {method.id: -order.paid_cents, **order.paid})


def _replace(change: ChangeOrderItems, order: Order, customer: Customer, product_of: ProductOf) -> Changed:
    _insist_on_status(order, Status.PENDING, "changed")
    cents = _swap_difference(change.swaps, change.payment_method_id, order, customer, product_of)
    after = order.model_copy(
        update={"items": _swapped(change.swaps, order, product_of), "status": Status.ITEMS_CHANGED}
    )
    return _moved(after, customer, {change.payment_method_id: -cents} if cents else {})


def _return(change: ReturnItems, order: Order, customer: Customer) -> Changed:
    _insist_on_status(order, Status.DELIVERED, "returned")
    _insist_on_items(change.item_ids, order)
    _insist_on_way_back(_method(customer, change.payment_method_id), order)
    prices = {item.item_id: item.price_cents for item in order.items}
    cents = min(sum(prices[name] for name in change.item_ids), order.paid_cents)
    returning = Return(
        item_ids=tuple(sorted(change.item_ids)),
        payment_method_id=change.payment_method_id,
        refund_cents=cents,
    )
    after = order.model_copy(update={"status": Status.RETURNING, "returning": returning})
    return _moved(after, customer, {}, expected=cents)


def _exchange(change: ExchangeItems, order: Order, customer: Customer, product_of: ProductOf) -> Changed:
    _insist_on_status(order, Status.DELIVERED, "exchanged")
    cents = _swap_difference(change.swaps, change.payment_method_id, order, customer, product_of)
    exchanging = Exchange(
        swaps=change.swaps, payment_method_id=change.payment_method_id, difference_cents=cents
    )
    after = order.model_copy(update={"status": Status.EXCHANGING, "exchanging": exchanging})
    return _moved(after, customer, {}, expected=-cents)


def _refund(change: RefundOrder, order: Order, customer: Customer) -> Changed:
    _insist_on_status(order, Status.DELIVERED, "refunded")
    if order.refunds:
        raise ShopRefused("twice", f"Order {order.id} was refunded before: it can be once.")
    if change.reason not in REFUND_REASONS:
        raise ShopRefused("reason", f"A refund is for what was {', '.join(REFUND_REASONS)}.")
    cents = change.amount.cents
    if change.amount.currency != order.currency or not 0 < cents <= order.paid_cents:
        most = f"{order.paid_cents / 100:.2f} {order.currency}"
        raise ShopRefused("amount", f"A refund of order {order.id} is above 0 and at most {most}.")
    method = _method(customer, change.payment_method_id)
    _insist_on_way_back(method, order)
    return _moved(order.model_copy(update={"refunds": order.refunds + 1}), customer, {method.id: cents})


def _moved(order: Order, customer: Customer, money: dict[str, int], *, expected: int = 0) -> Changed:
    """The records with `money` moved: cents by payment method, positive to the customer.

    What an order was paid with gets its money back, also where the customer no longer has it on record.
    """
    for name, cents in money.items():
        method = customer.method(name)
        if method is not None and method.kind is PaymentKind.GIFT_CARD:
            customer = _with_balance(customer, method, method.balance_cents + cents)
    made = tuple(
        Transaction(
            kind="refund" if cents > 0 else "payment", amount_cents=abs(cents), payment_method_id=name
        )
        for name, cents in money.items()
    )
    after = order.model_copy(update={"transactions": order.transactions + made, "version": order.version + 1})
    receipt = Receipt(
        subject=after.id,
        status=after.status,
        version=after.version,
        currency=after.currency,
        movements=tuple(
            Movement(payment_method_id=name, amount_cents=cents, at_once=_is_gift_card(customer, name))
            for name, cents in money.items()
        ),
        expected_cents=expected,
    )
    return Changed(customer, after, receipt)


def _with_balance(customer: Customer, method: PaymentMethod, cents: int) -> Customer:
    if cents < 0:
        raise ShopRefused("balance", f"{method.id} has {method.balance_cents / 100:.2f} left, which is less.")
    methods = tuple(
        one.model_copy(update={"balance_cents": cents}) if one.id == method.id else one
        for one in customer.payment_methods
    )
    return customer.model_copy(update={"payment_methods": methods})


def _swap_difference(
    swaps: Sequence[Swap], method_id: str, order: Order, customer: Customer, product_of: ProductOf
) -> int:
    """What the customer pays more, once every swap was looked at."""
    _insist_on_items([swap.item_id for swap in swaps], order)
    products = {item.item_id: item.product_id for item in order.items}
    for swap in swaps:
        product = product_of(swap.new_item_id)
        variant = product.variant(swap.new_item_id) if product else None
        if product is None or variant is None or product.id != products[swap.item_id]:
            raise ShopRefused("product", f"{swap.new_item_id} is not of the same product as {swap.item_id}.")
        if swap.new_item_id == swap.item_id:
            raise ShopRefused("product", f"{swap.item_id} is to be replaced by itself: choose other options.")
        if not variant.available:
            raise ShopRefused("unavailable", f"{swap.new_item_id} is not available.")
    method = _method(customer, method_id)
    cents = difference(swaps, order, product_of)
    if method.kind is PaymentKind.GIFT_CARD and cents > method.balance_cents:
        raise ShopRefused("balance", f"{method.id} does not cover the difference of {cents / 100:.2f}.")
    return cents


def _swapped(swaps: Sequence[Swap], order: Order, product_of: ProductOf) -> tuple[Item, ...]:
    items = list(order.items)
    for swap in swaps:
        place = next(number for number, item in enumerate(items) if item.item_id == swap.item_id)
        product = product_of(swap.new_item_id)
        variant = product.variant(swap.new_item_id) if product else None
        if variant is None:
            raise ShopRefused("product", f"{swap.new_item_id} is no item of the shop.")
        items[place] = items[place].model_copy(
            update={
                "item_id": variant.item_id,
                "options": variant.options,
                "price_cents": variant.price_cents,
            }
        )
    return tuple(items)


def _method(customer: Customer, method_id: str) -> PaymentMethod:
    found = customer.method(method_id)
    if found is None:
        raise ShopRefused("payment_method", f"{method_id} is no payment method of {customer.id}.")
    return found


def _is_gift_card(customer: Customer, method_id: str) -> bool:
    method = customer.method(method_id)
    return method is not None and method.kind is PaymentKind.GIFT_CARD


def _insist_on_way_back(method: PaymentMethod, order: Order) -> None:
    if method.id not in order.paid and method.kind is not PaymentKind.GIFT_CARD:
        raise ShopRefused("payment_method", "Money goes back to how the order was paid, or to a gift card.")


def _insist_on_items(wanted: Iterable[str], order: Order) -> None:
    over = surplus(wanted, order)
    if over:
        raise ShopRefused("items", f"Order {order.id} has not so many of {', '.join(sorted(over))}.")


def _insist_on_status(order: Order, status: Status, done: str) -> None:
    if order.status is not status:
        found = order.status.value.replace("_", " ")
        raise ShopRefused("status", f"Order {order.id} is {found}; it can be {done} while it is {status}.")


def _insist_on_version(expected: int, version: int, what: str) -> None:
    if expected != version:
        raise ShopRefused(
            "version", f"{what} was changed since it was shown (version {expected}, now {version})."
        )
