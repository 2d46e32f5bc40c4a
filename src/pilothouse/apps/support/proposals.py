"""From a wish to a change of the records: what exactly would be done, what is missing, or why it cannot be.

What is not possible is said here in the customer's words. That it does not happen is the policies' work: they
decide on every action anew, whatever stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, Field

from pilothouse import Money
from pilothouse.apps.support.picking import options_of, others, pick_items, pick_variant
from pilothouse.apps.support.reading.particulars import Particulars
from pilothouse.apps.support.reading.wishes import Kind
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.answers import KnownCustomer, KnownOrder, money
from pilothouse.apps.support.shop.schemas import Address, Item, Product, Swap, Variant
from pilothouse.apps.support.tickets import Frozen

CHANGES: dict[str, type[inputs.Change]] = {
    "cancel_order": inputs.CancelOrder,
    "change_order_address": inputs.ChangeOrderAddress,
    "change_order_payment": inputs.ChangeOrderPayment,
    "change_order_items": inputs.ChangeOrderItems,
    "change_customer_address": inputs.ChangeCustomerAddress,
    "return_items": inputs.ReturnItems,
    "exchange_items": inputs.ExchangeItems,
    "refund_order": inputs.RefundOrder,
}
"""What the tools that change something take."""


class Say(Frozen):
    """A line of the catalogue of replies, and what stands in its places."""

    line: str
    places: dict[str, str] = Field(default_factory=dict)


class Proposal(Frozen):
    """A change that the customer can say yes to. `arguments` are the tool's, as JSON."""

    tool: str
    arguments: str
    say: Say

    @property
    def change(self) -> inputs.Change:
        """The change itself."""
        return CHANGES[self.tool].model_validate_json(self.arguments)


class Missing(Frozen):
    """What the customer has to be asked for."""

    what: str
    say: Say


class Impossible(Frozen):
    """Why it cannot be done."""

    say: Say


Move = Proposal | Missing | Impossible
"""What comes of a wish."""


class Wanted(Frozen):
    """A wish over the customer's own records. `products` are those of the order's items, by id."""

    kind: Kind
    particulars: Particulars
    customer: KnownCustomer
    order: KnownOrder | None = None
    products: dict[str, Product] = Field(default_factory=dict)


def propose(wanted: Wanted) -> Move:
    """What comes of a wish that is a deed, other than looking something up."""
    if wanted.kind is Kind.HOME_ADDRESS:
        return _home_address(wanted.particulars, wanted.customer)
    if wanted.order is None:
        return Missing(what="order", say=Say(line="which_order"))
    case = _Case(wanted.particulars, wanted.customer, wanted.order, wanted.products)
    match wanted.kind:
        case Kind.CANCEL:
            return case.cancel()
        case Kind.ORDER_ADDRESS:
            return case.address()
        case Kind.ORDER_PAYMENT:
            return case.payment()
        case Kind.EXCHANGE:
            return case.exchange()
        case Kind.RETURN:
            return case.give_back()
        case _:
            return case.refund()


def _proposal(tool: str, change: BaseModel, line: str, **places: str) -> Proposal:
    return Proposal(tool=tool, arguments=change.model_dump_json(), say=Say(line=line, places=places))


def _missing(what: str, line: str, **places: str) -> Missing:
    return Missing(what=what, say=Say(line=line, places=places))


def _impossible(line: str, **places: str) -> Impossible:
    return Impossible(say=Say(line=line, places=places))


def _home_address(said: Particulars, customer: KnownCustomer) -> Move:
    found = _address(said, customer.address)
    if not isinstance(found, Address):
        return found
    change = inputs.ChangeCustomerAddress(
        customer_id=customer.customer_id, version=customer.version, address=found
    )
    return _proposal("change_customer_address", change, "propose_home_address", address=in_one_line(found))


def _address(said: Particulars, known: Address) -> Address | Missing:
    """The address that was said; the country is the known one's where none was."""
    new = said.address
    if new is None or not (new.line1 and new.postcode and new.city):
        absent = ("line1", "postcode", "city") if new is None else new.missing
        return _missing(
            "address", "ask_address" if len(absent) == 3 else "ask_address_part", parts="+".join(absent)
        )
    return Address(
        line1=new.line1, postcode=new.postcode, city=new.city, country=new.country or known.country
    )


