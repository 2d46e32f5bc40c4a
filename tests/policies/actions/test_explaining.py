"""Why a decision was made, as people read it."""

from __future__ import annotations

import dataclasses

from pilothouse.policies.actions.explaining import explain
from pilothouse.policies.actions.rules import parse
from support.governed import FACTS, action, known, refund

POLICIES = """
@id("permit") @reason("Support pays.") permit (principal, action, resource);
@id("large") @reason("It is much.") @approval("manager") @not_requester("true")
@expires("1h") @escalate("owner") forbid (principal, action == Action::"pay_refund", resource)
when { context.arguments.amount.amount_cents > 100 };
@id("late") forbid (principal, action == Action::"pay_refund", resource) when { context.local.hour > 20 };
@id("deploy") permit (principal, action == Action::"deploy", resource);
"""


def test_it_names_what_applied_what_did_not_and_what_they_looked_at() -> None:
    engine = known().engine(parse(POLICIES, "shop.cedar"), "tenant:4")
    told = explain(engine, refund(101), FACTS)
    assert (
        "\n".join(told.lines())
        == """pay_refund is to be approved.
  It is much.
  It takes the approval of manager, other than who started the run, within 3600 seconds, then asked of owner.
By tenant:4.
Applied:
  permit (shop.cedar) permits it: Support pays.
  large (shop.cedar) forbids it, unless manager approves: It is much.
Did not apply:
  late (shop.cedar) forbids it
1 further policies cannot match this tool.
They looked at:
  arguments: {"amount":{"amount_cents":101}}
  local: {"hour":12}"""
    )
    assert [(one.id, one.determining) for one in told.policies] == [
        ("permit", False), ("large", True), ("late", False)
    ]  # fmt: skip


def test_what_failed_is_shown_where_it_failed() -> None:
    broken = """@id("broken") forbid (principal, action, resource)
    when { context.arguments.amount.amount_cents + 9223372036854775807 > 0 };"""
    engine = known().engine(
        parse(broken + '@id("p") permit (principal, action == Action::"pay_refund", resource);')
    )
    told = explain(engine, refund(), FACTS)
    assert told.policies[0].failure is not None
    assert "it failed" in "\n".join(told.lines())
    unfit = explain(engine, dataclasses.replace(refund(), arguments=b"{}"), FACTS)
    assert unfit.context == {}
    assert unfit.policies[0].failure == "arguments: amount is missing"


def test_without_policies_there_is_only_the_decision() -> None:
    told = explain(known().engine(), refund(), FACTS)
    assert list(told.lines()) == ["pay_refund is allowed.", "  No policy is active."]
    engine = known().engine(parse(POLICIES))
    assert explain(engine, action("wipe_disk"), FACTS).policies == ()
