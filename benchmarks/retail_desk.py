"""A desk for replays: each action is decided by the policies, and only if allowed the tool is called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import BaseModel

import pilothouse.apps.support
from action_policies import ActionPolicies, Decided, as_cedar
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.errors import ShopRefused
from pilothouse.apps.support.shop.facts import Facts
from pilothouse.apps.support.shop.memory import MemoryShop
from pilothouse.apps.support.shop.store import Shop
from pilothouse.apps.support.shop.tools import APP, tools_of

POLICIES = Path(pilothouse.apps.support.__file__).parent / "policies"
TOOLS: MappingProxyType[type[BaseModel] | None, str] = MappingProxyType(
    {
        None: "list_products",
        inputs.FindByEmail: "find_customer_by_email",
        inputs.FindByName: "find_customer_by_name",
        inputs.ReadCustomer: "read_customer",
        inputs.ReadOrder: "read_order",
        inputs.ReadProduct: "read_product",
        inputs.ReadItem: "read_item",
        inputs.CancelOrder: "cancel_order",
        inputs.ChangeOrderAddress: "change_order_address",
        inputs.ChangeOrderPayment: "change_order_payment",
        inputs.ChangeOrderItems: "change_order_items",
        inputs.ChangeCustomerAddress: "change_customer_address",
        inputs.ReturnItems: "return_items",
        inputs.ExchangeItems: "exchange_items",
        inputs.RefundOrder: "refund_order",
    }
)


def policies() -> ActionPolicies:
    """The policies of the support desk over the tools of the shop."""

    def no_shop(tenant_id: str) -> Shop:
        raise LookupError(f"no shop is open for {tenant_id}: only the tools' types are looked at")

    return ActionPolicies(POLICIES, tools_of(no_shop).all, Facts, APP)


def tool_of(value: BaseModel | None) -> str:
    """The name of the tool that takes `value`."""
    return TOOLS[None if value is None else type(value)]


@dataclass(frozen=True)
class Call:
    """What a tool needs of its context here."""

    run_id: UUID
    idempotency_key: str
    tenant_id: str = "default"


@dataclass(frozen=True)
class Outcome:
    """What became of an action: how it was decided, and the tool's answer or refusal."""

    decided: Decided
    answer: BaseModel | None = None
    refused: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it was allowed, and the shop did it."""
        return self.decided.verdict == "allow" and self.refused is None


class Desk:
    """One conversation with a customer of a shop."""

    def __init__(self, shop: MemoryShop, policies: ActionPolicies, number: int = 0) -> None:
        """A conversation of its own by `number`."""
        self.shop, self._policies = shop, policies
        self._tools = tools_of(lambda _: Shop(shop, shop))
        self._run, self._calls = UUID(int=number), 0

    @property
    def conversation(self) -> str:
        """The conversation's id."""
        return str(self._run)

    @property
    def known(self) -> str | None:
        """The customer's id, once they are known."""
        return self.shop.session(self.conversation).customer_id

    def identify(self, customer_id: str) -> None:
        """Take the customer's identity as proven."""
        self.shop.identify(self.conversation, customer_id)

    def confirm(self, value: BaseModel) -> None:
        """Take the customer's yes to a change; what only looks something up needs none."""
        if isinstance(value, inputs.ChangeOrder | inputs.ChangeCustomerAddress):
            self.shop.confirm(self.conversation, value)  # type: ignore[arg-type]  # its subclasses are all there are

    def decide(self, value: Any, marks: tuple[str, ...] = ()) -> Decided:
        """What the policies say now."""
        facts = self._tools.facts(Call(self._run, ""), value)
        return self._policies.decide(tool_of(value), as_cedar(value), as_cedar(facts), marks)

    def act(self, value: Any) -> Outcome:
        """Decide, and call the tool where that is allowed."""
        decided = self.decide(value)
        if decided.verdict != "allow":
            return Outcome(decided)
        self._calls += 1
        call = Call(self._run, f"{self.conversation}/{self._calls}")
        function = self._tools[tool_of(value)].signature.function
        try:
            return Outcome(decided, function(call) if value is None else function(call, value))
        except ShopRefused as error:
            return Outcome(decided, refused=error.code)
