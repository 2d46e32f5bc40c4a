"""Deeds over the customer's own records: choose the order, show what would be done, and do it after a yes.

Every look and every change goes through `ctx.act`: the policies decide on each, whatever the text asked for.
"""

from __future__ import annotations

from pilothouse import Denied, Refused, StepFailed
from pilothouse.apps.support import cards
from pilothouse.apps.support.conversation import Conversation, HandOver
from pilothouse.apps.support.identity import LONGEST_NUMBER, is_known
from pilothouse.apps.support.picking import (
    available,
    named_items,
    named_product,
    options_of,
    pick_items,
    pick_orders,
)
from pilothouse.apps.support.proposals import Missing, Proposal, Say, Wanted, in_one_line, named
from pilothouse.apps.support.reading.cues import cues
from pilothouse.apps.support.reading.wishes import Kind, Wish
from pilothouse.apps.support.shop.answers import Done, KnownCustomer, KnownOrder, money
from pilothouse.apps.support.shop.inputs import ReadCustomer, ReadOrder, ReadProduct
from pilothouse.apps.support.shop.schemas import Product
from pilothouse.apps.support.shop.store import is_number_of

MOST_ORDERS = 12
"""Orders of a customer that are looked at, the newest first."""
TOLD = 5
"""Orders that are told at once."""
TAKES = {
    Kind.CANCEL: {"pending"},
    Kind.ORDER_ADDRESS: {"pending"},
    Kind.ORDER_PAYMENT: {"pending"},
    Kind.EXCHANGE: {"pending", "delivered"},
    Kind.RETURN: {"delivered"},
    Kind.REFUND: {"delivered"},
}
"""The states of an order in which something can be done: what chooses among several."""


async def deal(talk: Conversation, wish: Wish) -> None:
    """Go one step further with a deed; what the customer is told, or asked, is in the reply.

    Raises `HandOver` where it cannot be told who they are, or the shop does not answer.
    """
    if not await is_known(talk) or talk.customer_id is None:
        return
    try:
        customer = await talk.ctx.act(talk.tools["read_customer"], ReadCustomer(customer_id=talk.customer_id))
        order = None if wish.kind is Kind.HOME_ADDRESS else await _order(talk, wish, customer)
        if order is None and wish.kind is not Kind.HOME_ADDRESS:
            return
        products = await _products(talk, wish, order) if order and wish.kind is Kind.EXCHANGE else {}
    except (StepFailed, Denied) as error:
        raise HandOver(f"the shop did not do it: {error.message}", "went_wrong") from error
    if order is not None and order.status in {"return_requested", "exchange_requested"}:
        _tell_state(talk, order)
        talk.close()
        return
    wanted = Wanted(
        kind=wish.kind, particulars=wish.particulars, customer=customer, order=order, products=products
    )
    found = await talk.ctx.call(talk.judges.proposal, wanted)
    if isinstance(found, Proposal):
        talk.shown = found
        talk.ask("consent", found.say)
    elif isinstance(found, Missing):
        talk.ask(found.what, found.say)
    else:
        talk.say_this(found.say)
        talk.tried.append(
            f"{wish.kind.value.replace('_', ' ')}: not possible ({found.say.line.replace('_', ' ')})"
        )
        talk.close()
        talk.say("anything_else")


async def perform(talk: Conversation, proposal: Proposal) -> None:
    """Do what the customer said yes to, if policies allow it. Raises `HandOver` where the shop fails."""
    change = proposal.change
    if proposal.tool == "refund_order":
        talk.ctx.emit(cards.reply_card(talk.spoken(Say(line="in_hand")), ()))
    try:
        done: Done = await talk.ctx.act(talk.tools[proposal.tool], change)
    except Denied as error:
        talk.tried.append(f"{proposal.tool}: denied by policy")
        talk.say("denied", why=error.message.partition(": ")[2])
    except Refused:
        talk.tried.append(f"{proposal.tool}: not approved")
        talk.say("refused")
    except StepFailed as error:
        raise HandOver(f"the shop did not do it: {error.message}", "went_wrong") from error
    else:
        about = {
            name: text for name, text in proposal.say.places.items() if name in {"order", "money", "reason"}
        }
        told = ", ".join(about.values())
        talk.actions.append(f"{proposal.tool} {told}".strip())
        talk.say(
            f"done_{proposal.tool}",
            order=proposal.say.places.get("order", ""),
            money=_moved(talk, proposal, done),
        )
    talk.close()
    talk.say("anything_else")


