"""The shop's tools, to look up and to change. None decides whether it may be called: the policies do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from pilothouse import Context, Tool, tool
from pilothouse.apps.support.shop import answers, inputs
from pilothouse.apps.support.shop.errors import ShopRefused
from pilothouse.apps.support.shop.facts import Facts, facts_of
from pilothouse.apps.support.shop.store import Shop, Shops, customer_of

APP = "support"
"""The application whose tools these are, as policies name it."""


class Scene(Protocol):
    """Where an action takes place: what a tool's context and an intended action both know."""

    @property
    def tenant_id(self) -> str:
        """The tenant."""
        ...

    @property
    def run_id(self) -> UUID:
        """The run."""
        ...


ConversationOf = Callable[[Scene], str]
"""Which conversation something belongs to."""


FactsAbout = Callable[[Scene, inputs.Change | inputs.Look | None], Facts]
"""What is known of an action: where it takes place, and its arguments."""


def run_is_conversation(scene: Scene) -> str:
    """A conversation is one run."""
    return str(scene.run_id)


@dataclass(frozen=True)
class ShopTools:
    """The tools over the shops of all tenants, and the facts about what they are asked to do.

    `facts` takes where an action takes place and its arguments.
    """

    looking: tuple[Tool[Any, Any], ...]
    changing: tuple[Tool[Any, Any], ...]
    facts: FactsAbout

    @property
    def all(self) -> tuple[Tool[Any, Any], ...]:
        """All tools."""
        return (*self.looking, *self.changing)

    def __getitem__(self, name: str) -> Tool[Any, Any]:
        """The tool of that name; raises `KeyError`."""
        return {one.name: one for one in self.all}[name]


def tools_of(
    shops: Shops, conversation_of: ConversationOf = run_is_conversation, *, email_suffices: bool = True
) -> ShopTools:
    """The tools over `shops`. A customer is identified, and confirms, within one conversation.

    Where `email_suffices` is false, the policies demand a number of an order or the postcode beside it.
    """

    def facts(scene: Scene, value: inputs.Change | inputs.Look | None) -> Facts:
        shop = shops(scene.tenant_id)
        session = shop.sessions.session(conversation_of(scene))
        return facts_of(shop.connector, session, value, email_suffices=email_suffices)

    looking = (*_finding(shops, conversation_of, facts), *_reading(shops, facts))
    return ShopTools(looking, (*_on_orders(shops, facts), *_on_delivered(shops, facts)), facts)


def _finding(shops: Shops, conversation_of: ConversationOf, facts: FactsAbout) -> tuple[Tool[Any, Any], ...]:
    def identified(ctx: Context, attempt: inputs.FindByEmail | inputs.FindByName) -> answers.Identified:
        shop, conversation = shops(ctx.tenant_id), conversation_of(ctx)
        sessions, customer = shop.sessions, customer_of(shop.connector, attempt)
        if customer is None:
            sessions.miss(conversation, attempt)
            return answers.Identified()
        sessions.identify(conversation, customer.id)
        return answers.Identified(customer_id=customer.id)

    @tool(idempotent=True, facts=facts)
    def find_customer_by_email(ctx: Context, value: inputs.FindByEmail) -> answers.Identified:
        """Find out who the customer is, from their e-mail address, and an order or the postcode beside it."""
        return identified(ctx, value)

    @tool(idempotent=True, facts=facts)
    def find_customer_by_name(ctx: Context, value: inputs.FindByName) -> answers.Identified:
        """Find out who the customer is, from their name and postcode."""
        return identified(ctx, value)

    return find_customer_by_email, find_customer_by_name