def in_one_line(address: Address) -> str:
    """An address as it stands in a sentence."""
    parts = (
        address.line1,
        address.line2,
        f"{address.postcode} {address.city}",
        address.region,
        address.country,
    )
    return ", ".join(part for part in parts if part)


def named(items: list[Item]) -> str:
    """Items as they stand in a sentence."""
    return ", ".join(
        f"{item.name} ({options_of(item.options)})" if item.options else item.name for item in items
    )


@dataclass(frozen=True)
class _Case:
    """One order and what is wanted of it."""

    said: Particulars
    customer: KnownCustomer
    order: KnownOrder
    products: Mapping[str, Product]

    def cancel(self) -> Move:
        if (no := self._unless("pending", "cancel")) is not None:
            return no
        if self.said.cancel_reason is None:
            return _missing("cancel_reason", "ask_cancel_reason", order=self.order.order_id)
        change = inputs.CancelOrder(**self._which(), reason=self.said.cancel_reason)
        return _proposal(
            "cancel_order",
            change,
            "propose_cancel",
            order=self.order.order_id,
            items=named(list(self.order.items)),
            total=str(self.order.total),
            method=self._labels(self.order.paid_with),
            reason=self.said.cancel_reason,
        )

    def address(self) -> Move:
        if (no := self._unless("pending", "address")) is not None:
            return no
        found = _address(self.said, self.order.address or self.customer.address)
        if not isinstance(found, Address):
            return found
        change = inputs.ChangeOrderAddress(**self._which(), address=found)
        return _proposal(
            "change_order_address",
            change,
            "propose_order_address",
            order=self.order.order_id,
            address=in_one_line(found),
        )

    def payment(self) -> Move:
        if (no := self._unless("pending", "payment")) is not None:
            return no
        new = self._method_of(self.said.payment)
        if new is None:
            possible = [
                one
                for one in self.customer.payment_methods
                if one.payment_method_id not in self.order.paid_with
            ]
            if not possible:
                return _impossible("no_other_method", order=self.order.order_id)
            labels = ", ".join(one.label for one in possible)
            return _missing("payment", "ask_payment", order=self.order.order_id, methods=labels)
        if new in self.order.paid_with:
            return _impossible("paid_so_already", order=self.order.order_id, method=self._labels((new,)))
        left = self._balance(new)
        if left is not None and self.order.total is not None and left < self.order.total.cents:
            return _impossible("gift_card_too_small", order=self.order.order_id, total=str(self.order.total))
        change = inputs.ChangeOrderPayment(**self._which(), payment_method_id=new)
        return _proposal(
            "change_order_payment", change, "propose_payment", order=self.order.order_id,
            method=self._labels((new,)), total=str(self.order.total),
        )  # fmt: skip

    def exchange(self) -> Move:
        if self.order.status not in {"pending", "delivered"}:
            return _impossible("not_exchanged_now", **self._state())
        items = pick_items(self.said.text, self.order, everything=self.said.everything)
        if len(items) != 1:
            return _missing(
                "item", "ask_exchange_item", order=self.order.order_id, items=named(list(self.order.items))
            )
        item = items[0]
        product = self.products.get(item.product_id)
        possible = others(item, product) if product else []
        if product is None or not possible:
            return _impossible("nothing_to_exchange_for", item=named([item]))
        new = pick_variant(self.said.text, item, product)
        if new is None or not new.available:
            line = "ask_variant" if new is None else "variant_not_available"
            told = options_of(new.options) if new else ""
            offers = "; ".join(options_of(one.options) for one in possible)
            return _missing("variant", line, item=named([item]), offers=offers, wanted=told)
        return self._swap(item, new)

    def _swap(self, item: Item, new: Variant) -> Move:
        cents = new.price_cents - item.price_cents
        currency = self.order.total.currency if self.order.total else "EUR"
        swap = Swap(item_id=item.item_id, new_item_id=new.item_id)
        fields = {**self._which(), "swaps": (swap,), "payment_method_id": self._back_to()}
        pending = self.order.status == "pending"
        tool = "change_order_items" if pending else "exchange_items"
        tail = "even" if cents == 0 else "more" if cents > 0 else "less"
        return _proposal(
            tool,
            CHANGES[tool].model_validate(fields),
            f"propose_{'change_items' if pending else 'exchange'}_{tail}",
            order=self.order.order_id,
            item=named([item]),
            new=options_of(new.options),
            money=str(money(abs(cents), currency)),
            method=self._labels((self._back_to(),)),
        )

    def give_back(self) -> Move:
        if (no := self._unless("delivered", "return")) is not None:
            return no
        items = pick_items(self.said.text, self.order, everything=self.said.everything)
        if not items:
            return _missing(
                "item", "ask_return_item", order=self.order.order_id, items=named(list(self.order.items))
            )
        change = inputs.ReturnItems(
            **self._which(), item_ids=tuple(one.item_id for one in items), payment_method_id=self._back_to()
        )
        return _proposal(
            "return_items", change, "propose_return", order=self.order.order_id, items=named(items),
            money=str(self._price(items)), method=self._labels((self._back_to(),)),
        )  # fmt: skip

    def refund(self) -> Move:
        if (no := self._unless("delivered", "refund")) is not None:
            return no
        reason = self.said.refund_reason
        if reason is None:
            return _missing("refund_reason", "ask_refund_reason", order=self.order.order_id)
        late = reason == "late"
        items = pick_items(self.said.text, self.order, everything=self.said.everything or late)
        if not items:
            return _missing(
                "item", "ask_refund_item", order=self.order.order_id, items=named(list(self.order.items))
            )
        most = self._price(items)
        amount = most
        if self.said.amount_cents is not None:
            amount = money(self.said.amount_cents, most.currency)
        if amount.cents > most.cents and self.order.total is not None:
            return _missing(
                "amount", "refund_too_much", order=self.order.order_id, money=str(most), items=named(items)
            )
        change = inputs.RefundOrder(
            **self._which(), amount=amount, payment_method_id=self._back_to(), reason=reason
        )
        return _proposal(
            "refund_order", change, "propose_refund", order=self.order.order_id, items=named(items),
            money=str(amount), method=self._labels((self._back_to(),)), reason=reason,
        )  # fmt: skip

    def _which(self) -> dict[str, object]:
        return {"order_id": self.order.order_id, "version": self.order.version}

    def _state(self) -> dict[str, str]:
        return {"order": self.order.order_id, "state": self.order.status}

    def _unless(self, status: str, what: str) -> Impossible | None:
        """Why the order is not in the state that it takes."""
        if self.order.status == status:
            return None
        return _impossible(f"not_{what}_now", **self._state())

    def _price(self, items: list[Item]) -> Money:
        currency = self.order.total.currency if self.order.total else "EUR"
        return money(sum(item.price_cents for item in items), currency)

    def _method_of(self, kind: str | None) -> str | None:
        found = (one.payment_method_id for one in self.customer.payment_methods if one.kind.value == kind)
        return next(found, None)

    def _back_to(self) -> str:
        """The customer's gift card where they want that, else what the order was paid with."""
        if self.said.payment == "gift_card" and (card := self._method_of("gift_card")) is not None:
            return card
        known = {one.payment_method_id for one in self.customer.payment_methods}
        borne = [one for one in self.order.paid_with if one in known]
        return (borne or [one.payment_method_id for one in self.customer.payment_methods] or ["none"])[0]

    def _balance(self, method_id: str) -> int | None:
        """What is left on a gift card; None for other methods."""
        found = (one for one in self.customer.payment_methods if one.payment_method_id == method_id)
        return next((one.balance_cents for one in found), None)

    def _labels(self, methods: tuple[str, ...]) -> str:
        known = {one.payment_method_id: one.label or one.kind.value for one in self.customer.payment_methods}
        return ", ".join(known.get(one, one) for one in methods)
