"""The actions that tau2-bench's retail tasks expect, as inputs of the shop's tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.memory import MemoryShop
from pilothouse.apps.support.shop.schemas import Swap
from pilothouse.apps.support.shop.tau2 import GivenAddress

NOT_OF_THE_SHOP = frozenset({"calculate", "transfer_to_human_agents", "think"})
"""Actions that touch no record: sums, and handing over, which the conversation does itself."""


class GivenAction(BaseModel):
    """One expected action."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action_id: str
    name: str
    arguments: dict[str, Any]


class Criteria(BaseModel):
    """What a task is judged by."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    actions: list[GivenAction] | None = None


class Task(BaseModel):
    """A task: the actions that are expected for it, in order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    evaluation_criteria: Criteria


class Strange(LookupError):
    """An action that has no tool here."""


def read_tasks(content: bytes | str) -> list[Task]:
    """The tasks in a file."""
    return TypeAdapter(list[Task]).validate_json(content)


def expected(task: Task) -> Iterator[GivenAction]:
    """The expected actions that concern the shop."""
    for action in task.evaluation_criteria.actions or ():
        if action.name not in NOT_OF_THE_SHOP:
            yield action


Reading = Callable[[Mapping[str, Any], MemoryShop], BaseModel | None]


def input_of(action: GivenAction, shop: MemoryShop) -> BaseModel | None:
    """The tool's input for an action, with the version of the record as it is in `shop` now."""
    reading = _READINGS.get(action.name)
    if reading is None:
        raise Strange(action.name)
    return reading(action.arguments, shop)


def _of_order(given: Mapping[str, Any], shop: MemoryShop) -> dict[str, Any]:
    order = shop.order(given["order_id"])
    return {"order_id": given["order_id"], "version": order.version if order else 1}


def _swaps(given: Mapping[str, Any]) -> tuple[Swap, ...]:
    pairs = zip(given["item_ids"], given["new_item_ids"], strict=True)
    return tuple(Swap(item_id=old, new_item_id=new) for old, new in pairs)


def _user_address(given: Mapping[str, Any], shop: MemoryShop) -> BaseModel:
    customer = shop.customer(given["user_id"])
    return inputs.ChangeCustomerAddress(
        customer_id=given["user_id"],
        version=customer.version if customer else 1,
        address=GivenAddress.model_validate(given).address(),
    )


_READINGS: Mapping[str, Reading] = MappingProxyType(
    {
        "find_user_id_by_email": lambda given, _: inputs.FindByEmail(email=given["email"]),
        "find_user_id_by_name_zip": lambda given, _: inputs.FindByName(
            first_name=given["first_name"], last_name=given["last_name"], postcode=given["zip"]
        ),
        "get_user_details": lambda given, _: inputs.ReadCustomer(customer_id=given["user_id"]),
        "get_order_details": lambda given, _: inputs.ReadOrder(order_id=given["order_id"]),
        "get_product_details": lambda given, _: inputs.ReadProduct(product_id=given["product_id"]),
        "get_item_details": lambda given, _: inputs.ReadItem(item_id=given["item_id"]),
        "list_all_product_types": lambda _given, _shop: None,
        "cancel_pending_order": lambda given, shop: inputs.CancelOrder(
            **_of_order(given, shop), reason=given["reason"]
        ),
        "modify_pending_order_address": lambda given, shop: inputs.ChangeOrderAddress(
            **_of_order(given, shop), address=GivenAddress.model_validate(given).address()
        ),
        "modify_pending_order_payment": lambda given, shop: inputs.ChangeOrderPayment(
            **_of_order(given, shop), payment_method_id=given["payment_method_id"]
        ),
        "modify_pending_order_items": lambda given, shop: inputs.ChangeOrderItems(
            **_of_order(given, shop), swaps=_swaps(given), payment_method_id=given["payment_method_id"]
        ),
        "return_delivered_order_items": lambda given, shop: inputs.ReturnItems(
            **_of_order(given, shop),
            item_ids=tuple(given["item_ids"]),
            payment_method_id=given["payment_method_id"],
        ),
        "exchange_delivered_order_items": lambda given, shop: inputs.ExchangeItems(
            **_of_order(given, shop), swaps=_swaps(given), payment_method_id=given["payment_method_id"]
        ),
        "modify_user_address": _user_address,
    }
)


def owner_of(action: GivenAction, shop: MemoryShop) -> str | None:
    """The customer whose records an action concerns; None where it names none that there are."""
    if "user_id" in action.arguments:
        return str(action.arguments["user_id"])
    order = shop.order(str(action.arguments.get("order_id")))
    return order.customer_id if order else None
