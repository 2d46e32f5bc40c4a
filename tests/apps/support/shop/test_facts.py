"""What is known of an action's object."""

from __future__ import annotations

import pytest

from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.facts import (
    CustomerFacts,
    Facts,
    ItemFacts,
    OrderFacts,
    PaymentFacts,
    SessionFacts,
    facts_of,
)
from pilothouse.apps.support.shop.schemas import Swap
from pilothouse.apps.support.shop.store import Session, said
from support.small_shop import MUG, SHIRT, item, order, refund, shop_with

ANNAS = Session(customer_id="anna")
KNOWN = SessionFacts(customer_id="anna")


@pytest.mark.parametrize("value", [None, inputs.ReadProduct(product_id="P1"), inputs.ReadItem(item_id="S")])
def test_of_the_catalogue_only_the_conversation_is_known(value: inputs.Look | None) -> None:
    assert facts_of(shop_with(), ANNAS, value) == Facts(session=KNOWN)


@pytest.mark.parametrize(
    "value",
    [
        inputs.FindByEmail(email="ANNA@example.com"),
        inputs.FindByName(first_name="anna", last_name="arx", postcode="3511 ab"),
        inputs.ReadCustomer(customer_id="anna"),
    ],
)
def test_a_search_knows_whom_it_finds(value: inputs.Look) -> None:
    found = facts_of(shop_with(), Session(), value)
    assert found == Facts(session=SessionFacts(), customer=CustomerFacts(customer_id="anna", version=1))


def test_who_is_not_found_is_left_out() -> None:
    assert facts_of(shop_with(), ANNAS, inputs.ReadCustomer(customer_id="x")) == Facts(session=KNOWN)
    assert facts_of(shop_with(), ANNAS, inputs.ReadOrder(order_id="x")) == Facts(session=KNOWN)
    assert facts_of(shop_with(), ANNAS, refund()) == Facts(session=KNOWN)


def test_an_order_says_whose_it_is_and_who_bears_its_price() -> None:
    found = facts_of(shop_with(order("delivered")), ANNAS, inputs.ReadOrder(order_id="o1"))
    assert found.order == OrderFacts(
        order_id="o1",
        customer_id="anna",
        status="delivered",
        version=1,
        currency="EUR",
        paid_with=("card",),
        paid_cents=2900,
        payments=1,
        refunds=0,
    )


def test_a_change_says_whether_it_is_confirmed_and_how_it_is_paid() -> None:
    change = refund(payment_method_id="gift")
    session = ANNAS.model_copy(update={"confirmed": (said(change),)})
    found = facts_of(shop_with(order()), session, change)
    assert found.session == SessionFacts(customer_id="anna", confirmed=True)
    assert found.payment == PaymentFacts(payment_method_id="gift", kind="gift_card", balance_cents=3000)
    assert found.items is None


def test_the_payment_method_of_somebody_else_is_not_known() -> None:
    assert facts_of(shop_with(order()), ANNAS, refund(payment_method_id="bens")).payment is None


def test_items_say_what_is_wrong_with_them_and_not_whether_it_matters() -> None:
    swaps = (
        Swap(item_id="S", new_item_id="M"),
        Swap(item_id="S", new_item_id="XL"),
        Swap(item_id="blue", new_item_id="S"),
        Swap(item_id="blue", new_item_id="blue"),
        Swap(item_id="S", new_item_id="nothing"),
    )
    change = inputs.ExchangeItems(order_id="o1", version=1, swaps=swaps, payment_method_id="card")
    assert facts_of(shop_with(order()), ANNAS, change).items == ItemFacts(
        surplus=("S", "blue"),
        other_product=("S", "nothing"),
        unavailable=("XL", "nothing"),
        unchanged=("blue",),
        difference_cents=500 - 1991 + 1100,
    )


def test_a_return_counts_how_often_an_item_was_bought() -> None:
    twice = shop_with(order("delivered", items=(item("S", SHIRT), item("S", SHIRT), item("blue", MUG))))
    change = inputs.ReturnItems(order_id="o1", version=1, item_ids=("S", "S"), payment_method_id="card")
    assert facts_of(twice, ANNAS, change).items == ItemFacts()
    thrice = change.model_copy(update={"item_ids": ("S", "S", "S", "M")})
    assert facts_of(twice, ANNAS, thrice).items == ItemFacts(surplus=("M", "S"))
