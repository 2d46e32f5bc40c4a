"""The shop's rules in the engine that really decides: their own tests, and actions of real runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from pilothouse import App, Context, Denied, Refused, workflow
from pilothouse.apps.support.shop.inputs import FindByEmail, ReadOrder
from pilothouse.apps.support.shop.store import Shop
from pilothouse.apps.support.shop.tools import ShopTools, tools_of
from pilothouse.policies.actions.bundles import read_folder
from pilothouse.policies.actions.shipped import Brought, shipped
from pilothouse.policies.actions.testing import read_tests, run_tests
from retail_desk import POLICIES
from support.governing import governed
from support.small_shop import order, shop_with


def desk(**said: Any) -> ShopTools:
    shop = shop_with(order(**said))
    return tools_of(lambda _: Shop(shop, shop))


def test_the_shop_s_own_tests_pass_in_the_engine() -> None:
    engine = shipped([Brought("support", desk().all, POLICIES)]).engine()
    found = run_tests(engine, read_tests(read_folder(POLICIES)), "default")
    assert len(found) > 70
    assert [(test.name, test.failure) for test in found if test.failure] == []


class Wish(BaseModel):
    """What a customer says who they are, and which order they mean."""

    email: str
    order: str


def told_by(tools: ShopTools) -> App:
    """An application that identifies a customer and shows an order, with the shop's policies."""

    @workflow("show")
    async def show(ctx: Context, wish: Wish) -> str:
        said = []
        for name, value in (
            ("read_order", ReadOrder(order_id=wish.order)),
            ("find_customer_by_email", FindByEmail(email=wish.email)),
            ("read_order", ReadOrder(order_id=wish.order)),
        ):
            try:
                await ctx.act(tools[name], value)
                said.append("done")
            except (Denied, Refused):
                said.append("denied")
        return " ".join(said)

    return App("support", workflows=[show], tools=tools.all, policies=POLICIES)


@pytest.mark.parametrize(
    ("email", "expected"),
    [("anna@example.com", "denied done done"), ("ben@example.com", "denied done denied")],
)
async def test_facts_of_the_shop_decide_and_are_asked_for_anew(
    conninfo: str, tmp_path: Path, email: str, expected: str
) -> None:
    tools = desk()
    placed = order()
    async with governed(conninfo, tmp_path, told_by(tools)) as found:
        run_id = await found.submit("show", email=email, order=placed.id)
        assert (await found.reach(run_id, "completed"))["output"] == expected
