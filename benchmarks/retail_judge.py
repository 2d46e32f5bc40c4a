"""The shop's rules once more, in plain Python over the records: which of them an action breaks, by policy id.

Written from the rules as the shop tells them, not from the policies, the facts or the changes, so that a
mistake in one of these shows as a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from pydantic import BaseModel

from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.schemas import Customer, Order, PaymentMethod, Product, Swap
from pilothouse.apps.support.shop.store import ShopConnector

LIMIT, LIMIT_ON_UNTRUSTED = 10_000, 5_000
PENDING_ONLY = (
    inputs.CancelOrder,
    inputs.ChangeOrderAddress,
    inputs.ChangeOrderPayment,
    inputs.ChangeOrderItems,
)
DELIVERED_ONLY = (inputs.ReturnItems, inputs.ExchangeItems, inputs.RefundOrder)
WITH_PAYMENT = (inputs.ChangeOrderPayment, inputs.ChangeOrderItems, *DELIVERED_ONLY)
PUBLIC = (inputs.ReadProduct, inputs.ReadItem)


class Judge:
    """Judges actions in one shop."""

    def __init__(self, shop: ShopConnector) -> None:
        """Judge by the records of `shop` as they are when it is asked."""
        self._shop = shop

    def broken(
        self,
        value: BaseModel | None,
        known: str | None,
        *,
        confirmed: bool,
        marks: Collection[str] = (),
        misses: int = 0,
    ) -> set[str]:
        """The rules that are broken where the customer `known` asks for `value`."""
        if isinstance(value, inputs.FindByEmail | inputs.FindByName):
            return set(self._of_search(value, known, misses))
        return set(self._broken(value, known, confirmed=confirmed, marks=marks))

    def _broken(
        self, value: BaseModel | None, known: str | None, *, confirmed: bool, marks: Collection[str]
    ) -> Iterator[str]:
        if value is None or isinstance(value, PUBLIC):
            return
        if known is None:
            yield "identity-not-verified"
        if isinstance(value, inputs.ReadCustomer | inputs.ChangeCustomerAddress):
            yield from self._of_customer(value, known, confirmed=confirmed)
        elif isinstance(value, inputs.ReadOrder | inputs.ChangeOrder):
            yield from self._of_order(value, known, confirmed=confirmed, marks=marks)

    def _of_search(
        self, value: inputs.FindByEmail | inputs.FindByName, known: str | None, misses: int
    ) -> Iterator[str]:
        found = self._found(value)
        if known and found and found.id != known:
            yield "one-customer-a-conversation"
        if misses > 4:
            yield "too-many-attempts"

    def _found(self, value: inputs.FindByEmail | inputs.FindByName) -> Customer | None:
        if isinstance(value, inputs.FindByEmail):
            return self._shop.customer_by_email(value.email)
        return self._shop.customer_by_name(value.first_name, value.last_name, value.postcode)

    def _of_customer(
        self, value: inputs.ReadCustomer | inputs.ChangeCustomerAddress, known: str | None, *, confirmed: bool
    ) -> Iterator[str]:
        if known is not None and value.customer_id != known:
            yield "another-customers-record"
        if isinstance(value, inputs.ReadCustomer):
            return
        if not confirmed:
            yield "not-confirmed"
        customer = self._shop.customer(value.customer_id)
        if customer is None:
            yield "no-such-customer"
        elif customer.version != value.version:
            yield "customer-changed-since"

    def _of_order(
        self,
        value: inputs.ReadOrder | inputs.ChangeOrder,
        known: str | None,
        *,
        confirmed: bool,
        marks: Collection[str],
    ) -> Iterator[str]:
        order = self._shop.order(value.order_id)
        if order and known and order.customer_id != known:
            yield "another-customers-order"
        if isinstance(value, inputs.ReadOrder):
            return
        if not confirmed:
            yield "not-confirmed"
        if order is None:
            yield "no-such-order"
        elif order.version != value.version:
            yield "order-changed-since"
        if order and isinstance(value, PENDING_ONLY) and order.status != "pending":
            yield "only-while-pending"
        if order and isinstance(value, DELIVERED_ONLY) and order.status != "delivered":
            yield "only-when-delivered"
        method = self._method(order, value)
        if isinstance(value, WITH_PAYMENT) and method is None:
            yield "payment-method-not-theirs"
        yield from self._of_payment(order, value, method)
        yield from self._of_items(order, value, method)
        yield from _of_reasons(value)
        if isinstance(value, inputs.RefundOrder):
            yield from _of_refund(order, value, marks)

    def _method(self, order: Order | None, value: inputs.ChangeOrder) -> PaymentMethod | None:
        customer = self._shop.customer(order.customer_id) if order else None
        wanted = getattr(value, "payment_method_id", None)
        methods = customer.payment_methods if customer else ()
        return next((one for one in methods if one.id == wanted), None)

    def _of_payment(
        self, order: Order | None, value: inputs.ChangeOrder, method: PaymentMethod | None
    ) -> Iterator[str]:
        paying = _paying(order) if order else Counter[str]()
        if order and isinstance(value, inputs.ChangeOrderPayment):
            if [one.kind for one in order.transactions].count("payment") != 1:
                yield "payment-changed-before"
            if paying[value.payment_method_id] > 0:
                yield "same-payment-method"
            total = sum(cents for cents in paying.values() if cents > 0)
            if method and method.kind == "gift_card" and method.balance_cents < total:
                yield "gift-card-below-total"
        if isinstance(value, inputs.ReturnItems | inputs.RefundOrder):
            to_card = method is not None and method.kind == "gift_card"
            if not to_card and paying[value.payment_method_id] <= 0:
                yield "refund-to-another-method"

    def _of_items(
        self, order: Order | None, value: inputs.ChangeOrder, method: PaymentMethod | None
    ) -> Iterator[str]:
        if isinstance(value, inputs.ReturnItems):
            if order is None or _missing(order, value.item_ids):
                yield "items-not-in-order"
        elif isinstance(value, inputs.ChangeOrderItems | inputs.ExchangeItems):
            if order is None:
                yield from ("items-not-in-order", "another-product", "same-variant", "not-available")
                return
            if _missing(order, [swap.item_id for swap in value.swaps]):
                yield "items-not-in-order"
            if any(swap.item_id == swap.new_item_id for swap in value.swaps):
                yield "same-variant"
            yield from self._of_new_items(order, value.swaps, method)

    def _of_new_items(
        self, order: Order, swaps: Sequence[Swap], method: PaymentMethod | None
    ) -> Iterator[str]:
        more = 0
        for swap in swaps:
            old = [item for item in order.items if item.item_id == swap.item_id]
            product = self._shop.product_of(swap.new_item_id)
            new = _offer(product, swap.new_item_id)
            if not old or product is None or old[0].product_id != product.id:
                yield "another-product"
            if new is None or not new[0]:
                yield "not-available"
            if old and new:
                more += new[1] - old[-1].price_cents
        if method and method.kind == "gift_card" and more > method.balance_cents:
            yield "gift-card-below-difference"


def _paying(order: Order) -> Counter[str]:
    """What each method bears: negative amounts are refunds that exceed what was paid."""
    bears: Counter[str] = Counter()
    for one in order.transactions:
        bears[one.payment_method_id] += one.amount_cents if one.kind == "payment" else -one.amount_cents
    return bears


def _missing(order: Order, wanted: Sequence[str]) -> bool:
    there = [item.item_id for item in order.items]
    return any(wanted.count(item_id) > there.count(item_id) for item_id in wanted)


def _offer(product: Product | None, item_id: str) -> tuple[bool, int] | None:
    """Whether a variant can be had, and its price; None where there is no such variant."""
    for variant in product.variants if product else ():
        if variant.item_id == item_id:
            return variant.available, variant.price_cents
    return None


def _of_reasons(value: inputs.ChangeOrder) -> Iterator[str]:
    if isinstance(value, inputs.CancelOrder) and value.reason not in {
        "no longer needed",
        "ordered by mistake",
    }:
        yield "reason-to-cancel"
    if isinstance(value, inputs.RefundOrder) and value.reason not in {
        *("damaged", "defective", "late"),
        *("missing item", "wrong item"),
    }:
        yield "reason-to-refund"


def _of_refund(order: Order | None, value: inputs.RefundOrder, marks: Collection[str]) -> Iterator[str]:
    cents = value.amount.cents
    if order and order.refunds:
        yield "refunded-before"
    paid = sum(bears for bears in _paying(order).values() if bears > 0) if order else 0
    if order is None or value.amount.currency != order.currency or not 1 <= cents <= paid:
        yield "refund-above-what-was-paid"
    if cents > LIMIT:
        yield "refund-above-limit"
    if cents > LIMIT_ON_UNTRUSTED and "untrusted" in marks:
        yield "refund-on-untrusted-word"
