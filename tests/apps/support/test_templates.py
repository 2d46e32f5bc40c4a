"""What people can begin from: messages that the shop which ships can do something with."""

from __future__ import annotations

import re

from pilothouse.apps.support.application import app
from pilothouse.apps.support.shop.seeding import seeded
from pilothouse.apps.support.tickets import Ticket


def test_each_is_a_ticket_and_names_orders_and_customers_that_there_are() -> None:
    assert [template.id for template in app.templates] == ["where-is-my-order", "refund", "delivery"]
    shop = seeded()
    for template in app.templates:
        orders = set(re.findall(r"H-\d+", template.input))
        emails = set(re.findall(r"[\w.]+@example\.com", template.input))
        owners = {order.customer_id for order in shop.orders if order.id in orders}
        assert owners == {customer.id for customer in shop.customers if customer.email in emails}
        assert Ticket.model_validate(template.input).message == template.input
