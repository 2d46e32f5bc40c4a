"""The connector: how the desk reaches a shop's records and places changes, whichever system keeps them.

`repository.py` keeps a small shop in SQLite and `memory.py` one in memory; a shop of your own is a class with
these methods.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from pilothouse.apps.support.shop.changes import Receipt
from pilothouse.apps.support.shop.inputs import Change, FindByEmail, FindByName, RefundOrder
from pilothouse.apps.support.shop.schemas import Customer, Order, Product


class ShopConnector(Protocol):
    """A shop. Its methods may be called by several threads at once."""

    def customer(self, customer_id: str) -> Customer | None:
        """The customer of that id."""
        ...

    def customer_by_email(self, email: str) -> Customer | None:
        """The customer with that address; upper and lower case are alike."""
        ...

    def customer_by_name(self, first_name: str, last_name: str, postcode: str) -> Customer | None:
        """The one customer with that name and postcode; None where there are several."""
        ...

    def orders_of(self, customer_id: str) -> Sequence[Order]:
        """The orders of a customer, by id."""
        ...

    def order(self, order_id: str) -> Order | None:
        """The order of that id."""
        ...

    def products(self) -> Sequence[Product]:
        """All products, by name."""
        ...

    def product(self, product_id: str) -> Product | None:
        """The product of that id."""
        ...

    def product_of(self, item_id: str) -> Product | None:
        """The product with a variant of that id."""
        ...

    def place(self, change: Change, *, key: str) -> Receipt:
        """Apply `change` to the version that it names: all of it, or nothing.

        The same `key` gives the same receipt without a second change. Raises `ShopRefused`, also where the
        key was used for another change.
        """
        ...


class Session(BaseModel):
    """What is known of a conversation: who the customer was found to be, and what they said yes to.

    `misses` counts the different ways in which somebody said who they are, and nobody was found.
    """

    model_config = ConfigDict(frozen=True)

    customer_id: str | None = None
    confirmed: tuple[str, ...] = ()
    misses: int = 0

    def covers(self, change: Change) -> bool:
        """Whether the customer confirmed this change; of a refund, also one of less money."""
        if said(change) in self.confirmed:
            return True
        if not isinstance(change, RefundOrder):
            return False
        kind = f"{type(change).__name__} "
        return any(
            _is_less(change, RefundOrder.model_validate_json(text.removeprefix(kind)))
            for text in self.confirmed
            if text.startswith(kind)
        )


class Sessions(Protocol):
    """The conversations with a shop's customers."""

    def session(self, conversation: str) -> Session:
        """What is known of a conversation; nothing of one that is new."""
        ...

    def identify(self, conversation: str, customer_id: str) -> None:
        """Note that the customer proved who they are. Raises `ShopRefused` if they were another before."""
        ...

    def miss(self, conversation: str, attempt: FindByEmail | FindByName) -> None:
        """Note that nobody was found by `attempt`; the same one counts once."""
        ...

    def confirm(self, conversation: str, change: Change) -> None:
        """Note that the customer was shown `change` and said yes to it."""
        ...


@dataclass(frozen=True)
class Shop:
    """A shop's records and the conversations about them."""

    connector: ShopConnector
    sessions: Sessions


DIGITS = re.compile(r"\D+")

Shops = Callable[[str], Shop]
"""The shop of a tenant, by its id."""


def said(change: Change) -> str:
    """A change as the customer confirms it: its kind, and all that it says."""
    return f"{type(change).__name__} {change.model_dump_json()}"


def customer_of(connector: ShopConnector, attempt: FindByEmail | FindByName) -> Customer | None:
    """The customer whom all that is said of them fits; None where a part of it does not."""
    if isinstance(attempt, FindByName):
        return connector.customer_by_name(attempt.first_name, attempt.last_name, attempt.postcode)
    customer = connector.customer_by_email(attempt.email)
    if customer is None:
        return None
    if attempt.postcode is not None and plain(attempt.postcode) != plain(customer.address.postcode):
        return None
    if attempt.order_id is not None:
        orders = connector.orders_of(customer.id)
        if not any(is_number_of(order.id, attempt.order_id) for order in orders):
            return None
    return customer


def is_number_of(order_id: str, said: str) -> bool:
    """Whether somebody means the order by what they said: its id, or the digits of it."""
    wanted = plain(said)
    return plain(order_id) == wanted or (wanted.isdigit() and DIGITS.sub("", order_id) == wanted)


def plain(text: str) -> str:
    """A number or postcode as it is compared: letters and digits only, without case."""
    return "".join(one for one in text.casefold() if one.isalnum())


def attempted(attempt: FindByEmail | FindByName) -> str:
    """An attempt to be found as its digest (SHA-256): who it was about is not kept."""
    return hashlib.sha256(attempt.model_dump_json().casefold().encode()).hexdigest()


def _is_less(change: RefundOrder, confirmed: RefundOrder) -> bool:
    same = change.model_copy(update={"amount": confirmed.amount}) == confirmed
    return (
        same
        and change.amount.currency == confirmed.amount.currency
        and change.amount.amount <= confirmed.amount.amount
    )
