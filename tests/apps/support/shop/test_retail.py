"""The benchmark over retail tasks in short: a small shop of its own shape, and the shop that ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import retail
from action_policies import ActionPolicies, Decided
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.memory import MemoryShop, Records
from pilothouse.apps.support.shop.schemas import Order, Status, Swap
from pilothouse.apps.support.shop.tau2 import read_shop
from retail_judge import Judge
from retail_tasks import GivenAction, Strange, input_of, read_tasks
from retail_violations import violations
from support.retail_shape import DATABASE, TASKS
from support.small_shop import BEN, order, refund, shop_with


def test_own_actions_pass_and_what_is_derived_from_them_is_refused(
    rules: ActionPolicies, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = MemoryShop(read_shop(json.dumps(DATABASE)))
    tally = retail.run(read_tasks(json.dumps(TASKS)), shop, rules)
    # the gift card holds 10.00: it cannot pay the order of 40.00, which is a rule of the shop, not a failure
    assert [line.partition(":")[0] for line in tally.unlawful] == [
        "0_10 modify_pending_order_payment",
        "2_2 cancel_pending_order",
    ]
    assert (tally.failed, tally.slipped, tally.unheld) == ([], [], [])
    assert sum(tally.passed.values()) == 14
    assert sum(tally.derived.values()) > 100
    assert {"twice", "foreign owner", "unavailable", "insufficient gift card", "unconfirmed"} <= set(
        tally.derived
    )
    assert all(one.met is not False or one.measure == "derived violations" for one in retail.measures(tally))
    retail.show(tally, retail.Console(width=150))
    assert "2_2 cancel_pending_order: only-while-pending" in capsys.readouterr().out


def asks(records: Records, order: Order) -> Any:
    """What can be asked of an order of the shop that ships, by the state it is in."""
    product = next(one for one in records.products if one.id == order.items[0].product_id)
    paying = next(iter(order.paid), "")
    on: dict[str, Any] = {"order_id": order.id, "version": order.version}
    other = [one for one in product.variants if one.available and one.item_id != order.items[0].item_id]
    if order.status is Status.PENDING:
        yield inputs.CancelOrder(**on, reason="ordered by mistake")
        yield inputs.ChangeOrderAddress(**on, address=order.address)
    elif order.status is Status.DELIVERED:
        yield inputs.ReturnItems(**on, item_ids=(order.items[0].item_id,), payment_method_id=paying)
        for new in other[:1]:
            swap = Swap(item_id=order.items[0].item_id, new_item_id=new.item_id)
            yield inputs.ExchangeItems(**on, swaps=(swap,), payment_method_id=paying)


def test_two_hundred_violations_of_the_shop_that_ships_are_refused(
    rules: ActionPolicies, records: Records, memory: MemoryShop
) -> None:
    tally = retail.Tally()
    stranger = records.customers[-1]
    for made in records.orders:
        if made.customer_id == stranger.id:
            continue
        for value in asks(records, made):
            if Judge(memory).broken(value, made.customer_id, confirmed=True):
                continue  # a gift card that does not cover it
            for one in violations(memory, value, stranger):
                retail.try_violation(one, rules, tally, made.id)
        if sum(tally.derived.values()) >= 250:
            break
    assert sum(tally.derived.values()) >= 250
    assert (tally.slipped, tally.unheld) == ([], [])


def test_what_slips_through_is_counted(rules: ActionPolicies) -> None:
    class Lax(ActionPolicies):
        def __init__(self) -> None: ...

        def decide(self, *_given: Any, **_said: Any) -> Decided:
            return Decided("allow", ("changing-ones-own",))

    tally = retail.Tally()
    for one in violations(shop_with(order("delivered")), refund(), BEN):
        retail.try_violation(one, Lax(), tally, "o1")
    assert len(tally.slipped) == sum(tally.derived.values()) > 10
    assert any(one.met is False for one in retail.measures(tally))


def test_an_action_that_no_tool_does_is_an_error(memory: MemoryShop) -> None:
    with pytest.raises(Strange, match="drop_everything"):
        input_of(GivenAction(action_id="0", name="drop_everything", arguments={}), memory)


def test_where_there_is_no_data_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["retail.py", "--data", str(tmp_path)])
    assert retail.main() == 0
    assert "no data" in capsys.readouterr().out


def test_with_data_it_reports_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tau2_retail"
    folder.mkdir()
    (folder / "db.json").write_text(json.dumps(DATABASE))
    (folder / "tasks.json").write_text(json.dumps(TASKS))
    told: list[Any] = []
    monkeypatch.setattr("sys.argv", ["retail.py", "--data", str(tmp_path)])
    monkeypatch.setattr(retail, "report", lambda name, found, **_: told.extend((name, *found)))
    assert retail.main() == 0
    assert told[0] == "retail"
    assert {one.measure: one.met for one in told[1:]}["of these passed"] is True
    assert "Derived violations" in capsys.readouterr().out
