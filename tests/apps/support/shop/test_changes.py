"""What a change does to the records, where the money goes, and what the records refuse by themselves."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pilothouse import Money
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.changes import Movement, change_order
from pilothouse.apps.support.shop.errors import ShopRefused
from pilothouse.apps.support.shop.memory import MemoryShop
from pilothouse.apps.support.shop.schemas import Order, Swap
from support.small_shop import ANNA, AWAY, GIFT, MUG, SHIRT, item, order, refund, shop_with

ON = {"order_id": "o1", "version": 1}


def balance(shop: MemoryShop) -> int:
    customer = shop.customer("anna")
    assert customer is not None
    method = customer.method("gift")
    assert method is not None
    return method.balance_cents


def after(shop: MemoryShop) -> Order:
    found = shop.order("o1")
    assert found is not None
    return found


def test_a_cancelled_order_pays_everything_back_a_gift_card_at_once() -> None:
    shop = shop_with(order(paid_with="gift"))
    receipt = shop.place(inputs.CancelOrder(**ON, reason="no longer needed"), key="k")
    assert (receipt.status, receipt.version, receipt.currency) == ("cancelled", 2, "EUR")
    assert receipt.movements == (Movement(payment_method_id="gift", amount_cents=2900, at_once=True),)
    assert balance(shop) == GIFT.balance_cents + 2900
    assert (after(shop).paid, after(shop).cancel_reason) == ({}, "no longer needed")


def test_a_card_is_paid_back_in_days() -> None:
    receipt = shop_with(order()).place(inputs.CancelOrder(**ON, reason="ordered by mistake"), key="k")
    assert receipt.movements == (Movement(payment_method_id="card", amount_cents=2900, at_once=False),)


def test_an_order_is_sent_elsewhere_and_the_customer_stays_where_they_are() -> None:
    shop = shop_with(order())
    receipt = shop.place(inputs.ChangeOrderAddress(**ON, address=AWAY), key="k")
    assert (after(shop).address, after(shop).version, receipt.movements) == (AWAY, 2, ())
    assert shop.customer("anna") == ANNA


def test_another_method_pays_and_the_first_gets_its_money_back() -> None:
    shop = shop_with(order())
    receipt = shop.place(inputs.ChangeOrderPayment(**ON, payment_method_id="gift"), key="k")
    assert [one.amount_cents for one in receipt.movements] == [-2900, 2900]
    assert (after(shop).paid, balance(shop), after(shop).status) == ({"gift": 2900}, 100, "pending")


def test_new_items_cost_or_give_back_the_difference_and_end_all_changing() -> None:
    shop = shop_with(order())
    change = inputs.ChangeOrderItems(
        **ON, swaps=(Swap(item_id="S", new_item_id="M"),), payment_method_id="gift"
    )
    receipt = shop.place(change, key="k")
    assert receipt.movements == (Movement(payment_method_id="gift", amount_cents=-500, at_once=True),)
    assert [one.item_id for one in after(shop).items] == ["M", "blue"]
    assert (after(shop).status, after(shop).paid_cents, balance(shop)) == (
        "pending_items_changed",
        3400,
        2500,
    )
    cheaper = shop_with(order())
    receipt = cheaper.place(
        change.model_copy(update={"swaps": (Swap(item_id="S", new_item_id="L"),)}), key="k"
    )
    assert receipt.movements[0].amount_cents == 500
    assert balance(cheaper) == 3500


def test_items_of_the_same_price_move_no_money() -> None:
    same = SHIRT.model_copy(
        update={"variants": (*SHIRT.variants, SHIRT.variants[0].model_copy(update={"item_id": "S2"}))}
    )
    made = order()
    done = change_order(
        inputs.ChangeOrderItems(**ON, swaps=(Swap(item_id="S", new_item_id="S2"),), payment_method_id="card"),
        made,
        ANNA,
        lambda _: same,
    )
    assert (done.receipt.movements, done.customer) == ((), ANNA)


def test_a_return_gives_back_nothing_before_the_goods_are_here() -> None:
    shop = shop_with(order("delivered"))
    receipt = shop.place(inputs.ReturnItems(**ON, item_ids=("S",), payment_method_id="card"), key="k")
    assert (receipt.status, receipt.movements, receipt.expected_cents) == ("return_requested", (), 2000)
    returning = after(shop).returning
    assert returning is not None
    assert (returning.item_ids, returning.refund_cents) == (("S",), 2000)


def test_an_exchange_waits_for_the_goods_and_says_what_it_will_cost() -> None:
    shop = shop_with(order("delivered"))
    change = inputs.ExchangeItems(**ON, swaps=(Swap(item_id="S", new_item_id="M"),), payment_method_id="gift")
    receipt = shop.place(change, key="k")
    assert (receipt.status, receipt.movements, receipt.expected_cents) == ("exchange_requested", (), -500)
    exchanging = after(shop).exchanging
    assert exchanging is not None
    assert (exchanging.difference_cents, balance(shop)) == (500, GIFT.balance_cents)
    assert [one.item_id for one in after(shop).items] == ["S", "blue"]


def test_a_refund_leaves_the_goods_and_the_state() -> None:
    shop = shop_with(order("delivered"))
    receipt = shop.place(refund(1000, payment_method_id="gift"), key="k")
    assert (receipt.status, receipt.movements[0].amount_cents, balance(shop)) == ("delivered", 1000, 4000)
    assert after(shop).refunds == 1


def test_a_standing_address_changes_and_orders_keep_theirs() -> None:
    shop = shop_with(order())
    receipt = shop.place(inputs.ChangeCustomerAddress(customer_id="anna", version=1, address=AWAY), key="k")
    assert (receipt.status, receipt.version) == ("changed", 2)
    customer = shop.customer("anna")
    assert customer is not None
    assert (customer.address, after(shop).address) == (AWAY, order().address)


def swap(new: str, old: str = "S", method: str = "card") -> dict[str, Any]:
    return {**ON, "swaps": (Swap(item_id=old, new_item_id=new),), "payment_method_id": method}


POOR = ANNA.model_copy(update={"payment_methods": (GIFT.model_copy(update={"balance_cents": 499}),)})
REFUSALS: list[tuple[str, str, Any, Any]] = [
    ("status", "processed", inputs.CancelOrder(**ON, reason="no longer needed"), ANNA),
    ("reason", "pending", inputs.CancelOrder(**ON, reason="a whim"), ANNA),
    ("version", "pending", inputs.CancelOrder(order_id="o1", version=2, reason="a whim"), ANNA),
    ("status", "delivered", inputs.ChangeOrderAddress(**ON, address=AWAY), ANNA),
    ("status", "cancelled", inputs.ChangeOrderPayment(**ON, payment_method_id="gift"), ANNA),
    ("payment_method", "pending", inputs.ChangeOrderPayment(**ON, payment_method_id="bens"), ANNA),
    ("payment_method", "pending", inputs.ChangeOrderPayment(**ON, payment_method_id="card"), ANNA),
    ("balance", "pending", inputs.ChangeOrderPayment(**ON, payment_method_id="gift"), POOR),
    ("status", "delivered", inputs.ChangeOrderItems(**swap("M")), ANNA),
    ("items", "pending", inputs.ChangeOrderItems(**swap("M", old="L")), ANNA),
    ("product", "pending", inputs.ChangeOrderItems(**swap("blue")), ANNA),
    ("product", "pending", inputs.ChangeOrderItems(**swap("nothing")), ANNA),
    ("product", "pending", inputs.ChangeOrderItems(**swap("S")), ANNA),
    ("unavailable", "pending", inputs.ChangeOrderItems(**swap("XL")), ANNA),
    ("payment_method", "pending", inputs.ChangeOrderItems(**swap("M", method="bens")), ANNA),
    ("balance", "pending", inputs.ChangeOrderItems(**swap("M", method="gift")), POOR),
    ("status", "pending", inputs.ExchangeItems(**swap("M")), ANNA),
    ("balance", "delivered", inputs.ExchangeItems(**swap("M", method="gift")), POOR),
    ("status", "pending", inputs.ReturnItems(**ON, item_ids=("S",), payment_method_id="card"), ANNA),
    ("items", "delivered", inputs.ReturnItems(**ON, item_ids=("S", "S"), payment_method_id="card"), ANNA),
    (
        "payment_method",
        "delivered",
        inputs.ReturnItems(**ON, item_ids=("S",), payment_method_id="paypal"),
        ANNA,
    ),
    ("status", "pending", refund(), ANNA),
    ("reason", "delivered", refund(reason="unhappy"), ANNA),
    ("amount", "delivered", refund(2901), ANNA),
    ("amount", "delivered", refund(0), ANNA),
    ("amount", "delivered", refund(amount=Money("1.00", "USD")), ANNA),
    ("payment_method", "delivered", refund(payment_method_id="paypal"), ANNA),
    ("payment_method", "delivered", refund(payment_method_id="bens"), ANNA),
]


@pytest.mark.parametrize(("code", "status", "change", "customer"), REFUSALS)
def test_the_records_refuse_what_they_cannot_bear(code: str, status: str, change: Any, customer: Any) -> None:
    shop = shop_with(order(status), customer=customer)
    with pytest.raises(ShopRefused) as caught:
        shop.place(change, key="k")
    assert caught.value.code == code
    assert shop.order("o1") == order(status)
    assert shop.customer("anna") == customer


def test_a_gift_card_may_be_used_up_to_the_last_cent() -> None:
    enough = ANNA.model_copy(update={"payment_methods": (GIFT.model_copy(update={"balance_cents": 500}),)})
    shop = shop_with(order(), customer=enough)
    shop.place(inputs.ChangeOrderItems(**swap("M", method="gift")), key="k")
    assert balance(shop) == 0


def test_payment_changes_and_refunds_are_made_once() -> None:
    shop = shop_with(order())
    shop.place(inputs.ChangeOrderPayment(**ON, payment_method_id="paypal"), key="1")
    with pytest.raises(ShopRefused, match="before"):
        shop.place(inputs.ChangeOrderPayment(order_id="o1", version=2, payment_method_id="card"), key="2")
    shop = shop_with(order("delivered"))
    shop.place(refund(100), key="1")
    with pytest.raises(ShopRefused, match="before"):
        shop.place(refund(100, version=2), key="2")


def test_another_customers_order_and_what_there_is_not_are_refused() -> None:
    shop = shop_with(order(customer_id="nobody"))
    cancel = inputs.CancelOrder(**ON, reason="no longer needed")
    with pytest.raises(ShopRefused, match="no customer nobody"):
        shop.place(cancel, key="k")
    with pytest.raises(ShopRefused, match="no order o2"):
        shop.place(cancel.model_copy(update={"order_id": "o2"}), key="k")
    with pytest.raises(ShopRefused, match="another customer"):
        change_order(cancel, order(customer_id="ben"), ANNA, lambda _: None)


def test_of_two_items_alike_each_is_replaced_once() -> None:
    shop = shop_with(order(items=(item("S"), item("S"), item("blue", MUG))))
    both = (Swap(item_id="S", new_item_id="M"), Swap(item_id="S", new_item_id="L"))
    shop.place(inputs.ChangeOrderItems(**ON, swaps=both, payment_method_id="card"), key="k")
    assert [one.item_id for one in after(shop).items] == ["M", "L", "blue"]


def test_no_order_is_refunded_more_than_was_paid_when_items_come_back() -> None:
    shop = shop_with(order("delivered"))
    shop.place(refund(2500), key="1")
    change = inputs.ReturnItems(order_id="o1", version=2, item_ids=("S", "blue"), payment_method_id="card")
    assert shop.place(change, key="2").expected_cents == 400


def test_a_changed_record_is_a_new_one() -> None:
    made = order()
    done = change_order(inputs.CancelOrder(**ON, reason="no longer needed"), made, ANNA, lambda _: None)
    assert made == order()
    assert dataclasses.replace(done, order=made) != done
