"""A database in the shape of tau2-bench's retail domain becomes a shop."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from pilothouse.apps.support.shop.schemas import Status
from pilothouse.apps.support.shop.tau2 import cents, read_shop
from support.retail_shape import DATABASE


def test_prices_are_read_as_they_are_written_and_rounded_half_up() -> None:
    assert [cents(one) for one in (50.88, 0.29, 1.005, "2.675", 51)] == [5088, 29, 101, 268, 5100]


def test_records_keep_their_ids_prices_and_states() -> None:
    records = read_shop(json.dumps(DATABASE))
    customer = records.customers[0]
    assert (customer.id, customer.address.postcode, customer.address.region) == ("eva_holm_1", "10001", "NY")
    assert {one.id: one.balance_cents for one in customer.payment_methods} == {"card_1": 0, "gift_1": 1000}
    assert customer.payment_methods[0].label == "visa 1234"
    orders = {one.id: one for one in records.orders}
    assert orders["#W1"].paid == {"card_1": 4000}
    assert [one.status for one in records.orders] == [Status.PENDING, Status.DELIVERED, Status.ITEMS_CHANGED]
    assert [one.price_cents for one in records.products[0].variants] == [4000, 4550, 3999]


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValidationError, match="products"):
        read_shop("{}")
