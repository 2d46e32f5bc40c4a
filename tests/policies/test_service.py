"""What each role may do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from importlib.resources import files
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.errors import Forbidden, SettingsInvalid
from pilothouse.kit.scope import HOME_TENANT, Scope, local_scope
from pilothouse.policies import service
from pilothouse.policies.engine import PolicyEngine
from pilothouse.policies.permissions import INSTALLATION, OPERATIONS, PERMISSIONS, PUBLIC
from pilothouse.policies.schemas import ROLES, RULED, Decision, Entity
from pilothouse.policies.service import Authority, roles_engine
from support.roles import ALLOWED, HOME_ALLOWED

authority = Authority()
NAMES = st.sampled_from(sorted(PERMISSIONS))
ROLE_SETS = st.frozensets(st.sampled_from([*ROLES, "approver:finance"]), max_size=4)
TENANTS = st.sampled_from([HOME_TENANT, "acme"])


def scope(*roles: str, tenant: str = "acme", **said: object) -> Scope:
    return Scope(tenant, "person:1", frozenset(roles), **said)


@pytest.mark.parametrize("role", ALLOWED)
def test_each_role_has_the_permissions_that_are_written_down(role: str) -> None:
    assert set(authority.permitted(scope(role))) == ALLOWED[role]
    at_home = authority.permitted(scope(role, tenant=HOME_TENANT))
    assert set(at_home) == ALLOWED[role] | HOME_ALLOWED.get(role, set())


def test_what_is_told_of_roles_is_what_they_allow() -> None:
    told = {one.name: one for one in authority.roles().items}
    assert told.keys() == ALLOWED.keys() - {"approver:finance"}
    for name, role in told.items():
        assert set(role.permissions) == ALLOWED[name]
        assert set(role.at_home) == HOME_ALLOWED.get(name, set())


def test_every_role_of_the_rules_is_told() -> None:
    rules = files("pilothouse.policies").joinpath("roles.cedar").read_text("utf-8")
    assert set(re.findall(r'Pilothouse::Role::"([^"]+)"', rules)) == set(RULED)


def test_who_has_no_role_looks_after_the_own_account_only() -> None:
    assert authority.permitted(scope()) == ["self:use"]
    assert authority.permitted(scope("superuser", "root", "Admin")) == ["self:use"]


@given(ROLE_SETS, TENANTS, NAMES)
def test_more_roles_never_allow_less(roles: frozenset[str], tenant: str, name: str) -> None:
    found = authority.decide(scope(*roles, tenant=tenant), name).allowed
    single = [authority.decide(scope(role, tenant=tenant), name).allowed for role in roles]
    assert found == (any(single) or name == "self:use")


@given(ROLE_SETS, TENANTS, NAMES, st.none() | st.frozensets(NAMES, max_size=5))
def test_a_narrowed_key_may_do_what_both_allow(
    roles: frozenset[str], tenant: str, name: str, permissions: frozenset[str] | None
) -> None:
    plain = authority.decide(scope(*roles, tenant=tenant), name).allowed
    found = authority.decide(scope(*roles, tenant=tenant, permissions=permissions), name).allowed
    assert found == (plain and (permissions is None or name in permissions))


@given(ROLE_SETS, TENANTS, NAMES)
def test_nobody_reaches_another_tenant(roles: frozenset[str], tenant: str, name: str) -> None:
    found = authority.decide(scope(*roles, tenant=tenant), name, "other").allowed
    looks_after_all = tenant == HOME_TENANT and "admin" in roles
    of_the_installation = (
        name in INSTALLATION and authority.decide(scope(*roles, tenant=tenant), name).allowed
    )
    assert found == (of_the_installation or (looks_after_all and name in {"tenant:read", "jobs:read"}))


def test_who_is_bound_to_an_engagement_manages_and_surveys_nothing_beyond_it() -> None:
    bound = scope("admin", tenant=HOME_TENANT, engagement_id=UUID(int=1))
    assert set(authority.permitted(bound)) == ALLOWED["admin"] - {
        *("retention:manage", "engagements:manage", "people:manage", "keys:manage"),
        *("retention:read", "jobs:read", "policies:read", "policies:manage"),
        *("audit:read", "audit:export", "audit:manage", "budgets:read", "usage:read", "switches:read"),
        *("guards:read", "budgets:manage", "switches:throw", "switches:manage"),
        *("models:read", "models:manage", "experiments:read", "experiments:manage", "experiments:stop"),
        *("prompts:read", "prompts:manage"),
        *("notifications:read", "notifications:manage", "chats:manage"),
    }
    for name in PERMISSIONS:
        assert not authority.decide(bound, name, "other").allowed, name


NAMED = st.sampled_from(["finance", "legal", "x"])
APPROVERS = st.frozensets(st.sampled_from([*ROLES, "approver:finance", "approver:legal"]), max_size=4)


@given(APPROVERS, TENANTS, NAMED, st.none() | st.frozensets(NAMES, max_size=5), st.booleans())
def test_a_question_that_names_a_role_is_for_its_approvers_and_admins(
    roles: frozenset[str], tenant: str, named: str, permissions: frozenset[str] | None, bound: bool
) -> None:
    engagement = UUID(int=1) if bound else None
    who = scope(*roles, tenant=tenant, permissions=permissions, engagement_id=engagement)
    narrowed = permissions is not None and "questions:answer" not in permissions
    expected = bool(roles & {f"approver:{named}", "admin"}) and not narrowed
    assert authority.may_answer(who, named).allowed == expected


@given(APPROVERS, TENANTS)
def test_a_question_without_a_role_is_for_whoever_answers_questions(
    roles: frozenset[str], tenant: str
) -> None:
    who = scope(*roles, tenant=tenant)
    assert authority.may_answer(who, None) == authority.decide(who, "questions:answer")


def test_a_refusal_to_let_answer_names_the_role_that_is_needed() -> None:
    authority.let_answer(scope("approver:finance"), "finance")
    authority.let_answer(local_scope(), "finance")
    with pytest.raises(Forbidden) as refused:
        authority.let_answer(scope("operator", "approver:legal"), "finance")
    assert (refused.value.status, refused.value.code) == (403, "forbidden")
    assert "only approvers of that role" in refused.value.message
    assert refused.value.hint == (
        "It needs the role approver:finance or admin; your roles: approver:legal, operator."
    )
    with pytest.raises(Forbidden, match="not yours"):
        authority.let_answer(scope("viewer"), None)


def test_the_rules_let_nobody_answer_what_another_tenant_asks() -> None:
    engine, finance = roles_engine(), Entity("Pilothouse::Role", "approver:finance")
    own, other = (Entity("Pilothouse::Tenant", name, {"home": False}) for name in ("own", "other"))
    admin = Entity("Pilothouse::Role", "admin")
    who = Entity("Pilothouse::Principal", "one", {"tenant": own, "bound": False}, (admin, finance))
    action = Entity("Pilothouse::Action", "questions:answer")
    for tenant, expected in ((own, True), (other, False)):
        question = Entity("Pilothouse::Question", "one", {"tenant": tenant, "role": finance})
        found = engine.decide(who, action, question, {"permission": "questions:answer"})
        assert (found.allowed, found.errors) == (expected, ())


def test_a_decision_is_made_once_and_costs_microseconds_afterwards() -> None:
    asked = scope("viewer")
    first = authority.decide(asked, "runs:read")
    assert authority.decide(scope("viewer"), "runs:read") is first
    best = min(_timed(lambda: authority.decide(asked, "runs:read")) for _ in range(5))
    assert best < 20e-6, best  # 0.3 us on the machine of the figures


def _timed(work: Callable[[], object], times: int = 2_000) -> float:
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_REMEMBERED", 3)
    small = Authority()
    for number in range(6):
        small.decide(scope(f"approver:{number}"), "runs:read")
    assert len(small._remembered) == 3


def test_a_failure_denies_and_is_not_remembered() -> None:
    class Breaking(PolicyEngine):
        def decide(self, *_asked: object) -> Decision:
            return Decision(allowed=False, errors=("broken",))

    made = Authority()
    made._engine.__class__ = Breaking
    assert not made.decide(scope("admin"), "runs:read").allowed
    made._engine.__class__ = PolicyEngine
    assert made.decide(scope("admin"), "runs:read").allowed


def test_a_permission_without_a_rule_is_found_at_start() -> None:
    place = service.files("pilothouse.policies")
    rules = (place / "roles.cedar").read_text()
    schema = (place / "roles.cedarschema").read_text()
    without = schema.replace('"keys:manage"', '"doors:manage"')
    with pytest.raises(SettingsInvalid, match="keys:manage"):
        Authority(PolicyEngine(rules, without))


def test_the_shipped_rules_are_those_that_are_documented() -> None:
    assert "another-tenant" in roles_engine().policy_ids
    assert not PUBLIC & OPERATIONS.keys()
