"""The shop's rules in Cedar: they fit the tools' types, pass their own tests, and fail closed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cedarpy
import pytest
import yaml
from pydantic import TypeAdapter

from action_policies import ActionPolicies, as_cedar, type_of
from pilothouse import Money
from pilothouse.apps.support.shop import inputs
from pilothouse.apps.support.shop.facts import Facts
from pilothouse.apps.support.shop.store import Shop
from pilothouse.apps.support.shop.tools import ShopTools, tools_of
from retail_desk import POLICIES, TOOLS, Desk
from support.small_shop import order, refund, shop_with

FILES = sorted(POLICIES.glob("*.tests.yaml"))
CASES = [
    pytest.param(test, id=f"{file.name.partition('.')[0]}: {test['name']}")
    for file in FILES
    for test in yaml.safe_load(file.read_text())["tests"]
]


def tools() -> ShopTools:
    shop = shop_with()
    return tools_of(lambda _: Shop(shop, shop))


@pytest.mark.parametrize("test", CASES)
def test_a_policy_decides_as_its_own_tests_say(rules: ActionPolicies, test: dict[str, Any]) -> None:
    action, expected = test["action"], test["expect"]
    tool = tools()[action["tool"]]
    value = tool.signature.input.validate_python(action["arguments"]) if "arguments" in action else None
    facts = Facts.model_validate(action["facts"])
    found = rules.decide(tool.name, as_cedar(value), as_cedar(facts), action.get("marks", ()))
    assert found.errors == ()
    assert (found.verdict, sorted(found.policies)) == (expected["verdict"], sorted(expected["policies"]))
    assert list(found.roles) == expected.get("roles", [])


def test_every_policy_is_met_by_a_test_beside_it(rules: ActionPolicies) -> None:
    met = {name for case in CASES for name in case.values[0]["expect"]["policies"]}
    assert met == set(rules.rules)
    assert {file.name.partition(".")[0] for file in FILES} == {one.stem for one in POLICIES.glob("*.cedar")}


def test_every_policy_has_an_id_and_a_reason_and_permits_look_at_nothing(rules: ActionPolicies) -> None:
    for name, rule in rules.rules.items():
        assert rule["annotations"]["id"] == name
        assert rule["annotations"]["reason"].endswith(".")
        if rule["effect"] == "permit":
            assert rule["conditions"] == []


def test_a_policy_that_does_not_fit_the_tools_is_not_taken(tmp_path: Path) -> None:
    scope = '(principal, action == Action::"cancel_order", resource)'
    for condition in ("context.arguments.amount.amount_cents > 1", 'context.facts.order.status == "x"'):
        (tmp_path / "one.cedar").write_text(f'@id("a") forbid {scope} when {{ {condition} }};')
        with pytest.raises(ValueError, match=r"cancel_order|amount|order"):
            ActionPolicies(tmp_path, tools().all, Facts, "support")


def test_two_policies_with_one_id_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "one.cedar").write_text('@id("a") permit (principal, action, resource);' * 2)
    with pytest.raises(ValueError, match="one id"):
        ActionPolicies(tmp_path, tools().all, Facts, "support")


def test_an_error_while_deciding_is_a_denial(tmp_path: Path) -> None:
    (tmp_path / "one.cedar").write_text(
        '@id("yes") permit (principal, action, resource);'
        '@id("no") forbid (principal, action == Action::"refund_order", resource)'
        " when { context.arguments.amount.amount_cents + 9223372036854775807 > 0 };"
    )
    policies = ActionPolicies(tmp_path, tools().all, Facts, "support")
    desk = Desk(shop_with(order("delivered")), policies)
    decided = desk.decide(refund())
    assert decided.verdict == "deny"
    assert "overflow" in decided.errors[0]


def test_what_does_not_fit_the_schema_is_a_denial(rules: ActionPolicies) -> None:
    facts = {"session": {"customer_id": "anna", "confirmed": True, "misses": 0, "email_suffices": True}}
    for arguments in ({}, {"order_id": 1}, {"order_id": "o1", "more": True}):
        decided = rules.decide("read_order", arguments, facts)
        assert (decided.verdict, decided.policies) == ("deny", ())
        assert decided.errors
    assert rules.decide("drop_all_tables", {}, facts).errors
    assert rules.decide("read_order", {"order_id": "o1"}, facts).verdict == "allow"


def test_every_tool_is_known_and_takes_what_its_input_says() -> None:
    assert {tool.name for tool in tools().all} == set(TOOLS.values())
    for value, name in TOOLS.items():
        assert tools()[name].signature.input_type is (type(None) if value is None else value)
    assert all(tool.idempotent and tool.summary for tool in tools().all)


def test_money_is_integer_cents_in_the_schema(rules: ActionPolicies) -> None:
    assert type_of(TypeAdapter(Money).json_schema()) == '{"amount_cents": Long, "currency": String}'
    assert as_cedar(refund(1234))["amount"] == {"amount_cents": 1234, "currency": "EUR"}
    assert "decimal" not in rules.schema_text
    cedarpy.Schema.from_str(rules.schema_text)


def test_marks_never_widen_what_is_allowed(rules: ActionPolicies) -> None:
    rank = {"deny": 0, "require_approval": 1, "allow": 2}
    for case in CASES:
        action = case.values[0]["action"]
        tool = tools()[action["tool"]]
        value = tool.signature.input.validate_python(action["arguments"]) if "arguments" in action else None
        facts = as_cedar(Facts.model_validate(action["facts"]))
        plain = rules.decide(tool.name, as_cedar(value), facts)
        for marks in (("untrusted",), ("personal",), ("untrusted", "personal")):
            marked = rules.decide(tool.name, as_cedar(value), facts, marks)
            assert rank[marked.verdict] <= rank[plain.verdict], case.id


def test_no_permit_of_a_tenant_gets_past_the_shops_rules(tmp_path: Path) -> None:
    for file in POLICIES.glob("*.cedar"):
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "tenant.cedar").write_text('@id("everything") permit (principal, action, resource);')
    policies = ActionPolicies(tmp_path, tools().all, Facts, "support")
    desk = Desk(shop_with(order("delivered")), policies)
    cancel = inputs.CancelOrder(order_id="o1", version=1, reason="no longer needed")
    assert desk.decide(cancel).policies == ("identity-not-verified", "not-confirmed", "only-while-pending")


def test_the_example_of_a_refund_waits_for_a_manager_and_names_the_role(rules: ActionPolicies) -> None:
    dear = order(
        "delivered",
        transactions=json.loads('[{"kind":"payment","amount_cents":90000,"payment_method_id":"card"}]'),
    )
    desk = Desk(shop_with(dear), rules)
    desk.identify("anna")
    desk.confirm(refund(10_001))
    decided = desk.decide(refund(10_001))
    assert (decided.verdict, decided.roles) == ("require_approval", ("support_manager",))
    assert desk.decide(refund(10_000)).verdict == "allow"
