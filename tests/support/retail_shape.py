"""A small shop and tasks in the shape of tau2-bench's retail domain, written for the tests."""

from __future__ import annotations

from typing import Any

ADDRESS = {
    "address1": "1 Elm Court",
    "address2": "",
    "city": "New York",
    "country": "USA",
    "state": "NY",
    "zip": "10001",
}
ELSEWHERE = ADDRESS | {"address1": "2 Orchard Row"}


def _user(user_id: str, first: str, last: str, **methods: dict[str, Any]) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "name": {"first_name": first, "last_name": last},
        "address": ADDRESS,
        "email": f"{first}.{last}@example.com".lower(),
        "payment_methods": {name: {"id": name} | said for name, said in methods.items()},
        "orders": [],
    }


def _variant(item_id: str, colour: str, price: float, *, available: bool = True) -> dict[str, Any]:
    return {"item_id": item_id, "options": {"colour": colour}, "available": available, "price": price}


def _product(product_id: str, name: str, *variants: dict[str, Any]) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "name": name,
        "variants": {one["item_id"]: one for one in variants},
    }


def _order(order_id: str, status: str) -> dict[str, Any]:
    lamp = {"name": "Lamp", "product_id": "1", "item_id": "11", "price": 40.0, "options": {"colour": "red"}}
    payment = {"transaction_type": "payment", "amount": 40.0, "payment_method_id": "card_1"}
    return {
        "order_id": order_id,
        "user_id": "eva_holm_1",
        "address": ADDRESS,
        "items": [lamp],
        "status": status,
        "fulfillments": [],
        "payment_history": [payment],
    }


DATABASE: dict[str, Any] = {
    "products": {
        "1": _product(
            "1",
            "Lamp",
            _variant("11", "red", 40.0),
            _variant("12", "blue", 45.5),
            _variant("13", "green", 39.99, available=False),
        ),
        "2": _product("2", "Chair", _variant("21", "oak", 99.0)),
    },
    "users": {
        "eva_holm_1": _user(
            "eva_holm_1",
            "Eva",
            "Holm",
            card_1={"source": "credit_card", "brand": "visa", "last_four": "1234"},
            gift_1={"source": "gift_card", "balance": 10.0},
        ),
        "ian_berg_2": _user("ian_berg_2", "Ian", "Berg", paypal_2={"source": "paypal"}),
    },
    "orders": {
        "#W1": _order("#W1", "pending"),
        "#W2": _order("#W2", "delivered"),
        "#W3": _order("#W3", "pending (item modified)"),
    },
}


def task(number: str, *actions: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A task with its expected actions."""
    return {
        "id": number,
        "user_scenario": {},
        "evaluation_criteria": {
            "actions": [
                {"action_id": f"{number}_{place}", "name": name, "arguments": arguments, "info": None}
                for place, (name, arguments) in enumerate(actions)
            ]
        },
    }


SWAP = {"item_ids": ["11"], "new_item_ids": ["12"], "payment_method_id": "gift_1"}
TASKS: list[dict[str, Any]] = [
    task(
        "0",
        ("find_user_id_by_email", {"email": "wrong@example.com"}),
        ("find_user_id_by_name_zip", {"first_name": "Eva", "last_name": "Holm", "zip": "10001"}),
        ("get_user_details", {"user_id": "eva_holm_1"}),
        ("get_order_details", {"order_id": "#W1"}),
        ("get_order_details", {"order_id": "W1"}),
        ("list_all_product_types", {}),
        ("get_product_details", {"product_id": "1"}),
        ("get_item_details", {"item_id": "12"}),
        ("calculate", {"expression": "45.5 - 40"}),
        ("modify_pending_order_address", {"order_id": "#W1", **ELSEWHERE}),
        ("modify_pending_order_payment", {"order_id": "#W1", "payment_method_id": "gift_1"}),
        ("modify_pending_order_items", {"order_id": "#W1", **SWAP}),
        ("modify_user_address", {"user_id": "eva_holm_1", **ELSEWHERE}),
    ),
    task("1", ("exchange_delivered_order_items", {"order_id": "#W2", **SWAP})),
    task(
        "2",
        ("cancel_pending_order", {"order_id": "#W1", "reason": "no longer needed"}),
        (
            "return_delivered_order_items",
            {"order_id": "#W2", "item_ids": ["11"], "payment_method_id": "card_1"},
        ),
        ("cancel_pending_order", {"order_id": "#W3", "reason": "no longer needed"}),
        ("transfer_to_human_agents", {"summary": "more"}),
    ),
]
