"""A shop in memory: for benchmarks and for trying a rule out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock

from pydantic import BaseModel, ConfigDict

from pilothouse.apps.support.shop.changes import Receipt, change_customer, change_order
from pilothouse.apps.support.shop.errors import ShopRefused
from pilothouse.apps.support.shop.inputs import Change, ChangeCustomerAddress, FindByEmail, FindByName
from pilothouse.apps.support.shop.schemas import Customer, Order, Product
from pilothouse.apps.support.shop.store import Session, attempted, said


class Records(BaseModel):
    """All records of a shop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
    products: tuple[Product, ...]


class MemoryShop:
    """A `ShopConnector` and `Sessions` over dictionaries. Safe for use by several threads."""

    def __init__(self, records: Records) -> None:
        """A shop with `records`, which stay as they are: a change makes new ones."""
        self._customers = {one.id: one for one in records.customers}
        self._orders = {one.id: one for one in records.orders}
        self._products = {one.id: one for one in records.products}
        self._product_of = {variant.item_id: one for one in records.products for variant in one.variants}
        self._placed: dict[str, tuple[str, Receipt]] = {}
        self._sessions: dict[str, Session] = {}
        self._missed: dict[str, set[str]] = {}
        self._lock = Lock()

    def customer(self, customer_id: str) -> Customer | None:
        """The customer of that id."""
        return self._customers.get(customer_id)

    def customer_by_email(self, email: str) -> Customer | None:
        """The customer with that address."""
        wanted = email.strip().casefold()
        return only(one for one in self._customers.values() if one.email.casefold() == wanted)

    def customer_by_name(self, first_name: str, last_name: str, postcode: str) -> Customer | None:
        """The one customer with that name and postcode."""
        wanted = known_by(first_name, last_name, postcode)
        return only(one for one in self._customers.values() if known_by_of(one) == wanted)

    def customers(self) -> Sequence[Customer]:
        """All customers, by id."""
        return sorted(self._customers.values(), key=lambda one: one.id)

    def orders_of(self, customer_id: str) -> Sequence[Order]:
        """The orders of a customer, by id."""
        found = (one for one in self._orders.values() if one.customer_id == customer_id)
        return sorted(found, key=lambda one: one.id)

    def order(self, order_id: str) -> Order | None:
        """The order of that id."""
        return self._orders.get(order_id)

    def products(self) -> Sequence[Product]:
        """All products, by name."""
        return sorted(self._products.values(), key=lambda one: (one.name, one.id))

    def product(self, product_id: str) -> Product | None:
        """The product of that id."""
        return self._products.get(product_id)

    def product_of(self, item_id: str) -> Product | None:
        """The product with a variant of that id."""
        return self._product_of.get(item_id)

    def place(self, change: Change, *, key: str) -> Receipt:
        """Apply `change`: all of it, or nothing. Raises `ShopRefused`."""
        with self._lock:
            before = self._placed.get(key)
            if before is not None:
                return same_change(before[0], change, before[1])
            if isinstance(change, ChangeCustomerAddress):
                done = change_customer(change, found(self.customer(change.customer_id), change.customer_id))
            else:
                order = self.order(change.order_id)
                if order is None:
                    raise ShopRefused("no_such_order", f"There is no order {change.order_id}.")
                customer = found(self.customer(order.customer_id), order.customer_id)
                done = change_order(change, order, customer, self.product_of)
            self._customers[done.customer.id] = done.customer
            if done.order is not None:
                self._orders[done.order.id] = done.order
            self._placed[key] = (said(change), done.receipt)
            return done.receipt

    def with_records(self, *records: Customer | Order) -> MemoryShop:
        """The same shop without its conversations, in which `records` stand for those of the same id."""
        other = MemoryShop(Records(customers=(), orders=(), products=()))
        other._customers = self._customers | {one.id: one for one in records if isinstance(one, Customer)}
        other._orders = self._orders | {one.id: one for one in records if isinstance(one, Order)}
        other._products, other._product_of = self._products, self._product_of
        return other

    def session(self, conversation: str) -> Session:
        """What is known of a conversation."""
        return self._sessions.get(conversation, Session())

    def identify(self, conversation: str, customer_id: str) -> None:
        """Note who the customer is. Raises `ShopRefused` if they were another before."""
        with self._lock:
            session = self.session(conversation)
            insist_on_one_customer(session.customer_id, customer_id)
            self._sessions[conversation] = session.model_copy(update={"customer_id": customer_id})

    def miss(self, conversation: str, attempt: FindByEmail | FindByName) -> None:
        """Note that nobody was found by `attempt`."""
        with self._lock:
            missed = self._missed.setdefault(conversation, set())
            missed.add(attempted(attempt))
            session = self.session(conversation).model_copy(update={"misses": len(missed)})
            self._sessions[conversation] = session

    def confirm(self, conversation: str, change: Change) -> None:
        """Note that the customer said yes to `change`."""
        with self._lock:
            session = self.session(conversation)
            confirmed = (*session.confirmed, said(change))
            self._sessions[conversation] = session.model_copy(update={"confirmed": confirmed})


def only(customers: Iterable[Customer]) -> Customer | None:
    """The one customer of several that were found; where there is more than one, nobody was."""
    some = list(customers)
    return some[0] if len(some) == 1 else None


def known_by(first_name: str, last_name: str, postcode: str) -> str:
    """A name and a postcode as they are compared: without case and without needless blanks."""
    return "|".join(" ".join(part.split()).casefold() for part in (first_name, last_name, postcode))


def known_by_of(customer: Customer) -> str:
    """A customer's own name and postcode, as they are compared."""
    return known_by(customer.first_name, customer.last_name, customer.address.postcode)


def found(customer: Customer | None, customer_id: str) -> Customer:
    """The customer; raises `ShopRefused` where there is none."""
    if customer is None:
        raise ShopRefused("no_such_customer", f"There is no customer {customer_id}.")
    return customer


def same_change(before: str, change: Change, receipt: Receipt) -> Receipt:
    """The receipt of before; raises `ShopRefused` where the key was another change's."""
    if before != said(change):
        raise ShopRefused("key_reused", "This idempotency key was used for another change.")
    return receipt


def insist_on_one_customer(before: str | None, customer_id: str) -> None:
    """Raise `ShopRefused` where the conversation is another customer's."""
    if before not in {None, customer_id}:
        raise ShopRefused("other_customer", "This conversation is with another customer: begin a new one.")
