"""What the shop's tools take.

What changes a record names the version that the customer was shown, so that neither a decision nor an
approval ever meets another state than the one it was made about.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pilothouse import Money
from pilothouse.apps.support.shop.schemas import Address, Swap, Version

Id = Annotated[str, Field(min_length=1, max_length=100)]
Reason = Annotated[str, Field(min_length=1, max_length=200)]


class Input(BaseModel):
    """What a tool takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FindByEmail(Input):
    """The customer with an e-mail address, whose order or postcode that is, too, where one is given.

    Upper and lower case are alike. Of an order's number the digits count.
    """

    email: Annotated[str, Field(min_length=3, max_length=254)]
    order_id: Id | None = None
    postcode: Id | None = None


class FindByName(Input):
    """The customer with a name and a postcode; upper and lower case are alike."""

    first_name: Id
    last_name: Id
    postcode: Id


class ReadCustomer(Input):
    """A customer's own record."""

    customer_id: Id


class ReadOrder(Input):
    """An order."""

    order_id: Id


class ReadProduct(Input):
    """A product with its variants."""

    product_id: Id


class ReadItem(Input):
    """One variant of a product, by its own id."""

    item_id: Id


class ChangeOrder(Input):
    """A change of an order in the state that the customer was shown."""

    order_id: Id
    version: Version


class CancelOrder(ChangeOrder):
    """Cancel an order that is pending; everything that was paid goes back."""

    reason: Reason


class ChangeOrderAddress(ChangeOrder):
    """Send an order that is pending elsewhere."""

    address: Address


class ChangeOrderPayment(ChangeOrder):
    """Pay an order that is pending in another way; what was paid goes back."""

    payment_method_id: Id


class ChangeOrderItems(ChangeOrder):
    """Replace items of an order that is pending by other variants of the same products."""

    swaps: Annotated[tuple[Swap, ...], Field(min_length=1, max_length=100)]
    payment_method_id: Id


class ReturnItems(ChangeOrder):
    """Take items of a delivered order back."""

    item_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=100)]
    payment_method_id: Id


class ExchangeItems(ChangeOrder):
    """Replace items of a delivered order by other variants of the same products."""

    swaps: Annotated[tuple[Swap, ...], Field(min_length=1, max_length=100)]
    payment_method_id: Id


class RefundOrder(ChangeOrder):
    """Give a part of what was paid for a delivered order back, and leave the goods with the customer."""

    amount: Money
    payment_method_id: Id
    reason: Reason


class ChangeCustomerAddress(Input):
    """Change a customer's standing address; orders keep theirs."""

    customer_id: Id
    version: Version
    address: Address


OrderChange = (
    CancelOrder
    | ChangeOrderAddress
    | ChangeOrderPayment
    | ChangeOrderItems
    | ReturnItems
    | ExchangeItems
    | RefundOrder
)
"""What changes an order."""

Change = OrderChange | ChangeCustomerAddress
"""What changes a record."""

Look = FindByEmail | FindByName | ReadCustomer | ReadOrder | ReadProduct | ReadItem
"""What only looks something up."""