def _moved(talk: Conversation, proposal: Proposal, done: Done) -> str:
    """What a receipt says of money, in the customer's language."""
    method = proposal.say.places.get("method", "")
    lines = []
    for one in done.moved:
        if one.amount.amount > 0:
            line = "money_back_at_once" if one.at_once else "money_back_later"
        else:
            line = "money_taken"
        amount = money(abs(one.amount.cents), one.amount.currency)
        if len(done.moved) == 1 or line == "money_taken":
            lines.append(talk.spoken(Say(line=line, places={"amount": str(amount), "method": method})))
    if done.expected is not None and done.expected.cents:
        line = "money_expected" if done.expected.cents > 0 else "money_due"
        amount = money(abs(done.expected.cents), done.expected.currency)
        lines.append(talk.spoken(Say(line=line, places={"amount": str(amount)})))
    return "".join(lines)


async def tell_of_product(talk: Conversation, message: str) -> bool:
    """Say which variants there are of the product that a question about the stock names, if it names one."""
    if cues().first("stock", message) is None:
        return False
    try:
        catalogue = await talk.ctx.act(talk.tools["list_products"])
        product_id = named_product(message, catalogue.products)
        if product_id is None:
            return False
        known = await talk.ctx.act(talk.tools["read_product"], ReadProduct(product_id=product_id))
    except (StepFailed, Denied) as error:
        raise HandOver(f"the shop did not do it: {error.message}", "went_wrong") from error
    if known.product is None:
        return False
    offers = "; ".join(options_of(one.options) for one in available(known.product))
    talk.say("product" if offers else "product_sold_out", name=known.product.name, offers=offers)
    talk.tried.append(f"looked up {known.product.name}")
    return True


async def _order(talk: Conversation, wish: Wish, customer: KnownCustomer) -> KnownOrder | None:
    """The order that is meant; where that cannot be told, the reply asks."""
    if not customer.order_ids:
        talk.say("no_orders")
        talk.close()
        return None
    ids = _numbered(customer, wish) or sorted(customer.order_ids, reverse=True)[:MOST_ORDERS]
    orders = [await talk.ctx.act(talk.tools["read_order"], ReadOrder(order_id=one)) for one in ids]
    said = wish.particulars
    found = pick_orders(said.orders or _same_order(talk, wish, orders), said.text, orders)
    if not found:
        talk.wish = wish.model_copy(update={"particulars": said.model_copy(update={"orders": ()})})
        places = {"order": said.orders[0][:LONGEST_NUMBER], "orders": _list(talk, orders)}
        talk.ask("order", Say(line="no_such_order", places=places))
        return None
    if wish.kind is Kind.ORDER_STATUS:
        for order in found[:TOLD]:
            _tell_state(talk, order, ends=False)
        talk.close()
        talk.say("anything_else")
        return None
    possible = [order for order in found if order.status in TAKES.get(wish.kind, set())] or found
    if len(possible) > 1:
        talk.ask("order", Say(line="which_of_orders", places={"orders": _list(talk, possible)}))
        return None
    talk.order_id = possible[0].order_id
    return possible[0]


def _numbered(customer: KnownCustomer, wish: Wish) -> list[str]:
    """The customer's orders whose numbers were said."""
    said = wish.particulars.orders
    return [one for one in customer.order_ids if any(is_number_of(one, number) for number in said)]


def _same_order(talk: Conversation, wish: Wish, orders: list[KnownOrder]) -> tuple[str, ...]:
    """The order that was spoken of before, where a deed names neither a number nor an item of any."""
    named_one = any(named_items(wish.particulars.text, order.items) for order in orders)
    if talk.order_id is None or wish.kind is Kind.ORDER_STATUS or named_one:
        return ()
    return (talk.order_id,)


async def _products(talk: Conversation, wish: Wish, order: KnownOrder) -> dict[str, Product]:
    """The products of the items that are to be exchanged."""
    items = pick_items(wish.particulars.text, order, everything=wish.particulars.everything)
    found = {}
    for product_id in sorted({item.product_id for item in items}):
        known = await talk.ctx.act(talk.tools["read_product"], ReadProduct(product_id=product_id))
        if known.product is not None:
            found[product_id] = known.product
    return found


def _tell_state(talk: Conversation, order: KnownOrder, *, ends: bool = True) -> None:
    talk.say(
        f"status_{order.status}",
        order=order.order_id,
        items=named(list(order.items)),
        total=str(order.total),
        address=in_one_line(order.address) if order.address else "",
    )
    talk.tried.append(f"looked up order {order.order_id}")
    if ends:
        talk.say("anything_else")


def _list(talk: Conversation, orders: list[KnownOrder]) -> str:
    told = (
        talk.spoken(
            Say(
                line="an_order",
                places={
                    "order": one.order_id,
                    "state": one.status,
                    "items": ", ".join(i.name for i in one.items),
                },
            )
        )
        for one in orders[:TOLD]
    )
    return "; ".join(told)