def _reading(shops: Shops, facts: FactsAbout) -> tuple[Tool[Any, Any], ...]:
    @tool(idempotent=True, facts=facts)
    def read_customer(ctx: Context, value: inputs.ReadCustomer) -> answers.KnownCustomer:
        """The customer's own record."""
        connector = shops(ctx.tenant_id).connector
        customer = connector.customer(value.customer_id)
        if customer is None:
            raise ShopRefused("no_such_customer", f"There is no customer {value.customer_id}.")
        orders = tuple(order.id for order in connector.orders_of(customer.id))
        return answers.known_customer(customer, orders)

    @tool(idempotent=True, facts=facts)
    def read_order(ctx: Context, value: inputs.ReadOrder) -> answers.KnownOrder:
        """An order of the customer."""
        return answers.known_order(value.order_id, shops(ctx.tenant_id).connector.order(value.order_id))

    @tool(idempotent=True, facts=facts)
    def read_product(ctx: Context, value: inputs.ReadProduct) -> answers.KnownProduct:
        """A product with its variants, prices and what can be had."""
        return answers.KnownProduct(product=shops(ctx.tenant_id).connector.product(value.product_id))

    @tool(idempotent=True, facts=facts)
    def read_item(ctx: Context, value: inputs.ReadItem) -> answers.KnownProduct:
        """The product with one variant of it."""
        product = shops(ctx.tenant_id).connector.product_of(value.item_id)
        if product is None:
            return answers.KnownProduct()
        only = tuple(one for one in product.variants if one.item_id == value.item_id)
        return answers.KnownProduct(product=product.model_copy(update={"variants": only}))

    @tool(idempotent=True, facts=facts)
    def list_products(ctx: Context) -> answers.Catalogue:
        """The ids of all products, by name."""
        products = shops(ctx.tenant_id).connector.products()
        return answers.Catalogue(products={one.name: one.id for one in products})

    return read_customer, read_order, read_product, read_item, list_products


def _placed(shops: Shops, ctx: Context, change: inputs.Change) -> answers.Done:
    shop: Shop = shops(ctx.tenant_id)
    return answers.done(shop.connector.place(change, key=ctx.idempotency_key))


def _on_orders(shops: Shops, facts: FactsAbout) -> tuple[Tool[Any, Any], ...]:
    @tool(idempotent=True, facts=facts)
    def cancel_order(ctx: Context, change: inputs.CancelOrder) -> answers.Done:
        """Cancel an order that is pending; everything that was paid goes back."""
        return _placed(shops, ctx, change)

    @tool(idempotent=True, facts=facts)
    def change_order_address(ctx: Context, change: inputs.ChangeOrderAddress) -> answers.Done:
        """Send an order that is pending elsewhere."""
        return _placed(shops, ctx, change)

    @tool(idempotent=True, facts=facts)
    def change_order_payment(ctx: Context, change: inputs.ChangeOrderPayment) -> answers.Done:
        """Pay an order that is pending in another way, once."""
        return _placed(shops, ctx, change)

    @tool(idempotent=True, facts=facts)
    def change_order_items(ctx: Context, change: inputs.ChangeOrderItems) -> answers.Done:
        """Replace items of an order that is pending by other variants, once."""
        return _placed(shops, ctx, change)

    @tool(idempotent=True, facts=facts)
    def change_customer_address(ctx: Context, change: inputs.ChangeCustomerAddress) -> answers.Done:
        """Change the customer's standing address."""
        return _placed(shops, ctx, change)

    return (
        cancel_order,
        change_order_address,
        change_order_payment,
        change_order_items,
        change_customer_address,
    )


def _on_delivered(shops: Shops, facts: FactsAbout) -> tuple[Tool[Any, Any], ...]:
    @tool(idempotent=True, facts=facts)
    def return_items(ctx: Context, change: inputs.ReturnItems) -> answers.Done:
        """Take items of a delivered order back, once."""
        return _placed(shops, ctx, change)

    @tool(idempotent=True, facts=facts)
    def exchange_items(ctx: Context, change: inputs.ExchangeItems) -> answers.Done:
        """Replace items of a delivered order by other variants, once."""
        return _placed(shops, ctx, change)

    @tool(idempotent=True, facts=facts, cost=lambda refund: refund.amount)
    def refund_order(ctx: Context, change: inputs.RefundOrder) -> answers.Done:
        """Give a part of what was paid for a delivered order back, once."""
        return _placed(shops, ctx, change)

    return return_items, exchange_items, refund_order
