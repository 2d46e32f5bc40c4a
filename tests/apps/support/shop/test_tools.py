"""The tools in runs that the policies govern: a whole conversation, and what is refused in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from action_policies import ActionPolicies, as_cedar
from pilothouse import Context, Denied, Money, Workflow, workflow
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.memory import MemoryShop
from pilothouse.apps.support.shop.schemas import PaymentKind, Swap
from pilothouse.apps.support.shop.store import Shop
from pilothouse.apps.support.shop.tools import ShopTools, tools_of
from pilothouse.runtime.errors import StepFailed
from pilothouse.runtime.governing import Action, Decision, Verdict
from pilothouse.runtime.ports import Statement
from support.rehearsal import Rehearsal
from support.small_shop import ANNA, AWAY, HOME, order, refund, shop_with


class Governing:
    """A governor that decides by the policies and the facts of the shop, anew each time it is asked."""

    def __init__(self, rules: ActionPolicies, tools: ShopTools) -> None:
        self._rules, self._tools = rules, tools

    async def decide(self, action: Action) -> Decision:
        tool = self._tools[action.tool]
        given = orjson.loads(action.arguments)
        value = tool.signature.input.validate_python(given) if tool.signature.takes_value else None
        facts = self._tools.facts(action, value)
        found = self._rules.decide(action.tool, as_cedar(value), as_cedar(facts), action.marks)
        return Decision(verdict=Verdict(found.verdict), policies=found.policies, reasons=found.errors)

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        return ()

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        return ()


def rehearsal(flow: Workflow, rules: ActionPolicies, tools: ShopTools) -> Rehearsal:
    return Rehearsal(flow, governor=Governing(rules, tools))


def over(shop: MemoryShop) -> ShopTools:
    return tools_of(lambda _: Shop(shop, shop))


async def test_a_conversation_finds_shows_and_changes(rules: ActionPolicies) -> None:
    shop = shop_with(order(), order("delivered", id="o2"))
    tools = over(shop)

    @workflow("desk")
    async def desk(ctx: Context) -> list[Any]:
        found = await ctx.act(tools["find_customer_by_email"], inputs.FindByEmail(email="anna@example.com"))
        me = await ctx.act(tools["read_customer"], inputs.ReadCustomer(customer_id=found.customer_id))
        mine = await ctx.act(tools["read_order"], inputs.ReadOrder(order_id=me.order_ids[0]))
        move = inputs.ChangeOrderAddress(order_id="o1", version=mine.version, address=AWAY)
        shop.confirm(str(ctx.run_id), move)
        moved = await ctx.act(tools["change_order_address"], move)
        back = inputs.ReturnItems(order_id="o2", version=1, item_ids=("S",), payment_method_id="gift")
        shop.confirm(str(ctx.run_id), back)
        returned = await ctx.act(tools["return_items"], back)
        return [me, mine, moved, returned]

    run = rehearsal(desk, rules, tools)
    me, mine, moved, returned = await run.finish()
    assert (me["first_name"], me["order_ids"], me["address"]) == ("Anna", ["o1", "o2"], HOME.model_dump())
    assert [one["balance_cents"] for one in me["payment_methods"]] == [None, 3000, None]
    assert me["payment_methods"][1]["kind"] == PaymentKind.GIFT_CARD
    assert (mine["found"], mine["total"], mine["paid_with"]) == (
        True,
        {"amount": "29.00", "currency": "EUR"},
        ["card"],
    )
    assert (moved["status"], moved["version"], moved["expected"]) == ("pending", 2, None)
    assert (returned["status"], returned["expected"]) == (
        "return_requested",
        {"amount": "20.00", "currency": "EUR"},
    )
    assert await run.replay() == [me, mine, moved, returned]
    after = shop.order("o1")
    assert after is not None
    assert (after.address, after.version) == (AWAY, 2)


async def test_every_change_is_made_by_its_tool(rules: ActionPolicies) -> None:
    shop = shop_with(
        *(order("pending", id=f"p{n}") for n in range(3)),
        order("delivered", id="d1"),
        order("delivered", id="d2"),
    )
    tools = over(shop)
    swaps = (Swap(item_id="S", new_item_id="M"),)
    changes: dict[str, Any] = {
        "cancel_order": inputs.CancelOrder(order_id="p0", version=1, reason="no longer needed"),
        "change_order_payment": inputs.ChangeOrderPayment(order_id="p1", version=1, payment_method_id="gift"),
        "change_order_items": inputs.ChangeOrderItems(
            order_id="p2", version=1, swaps=swaps, payment_method_id="card"
        ),
        "exchange_items": inputs.ExchangeItems(
            order_id="d1", version=1, swaps=swaps, payment_method_id="card"
        ),
        "refund_order": refund(700, order_id="d2"),
        "change_customer_address": inputs.ChangeCustomerAddress(customer_id="anna", version=1, address=AWAY),
    }

    @workflow("desk")
    async def desk(ctx: Context) -> list[Any]:
        shop.identify(str(ctx.run_id), "anna")
        done = []
        for name, change in changes.items():
            shop.confirm(str(ctx.run_id), change)
            done.append(await ctx.act(tools[name], change))
        return done

    cancelled, paid, changed, exchanged, refunded, moved = await rehearsal(desk, rules, tools).finish()
    assert cancelled["moved"] == [
        {
            "payment_method_id": "card",
            "amount": {"amount": "29.00", "currency": "EUR"},
            "at_once": False,
        }
    ]
    assert [one["amount"]["amount"] for one in paid["moved"]] == ["-29.00", "29.00"]
    assert (changed["status"], exchanged["status"]) == ("pending_items_changed", "exchange_requested")
    assert exchanged["expected"]["amount"] == "-5.00"
    assert refunded["moved"][0]["amount"]["amount"] == "7.00"
    assert (moved["subject"], moved["status"], moved["moved"]) == ("anna", "changed", [])


async def test_the_catalogue_is_read_without_a_name(rules: ActionPolicies) -> None:
    tools = over(shop_with())

    @workflow("desk")
    async def desk(ctx: Context) -> list[Any]:
        return [
            await ctx.act(tools["list_products"]),
            await ctx.act(tools["read_product"], inputs.ReadProduct(product_id="P2")),
            await ctx.act(tools["read_item"], inputs.ReadItem(item_id="M")),
            await ctx.act(tools["read_item"], inputs.ReadItem(item_id="nothing")),
        ]

    catalogue, mug, shirt, nothing = await rehearsal(desk, rules, tools).finish()
    assert catalogue == {"products": {"Mug": "P2", "Shirt": "P1"}}
    assert mug["product"]["name"] == "Mug"
    assert [one["item_id"] for one in shirt["product"]["variants"]] == ["M"]
    assert nothing == {"product": None}


async def test_what_nobody_has_is_not_found_and_identifies_nobody(rules: ActionPolicies) -> None:
    shop = shop_with()
    tools = over(shop)

    @workflow("desk")
    async def desk(ctx: Context) -> list[Any]:
        by_name = inputs.FindByName(first_name="Anna", last_name="Arx", postcode="1")
        nobody = await ctx.act(tools["find_customer_by_name"], by_name)
        shop.identify(str(ctx.run_id), "anna")
        return [nobody, await ctx.act(tools["read_order"], inputs.ReadOrder(order_id="o9"))]

    nobody, missing = await rehearsal(desk, rules, tools).finish()
    assert nobody == {"customer_id": None}
    assert (missing["found"], missing["items"]) == (False, [])


async def test_who_keeps_guessing_is_not_told_any_more(rules: ActionPolicies) -> None:
    tools = over(shop_with())

    @workflow("desk")
    async def desk(ctx: Context) -> int:
        for number in range(10):
            try:
                guess = inputs.FindByEmail(
                    email="anna@example.com" if number == 7 else f"{number}@example.com"
                )
                found = await ctx.act(tools["find_customer_by_email"], guess)
            except Denied:
                return number
            assert found.customer_id is None
        return 10

    assert await rehearsal(desk, rules, tools).finish() == 5


async def test_what_the_rules_refuse_never_reaches_the_shop(rules: ActionPolicies) -> None:
    shop = shop_with(order(), order(id="o2", customer_id="ben"))
    tools = over(shop)

    @workflow("desk")
    async def desk(ctx: Context) -> list[str]:
        cancel = inputs.CancelOrder(order_id="o1", version=1, reason="no longer needed")
        told = []
        for tool, value in (
            ("cancel_order", cancel),
            ("read_order", inputs.ReadOrder(order_id="o1")),
            ("find_customer_by_email", inputs.FindByEmail(email="anna@example.com")),
            ("cancel_order", cancel),
            ("read_order", inputs.ReadOrder(order_id="o2")),
            ("find_customer_by_email", inputs.FindByEmail(email="ben@example.com")),
            ("read_customer", inputs.ReadCustomer(customer_id="ben")),
        ):
            try:
                await ctx.act(tools[tool], value)
                told.append("done")
            except Denied:
                told.append("denied")
        return told

    found = await rehearsal(desk, rules, tools).finish()
    assert found == ["denied", "denied", "done", "denied", "denied", "denied", "denied"]
    assert shop.order("o1") == order()


async def test_a_record_that_changes_after_the_decision_is_refused_by_itself(rules: ActionPolicies) -> None:
    shop = shop_with(order())
    tools = over(shop)
    cancel = inputs.CancelOrder(order_id="o1", version=1, reason="no longer needed")

    class Meanwhile(Governing):
        async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
            shop.place(inputs.ChangeOrderAddress(order_id="o1", version=1, address=AWAY), key="elsewhere")
            return ()

    @workflow("desk")
    async def desk(ctx: Context) -> str:
        shop.identify(str(ctx.run_id), "anna")
        shop.confirm(str(ctx.run_id), cancel)
        try:
            await ctx.act(tools["cancel_order"], cancel)
        except StepFailed as error:
            return str(error)
        return "cancelled"

    told = await Rehearsal(desk, governor=Meanwhile(rules, tools)).finish()
    assert "changed since it was shown" in told
    found = shop.order("o1")
    assert found is not None
    assert found.status == "pending"


async def test_a_refund_whose_outcome_was_lost_is_made_once(rules: ActionPolicies) -> None:
    shop = shop_with(order("delivered"))
    tools = over(shop)
    asked = refund(700, payment_method_id="gift")

    @workflow("desk")
    async def desk(ctx: Context) -> str:
        shop.identify(str(ctx.run_id), "anna")
        shop.confirm(str(ctx.run_id), asked)
        return str((await ctx.act(tools["refund_order"], asked)).status)

    run = Rehearsal(desk, governor=Governing(rules, tools), lose_before={2})  # 1 is the dispatch
    assert await run.finish() == "delivered"
    assert run.turns == 2
    customer = shop.customer("anna")
    assert customer is not None
    assert [one.balance_cents for one in customer.payment_methods] == [0, 3700, 0]


async def test_a_customer_who_is_gone_is_told_of(rules: ActionPolicies) -> None:
    shop = shop_with()
    tools = over(shop)

    @workflow("desk")
    async def desk(ctx: Context) -> str:
        shop.identify(str(ctx.run_id), "gone")
        try:
            await ctx.act(tools["read_customer"], inputs.ReadCustomer(customer_id="gone"))
        except StepFailed as error:
            return str(error)
        return "found"

    assert "no customer gone" in await rehearsal(desk, rules, tools).finish()


async def test_a_conversation_can_be_more_than_a_run(rules: ActionPolicies) -> None:
    shop = shop_with(order())
    tools = tools_of(lambda _: Shop(shop, shop), conversation_of=lambda scene: f"{scene.tenant_id}/talk")
    shop.identify("default/talk", "anna")

    @workflow("desk")
    async def desk(ctx: Context) -> bool:
        return bool((await ctx.act(tools["read_order"], inputs.ReadOrder(order_id="o1"))).found)

    assert await rehearsal(desk, rules, tools).finish() is True
    assert shop.session(str(UUID(int=0))).customer_id is None


def test_a_refund_costs_what_it_gives_back() -> None:
    tool = over(shop_with())["refund_order"]
    assert tool.cost is not None
    assert tool.cost(refund(1234)) == Money("12.34", "EUR")
    assert ANNA.method("nothing") is None
