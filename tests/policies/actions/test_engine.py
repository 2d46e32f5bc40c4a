"""Decisions about actions: what is permitted, forbidden and to be approved, and that every fault denies."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.errors import SettingsInvalid
from pilothouse.kit.money import Money
from pilothouse.policies.actions import engine as engines
from pilothouse.policies.actions.circumstances import Circumstances, context_of
from pilothouse.policies.actions.engine import NONE_ACTIVE, ActionEngine
from pilothouse.policies.actions.kinds import Unfit
from pilothouse.policies.actions.rules import parse
from pilothouse.policies.actions.shipped import Brought, shipped
from pilothouse.policies.errors import PolicyInvalid
from pilothouse.runtime.governing import Action, Decision, Requirement, Verdict
from support.governed import FACTS, action, app, by_cedar_alone, known, refund

PERMIT = '@id("permit") @reason("It may.") permit (principal, action, resource);'
OVERFLOW = "context.arguments.amount.amount_cents + 9223372036854775807 > 0"


def decided(policies: str, one: Action | None = None, around: Circumstances = FACTS) -> Decision:
    return known().engine(parse(policies), "tenant:1").decide(one or refund(), around)


def forbid(name: str, when: str = "true", said: str = "") -> str:
    return f'@id("{name}") {said} forbid (principal, action, resource) when {{ {when} }};'


def test_what_a_policy_permits_is_allowed_with_its_reason_its_id_and_the_version() -> None:
    assert decided(PERMIT) == Decision(
        verdict=Verdict.ALLOW, reasons=("It may.",), policies=("permit",), version="tenant:1"
    )


def test_what_no_policy_permits_is_denied() -> None:
    found = decided('@id("other") permit (principal, action == Action::"deploy", resource);')
    assert (found.verdict, found.policies, found.reasons) == (Verdict.DENY, (), ("No policy permits it.",))


def test_a_forbid_beats_every_permit() -> None:
    found = decided(PERMIT + forbid("never", said='@reason("Never.")'))
    assert (found.verdict, found.policies, found.reasons) == (Verdict.DENY, ("never",), ("Never.",))


def test_a_forbid_that_fails_denies_although_cedar_skips_it() -> None:
    found = decided(PERMIT + forbid("broken", OVERFLOW))
    assert found.verdict is Verdict.DENY
    assert "broken" in found.reasons[0]
    assert "overflow" in found.reasons[0]


def test_a_permit_that_fails_denies_although_another_one_permits() -> None:
    broken = f'@id("broken") permit (principal, action, resource) when {{ {OVERFLOW} }};'
    assert decided(PERMIT + broken).verdict is Verdict.DENY


def test_what_fails_only_where_the_approvals_are_left_out_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = engines._asked
    answers = iter([None, (False, (), ("it broke",))])
    monkeypatch.setattr(engines, "_asked", lambda *given: next(answers) or asked(*given))
    found = decided(PERMIT + forbid("manager", said='@approval("manager")'))
    assert (found.verdict, "it broke" in found.reasons[0]) == (Verdict.DENY, True)


def test_no_decision_is_a_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    class Undecided:
        @staticmethod
        def is_authorized_batch(*_: object) -> list[str]:
            return ['{"decision": "NoDecision", "diagnostics": {"reason": [], "errors": []}}']

    monkeypatch.setattr(engines, "_internal", Undecided)
    found = decided(PERMIT)
    assert (found.verdict, "NoDecision" in found.reasons[0]) == (Verdict.DENY, True)


def test_a_request_that_cedar_cannot_read_is_a_denial() -> None:
    one = refund(principal="person:a\ud800")
    assert decided(PERMIT, one).verdict is Verdict.DENY


def test_a_forbid_with_an_approval_asks_for_it() -> None:
    said = '@approval("manager") @not_requester("true") @expires("24h") @escalate("owner") @reason("Much.")'
    said += '@on_expiry("approve")'
    found = decided(PERMIT + forbid("large", said=said))
    assert (found.verdict, found.reasons, found.policies) == (Verdict.APPROVAL, ("Much.",), ("large",))
    assert found.requirements == (
        Requirement(
            role="manager",
            not_requester=True,
            expires_after=86_400,
            escalates_to="owner",
            on_expiry="approve",
        ),
    )


def test_several_roles_are_several_approvals_and_one_role_is_asked_once_as_strictly_as_anybody_says() -> None:
    found = decided(
        PERMIT
        + forbid("a", said='@approval("finance") @expires("2h") @escalate("board") @on_expiry("approve")')
        + forbid("b", said='@approval("finance") @expires("30m") @not_requester("true")')
        + forbid("c", said='@approval("legal")')
    )
    assert found.requirements == (
        Requirement(role="finance", not_requester=True, expires_after=1_800, escalates_to="board"),
        Requirement(role="legal"),
    )


def test_one_forbid_without_an_approval_denies_whatever_others_ask() -> None:
    asking, denying = '@approval("finance") @reason("Ask.")', '@reason("Never.")'
    found = decided(PERMIT + forbid("a", said=asking) + forbid("b", said=denying))
    assert found.reasons == ("Never.", "Ask.")
    assert (found.verdict, found.policies, found.requirements) == (Verdict.DENY, ("a", "b"), ())


def test_an_approval_does_not_replace_a_permit() -> None:
    found = decided(forbid("a", said='@approval("finance")'))
    assert (found.verdict, found.reasons) == (Verdict.DENY, ("No policy permits it.",))


@pytest.mark.parametrize(("cents", "verdict"), [(10_000, Verdict.ALLOW), (10_001, Verdict.DENY)])
def test_money_is_compared_in_cents(cents: int, verdict: Verdict) -> None:
    limit = forbid("limit", "context.arguments.amount.amount_cents > 10000")
    assert decided(PERMIT + limit, refund(cents)).verdict is verdict


@pytest.mark.parametrize(("cost", "verdict"), [("2.00", Verdict.ALLOW), ("2.005", Verdict.DENY)])
def test_the_cost_is_rounded_half_up_to_cents(cost: str, verdict: Verdict) -> None:
    limit = forbid("limit", "context has cost && context.cost.amount_cents > 200")
    assert decided(PERMIT + limit, refund(cost=Money(cost, "EUR"))).verdict is verdict  # type: ignore[arg-type]  # Pydantic reads the text


def test_the_principal_is_that_of_the_credential_whatever_the_arguments_say() -> None:
    only = '@id("anna") permit (principal == Person::"anna", action, resource);'
    lying = b'{"amount":{"amount":"1","currency":"EUR"},"order":"o1","principal":"person:anna"}'
    assert decided(only, refund()).allows
    mallory = dataclasses.replace(refund(principal="person:mallory"), arguments=lying)
    assert decided(only, mallory).verdict is Verdict.DENY


@pytest.mark.parametrize(
    ("principal", "type_"),
    [
        ("person:anna", "Person"),
        ("key:1", "Key"),
        ("agent:a", "Agent"),
        ("local", "Local"),
        ("odd", "Service"),
    ],
)
def test_principals_have_the_type_of_their_credential(principal: str, type_: str) -> None:
    only = f'@id("only") permit (principal is {type_}, action, resource);'
    assert decided(only, refund(principal=principal)).allows
    others = {"Person", "Key", "Agent", "Local", "Service"} - {type_}
    for other in others:
        assert not decided(only.replace(type_, other), refund(principal=principal)).allows


def test_a_tool_that_nobody_has_registered_is_denied_once_there_are_policies() -> None:
    found = decided(PERMIT, action("wipe_disk"))
    assert (found.verdict, "wipe_disk" in found.reasons[0]) == (Verdict.DENY, True)


def test_without_any_policy_everything_is_allowed_and_the_reason_says_so() -> None:
    empty = known().engine()
    for one in (refund(), action("wipe_disk")):
        assert empty.decide(one, FACTS) == Decision(verdict=Verdict.ALLOW, reasons=(NONE_ACTIVE,))


@pytest.mark.parametrize(
    "arguments",
    [
        b"null", b"[]", b"3", b"{}", b"not json",
        b'{"amount":{"amount":"x","currency":"EUR"}}', b'{"amount":{"amount":true,"currency":"EUR"}}',
        b'{"amount":{"amount":"1e30","currency":"EUR"}}', b'{"amount":{"amount":"NaN","currency":"EUR"}}',
        b'{"amount":["1"],"order":"o"}',
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit_the_schema_are_denied(arguments: bytes) -> None:
    policy = PERMIT + forbid("limit", "context.arguments.amount.amount_cents > 10000")
    found = decided(policy, dataclasses.replace(refund(), arguments=arguments))
    assert found.verdict is Verdict.DENY
    assert "schema" in found.reasons[0]


def test_what_is_not_known_of_an_action_denies_only_where_a_policy_looks_at_it() -> None:
    timeless = refund(at=None)
    assert decided(PERMIT, timeless).allows
    assert not decided(PERMIT + forbid("late", "context.local.hour > 23"), timeless).allows
    assert not decided(PERMIT + forbid("old", "context.time < 0"), timeless).allows
    sure = forbid("unsure", "context has confidence_per_mille && context.confidence_per_mille < 500")
    assert decided(PERMIT + sure, refund()).allows
    assert not decided(PERMIT + sure, refund(confidence=1.5)).allows


def test_a_time_zone_that_does_not_exist_denies_what_looks_at_local_time() -> None:
    nowhere = Circumstances.of("production", {"time_zone": "Mars/Olympus"})
    assert decided(PERMIT, refund(), nowhere).allows
    assert not decided(PERMIT + forbid("late", "context.local.hour > 23"), refund(), nowhere).allows


@pytest.mark.parametrize(
    ("confidence", "told"), [(0.8, 800), (0.7999, 799), (0.29, 290), (1.0, 1000), (0.0, 0)]
)
def test_confidence_is_told_in_thousandths_rounded_down(confidence: float, told: int) -> None:
    exactly = f"context.confidence_per_mille == {told}"
    policy = f'@id("p") permit (principal, action, resource) when {{ {exactly} }};'
    assert decided(policy, refund(confidence=confidence)).allows


def test_all_of_the_context_can_be_looked_at() -> None:
    policy = """@id("all") permit (principal, action, resource) when {
      context.local ==
      {hour: 13, minute: 0, weekday: "wednesday", date: "2026-01-07", zone: "Europe/Berlin"} &&
      context.time == 1767787200 && context.environment == "staging" &&
      context.tenant == "acme" &&
      context.tenant_attributes == ["plan=gold", "seats=5", "time_zone=Europe/Berlin", "trial=false"] &&
      context.marks == ["untrusted", "personal"] && context.workflow == "refund" &&
      context.agent == "triage" &&
      context.requester == "person:anna" && context.cost == {amount_cents: 250, currency: "EUR"} &&
      context.engagement == "00000000-0000-0000-0000-000000000002" && resource.idempotent == false &&
      resource in App::"shop" };"""
    attributes = {"plan": "gold", "seats": 5, "trial": False, "time_zone": "Europe/Berlin"}
    from uuid import UUID

    one = refund(
        tenant_id="acme", marks=("untrusted", "personal"), agent="triage", engagement_id=UUID(int=2),
        cost=Money("2.50", "EUR"),  # type: ignore[arg-type]  # Pydantic reads the text
    )  # fmt: skip
    assert decided(policy, one, Circumstances.of("staging", attributes)).allows


def test_policies_that_look_at_the_context_as_a_whole_see_all_of_it() -> None:
    same = '@id("same") permit (principal, action, resource) when { context == context };'
    engine = known().engine(parse(same))
    assert engine.decide(refund(), FACTS).allows
    part = engine.slice_of(known().vocabulary.tools["pay_refund"])
    assert set(context_of(refund(), FACTS, part.wanted)) >= {"arguments", "local", "time", "tenant"}


def test_only_what_policies_look_at_is_read_and_only_policies_that_can_match_are_evaluated() -> None:
    policies = (
        PERMIT
        + '@id("a") forbid (principal, action == Action::"pay_refund", resource) when { context.arguments.order == "" };'  # noqa: E501 - a policy is read in one line
        + '@id("b") forbid (principal, action == Action::"deploy", resource) when { context.local.hour == 25 };'  # noqa: E501 - a policy is read in one line
        + '@id("c") forbid (principal, action in Action::"app:odd", resource);'
        + '@id("d") forbid (principal, action in [Action::"app:shop"], resource == Tool::"deploy");'
        + '@id("e") forbid (principal, action, resource in App::"odd");'
        + '@id("f") forbid (principal, action in [Action::"deploy"], resource is Tool);'
    )
    engine = known().engine(parse(policies))
    tools = known().vocabulary.tools
    part = engine.slice_of(tools["pay_refund"])
    assert set(part.rules) == {"permit", "a"}
    assert context_of(refund(), FACTS, part.wanted) == {"arguments": {"order": "o1"}}
    assert set(engine.slice_of(tools["deploy"]).rules) == {"permit", "b", "d", "f"}
    assert set(engine.slice_of(tools["count"]).rules) == {"permit", "c", "e"}


def test_policies_of_a_group_reach_the_tools_of_its_application() -> None:
    policy = '@id("shop") permit (principal, action in [Action::"app:shop"], resource in App::"shop");'
    assert decided(policy, refund()).allows
    assert not decided(policy, action("ring")).allows


@pytest.mark.parametrize(
    ("name", "arguments", "when"),
    [
        ("count", b"7", "context.arguments.value == 7"),
        ("ring", b"null", "true"),
    ],
)
def test_tools_without_a_record_have_their_value_or_nothing(name: str, arguments: bytes, when: str) -> None:
    policy = f'@id("p") permit (principal, action == Action::"{name}", resource) when {{ {when} }};'
    assert decided(policy, action(name, arguments)).allows


def test_requests_that_policies_cannot_tell_apart_are_decided_once() -> None:
    rules = parse(PERMIT + forbid("limit", "context.arguments.amount.amount_cents > 10000"))
    engine = ActionEngine(known().vocabulary, rules, remember=2)
    first = engine.decide(refund(1), FACTS)
    assert engine.decide(dataclasses.replace(refund(1), step="other"), FACTS) is first
    assert engine.decide(refund(9_999), FACTS) is first
    for cents in (10_000, 1, 10_001):
        assert engine.decide(refund(cents), FACTS).allows == (cents <= 10_000)
    assert engine.decide(refund(1), FACTS) is first
    assert len(engine._remembered) == 2
    assert engine.decide(refund(1, principal="person:bert"), FACTS) is not first


def test_the_sets_of_applications_hold_for_their_tools_beside_that_of_the_tenant(tmp_path: Path) -> None:
    (tmp_path / "base.cedar").write_text(PERMIT.replace('"permit"', '"base"') + forbid("base-limit", "false"))
    brought = known(shop=tmp_path)
    alone = brought.engine()
    found = alone.decide(refund(), FACTS)
    assert (found.policies, found.version) == (("base",), brought.versions["shop"])
    assert found.version == f"shop:{brought.bundles['shop'].sha256[:12]}"
    assert alone.decide(action("ring"), FACTS).reasons == (NONE_ACTIVE,)
    assert not alone.decide(action("wipe_disk"), FACTS).allows
    both = brought.engine(parse(forbid("own")), "tenant:3")
    found = both.decide(refund(), FACTS)
    assert (found.verdict, found.policies) == (Verdict.DENY, ("own",))
    assert found.version == f"{brought.versions['shop']} tenant:3"
    assert both.decide(action("ring"), FACTS).policies == ("own",)
    with pytest.raises(PolicyInvalid, match="the id base is that of two policies"):
        brought.engine(parse(forbid("base")))


def test_what_applications_ship_has_to_be_valid(tmp_path: Path) -> None:
    (tmp_path / "base.cedar").write_text(forbid("typo", "context.arguments.amuont == 3"))
    with pytest.raises(SettingsInvalid, match=r"policies of shop cannot be used.*amuont"):
        known(shop=tmp_path)
    (tmp_path / "base.cedar").write_text(forbid("same"))
    with pytest.raises(SettingsInvalid, match="two applications collide"):
        known(shop=tmp_path, odd=tmp_path)
    with pytest.raises(SettingsInvalid, match=r"no \.cedar file"):
        known(shop=tmp_path / "none")
    with pytest.raises(SettingsInvalid, match="Two applications have a tool"):
        shipped([Brought("a", app.tools), Brought("b", app.tools)])


POOL = [
    PERMIT,
    '@id("p2") permit (principal is Key, action in Action::"app:shop", resource);',
    '@id("f1") forbid (principal, action == Action::"pay_refund", resource) when { context.arguments.amount.amount_cents > 500 };',  # noqa: E501 - a policy is read in one line
    '@id("f2") @approval("a") forbid (principal, action in [Action::"pay_refund", Action::"deploy"], resource) when { context.marks.contains("untrusted") };',  # noqa: E501 - a policy is read in one line
    '@id("f3") @approval("b") forbid (principal, action, resource in App::"shop") unless { context has agent };',  # noqa: E501 - a policy is read in one line
    '@id("f4") forbid (principal is Person, action, resource == Tool::"deploy") when { context.local.hour >= 18 };',  # noqa: E501 - a policy is read in one line
    '@id("f5") forbid (principal, action in Action::"app:odd", resource);',
    '@id("f6") forbid (principal, action, resource is Tool in App::"odd") when { context has cost };',
]


@settings(max_examples=60, deadline=None)
@given(
    chosen=st.sets(st.sampled_from(range(len(POOL)))),
    cents=st.integers(0, 1_000),
    principal=st.sampled_from(["person:anna", "key:1"]),
    marks=st.sampled_from([(), ("untrusted",)]),
    agent=st.sampled_from([None, "a"]),
    hour=st.integers(0, 23),
    tool=st.sampled_from(["pay_refund", "deploy"]),
)
def test_a_slice_decides_as_all_policies_would(  # noqa: PLR0917 - one for each thing that varies
    chosen: set[int],
    cents: int,
    principal: str,
    marks: tuple[str, ...],
    agent: str | None,
    hour: int,
    tool: str,
) -> None:
    rules = parse("\n".join(POOL[number] for number in sorted(chosen)))
    at = dt.datetime(2026, 1, 7, hour, tzinfo=dt.UTC)
    one = refund(cents, principal=principal, marks=marks, agent=agent, at=at)
    if tool == "deploy":
        one = dataclasses.replace(one, tool="deploy", arguments=b'{"service":"s","region":"r"}')

    found, whole = known().engine(rules).decide(one, FACTS), by_cedar_alone(rules, one)
    assert whole.diagnostics.errors == []
    if not rules:
        assert found.reasons == (NONE_ACTIVE,)
        return
    assert found.allows == whole.allowed
    assert set(found.policies) == set(whole.diagnostics.reasons)


def test_reading_raises_only_what_is_recorded_as_a_denial() -> None:
    tool = known().vocabulary.tools["pay_refund"]
    with pytest.raises(Unfit, match="arguments are no JSON"):
        context_of(dataclasses.replace(refund(), arguments=b"{"), FACTS, tool.context)
