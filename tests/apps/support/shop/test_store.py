"""The connectors: they find, change all or nothing, never twice for one key, and remember a conversation."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from pilothouse import Money
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.errors import ShopRefused
from pilothouse.apps.support.shop.memory import MemoryShop, Records
from pilothouse.apps.support.shop.repository import SqliteShop, shops_in
from pilothouse.apps.support.shop.schemas import Order, Status
from pilothouse.apps.support.shop.store import Session, attempted, said
from support.small_shop import AWAY, refund

Connector = MemoryShop | SqliteShop


def pending(shop: Connector) -> Order:
    return next(
        one
        for number in range(10_001, 10_061)
        if (one := shop.order(f"H-{number}")) is not None and one.status is Status.PENDING
    )


def cancel(order: Order, reason: str = "no longer needed") -> inputs.CancelOrder:
    return inputs.CancelOrder(order_id=order.id, version=order.version, reason=reason)


def test_the_shop_that_ships_holds_together(records: Records) -> None:
    assert (len(records.customers), len(records.orders), len(records.products)) == (30, 60, 25)
    items = {one.item_id: product.id for product in records.products for one in product.variants}
    customers = {one.id: one for one in records.customers}
    for order in records.orders:
        assert all(items[one.item_id] == one.product_id for one in order.items)
        methods = {one.id for one in customers[order.customer_id].payment_methods}
        assert {one.payment_method_id for one in order.transactions} <= methods
        total = sum(one.price_cents for one in order.items)
        assert order.paid_cents == (0 if order.status is Status.CANCELLED else total)
    assert {one.status for one in records.orders} == set(Status) - {Status.ITEMS_CHANGED}


def test_customers_are_found_by_address_or_by_name_and_postcode(shop: Connector) -> None:
    found = shop.customer_by_email(" Mara.Brandt@EXAMPLE.com")
    assert found is not None
    assert shop.customer(found.id) == found
    assert shop.customer_by_name("mara", " BRANDT", found.address.postcode) == found
    assert shop.customer_by_name("mara", "brandt", "00000") is None
    assert shop.customer_by_email("nobody@example.com") is None
    assert shop.customer("C9") is None


def test_where_two_have_a_name_and_postcode_nobody_is_found(
    shop: Connector, records: Records, tmp_path: Path
) -> None:
    one = records.customers[0]
    twin = one.model_copy(update={"id": "twin", "email": "twin@example.com"})
    both = Records(customers=(one, twin), orders=(), products=records.products)
    made = MemoryShop(both) if isinstance(shop, MemoryShop) else SqliteShop(tmp_path / "twins", records=both)
    assert made.customer_by_name(one.first_name, one.last_name, one.address.postcode) is None


def test_orders_and_products_are_read(shop: Connector, records: Records) -> None:
    customer = records.customers[0].id
    assert [one.customer_id for one in shop.orders_of(customer)] == [customer] * 2
    assert [one.name for one in shop.products()] == sorted(one.name for one in records.products)
    assert shop.product("P001") == shop.product_of("ENM-01") == records.products[0]
    assert (shop.product("P999"), shop.product_of("ENM-99"), shop.order("H-9")) == (None, None, None)


def test_one_key_changes_once_and_gives_the_same_receipt(shop: Connector) -> None:
    order = pending(shop)
    first = shop.place(cancel(order), key="k")
    assert shop.place(cancel(order), key="k") == first
    after = shop.order(order.id)
    assert after is not None
    assert (after.version, after.status, after.paid_cents) == (2, "cancelled", 0)


def test_a_key_is_not_taken_for_another_change(shop: Connector) -> None:
    order = pending(shop)
    shop.place(cancel(order), key="k")
    with pytest.raises(ShopRefused, match="key"):
        shop.place(cancel(order, "ordered by mistake"), key="k")


def test_what_is_refused_changes_nothing_and_leaves_its_key_free(shop: Connector) -> None:
    order = pending(shop)
    with pytest.raises(ShopRefused):
        shop.place(cancel(order, "a whim"), key="k")
    assert shop.order(order.id) == order
    assert shop.place(cancel(order), key="k").status == "cancelled"


def test_what_there_is_not_is_refused(shop: Connector) -> None:
    with pytest.raises(ShopRefused, match="no order"):
        shop.place(inputs.CancelOrder(order_id="H-9", version=1, reason="no longer needed"), key="k")
    with pytest.raises(ShopRefused, match="no customer"):
        shop.place(inputs.ChangeCustomerAddress(customer_id="C9", version=1, address=AWAY), key="k")


def test_a_customer_who_moved_is_found_by_the_new_postcode(shop: Connector) -> None:
    shop.place(inputs.ChangeCustomerAddress(customer_id="C1001", version=1, address=AWAY), key="k")
    assert shop.customer_by_name("Mara", "Brandt", AWAY.postcode) == shop.customer("C1001")
    assert shop.customer_by_name("Mara", "Brandt", "04109") is None
    with pytest.raises(ShopRefused, match="changed since"):
        shop.place(inputs.ChangeCustomerAddress(customer_id="C1001", version=1, address=AWAY), key="k2")


def test_of_many_changes_at_once_to_one_version_one_is_made(shop: Connector) -> None:
    order = pending(shop)

    def attempt(number: int) -> bool:
        try:
            shop.place(cancel(order), key=f"k{number}")
        except ShopRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(attempt, range(16)))
    assert made.count(True) == 1


def test_a_conversation_has_one_customer(shop: Connector) -> None:
    assert shop.session("talk") == Session()
    shop.identify("talk", "C1001")
    shop.identify("talk", "C1001")
    with pytest.raises(ShopRefused, match="another customer"):
        shop.identify("talk", "C1002")
    assert shop.session("talk").customer_id == "C1001"
    assert shop.session("another") == Session()


def test_ways_in_which_nobody_was_found_are_counted_once_each_and_not_kept_in_words(shop: Connector) -> None:
    by_email = inputs.FindByEmail(email="nobody@example.com")
    by_name = inputs.FindByName(first_name="No", last_name="Body", postcode="1")
    for attempt in (by_email, by_name, by_email, inputs.FindByEmail(email="NOBODY@example.com")):
        shop.miss("talk", attempt)
    assert shop.session("talk") == Session(misses=2)
    shop.identify("talk", "C1001")
    assert shop.session("talk") == Session(customer_id="C1001", misses=2)
    assert "nobody" not in attempted(by_email)


def test_a_yes_covers_that_change_alone(shop: Connector) -> None:
    order = pending(shop)
    shop.confirm("talk", cancel(order))
    session = shop.session("talk")
    assert session.covers(cancel(order))
    assert not session.covers(cancel(order, "ordered by mistake"))
    assert not session.covers(cancel(order).model_copy(update={"version": 2}))
    assert not shop.session("another").covers(cancel(order))


def test_a_yes_to_a_refund_covers_one_of_less_money(shop: Connector) -> None:
    shop.confirm("talk", refund(1000))
    session = shop.session("talk")
    assert session.covers(refund(1000))
    assert session.covers(refund(999))
    assert not session.covers(refund(1001))
    assert not session.covers(refund(999, payment_method_id="gift"))
    assert not session.covers(refund(amount=Money("9.99", "USD")))
    assert said(refund(999)) != said(refund(1000))


def test_a_file_keeps_the_shop_as_it_was_left(tmp_path: Path) -> None:
    file = tmp_path / "a" / "shop.sqlite3"
    order = pending(SqliteShop(file))
    SqliteShop(file).place(cancel(order), key="k")
    SqliteShop(file).identify("talk", "C1001")
    again = SqliteShop(file)
    found = again.order(order.id)
    assert found is not None
    assert (found.status, again.session("talk").customer_id) == ("cancelled", "C1001")
    assert len(again.products()) == 25


def test_a_change_that_cannot_be_kept_as_a_whole_is_not_kept_in_part(tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite3"
    shop = SqliteShop(file)
    order = pending(shop)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON placed BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    with pytest.raises(sqlite3.IntegrityError, match="full"):
        shop.place(cancel(order), key="k")
    assert shop.order(order.id) == order


def test_many_may_open_a_new_shop_at_once(tmp_path: Path) -> None:
    def opened(_: int) -> int:
        return len(SqliteShop(tmp_path / "shop.sqlite3").products())

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(opened, range(16))) == [25] * 16


def test_each_tenant_has_a_shop_of_its_own(tmp_path: Path) -> None:
    shops = shops_in(tmp_path)
    acme, bolt = shops("acme"), shops("bolt")
    assert shops("acme") is acme
    order = acme.connector.order("H-10004")
    assert order is not None
    receipt = acme.connector.place(
        inputs.ChangeCustomerAddress(customer_id="C1001", version=1, address=AWAY), key="k"
    )
    acme.sessions.identify("talk", "C1001")
    acme.sessions.confirm("talk", cancel(order))
    assert bolt.sessions.session("talk") == Session()
    unmoved = bolt.connector.customer("C1001")
    assert unmoved is not None
    assert (unmoved.version, receipt.version) == (1, 2)
    assert bolt.connector.customer_by_email(unmoved.email) == unmoved
    assert len(bolt.connector.products()) == 25
    later = inputs.ChangeCustomerAddress(customer_id="C1001", version=1, address=AWAY)
    assert bolt.connector.place(later, key="k") == receipt
    again = bolt.connector.customer("C1001")
    assert again is not None
    assert again.version == 2
