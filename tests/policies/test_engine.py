"""The policy engine: what it takes, and that it denies whatever goes wrong."""

from __future__ import annotations

import pytest

from pilothouse.errors import SettingsInvalid
from pilothouse.policies.engine import PolicyEngine
from pilothouse.policies.schemas import Entity

SCHEMA = """
entity User { level: Long, boss?: User };
entity Tool;
action "call" appliesTo { principal: User, resource: Tool, context: { cents: Long } };
"""
POLICIES = """
@id("small-sums") @reason("Small sums are free.")
permit (principal, action == Action::"call", resource) when { context.cents < 1000 };
@id("not-the-new") @reason("New people wait.")
forbid (principal, action, resource) when { principal.level == 0 };
@id("sums-of-the-old")
permit (principal, action == Action::"call", resource) when { principal.level * 100 > context.cents };
"""
TOOL, CALL = Entity("Tool", "pay"), Entity("Action", "call")


def user(level: int = 1) -> Entity:
    return Entity("User", "ada", {"level": level})


@pytest.fixture(scope="module")
def engine() -> PolicyEngine:
    return PolicyEngine(POLICIES, SCHEMA)


def test_what_a_policy_permits_is_allowed_and_says_why(engine: PolicyEngine) -> None:
    found = engine.decide(user(), CALL, TOOL, {"cents": 5})
    assert (found.allowed, found.reasons) == (True, ("Small sums are free.",))
    assert found.policies == ("small-sums", "sums-of-the-old")


def test_nothing_is_allowed_that_no_policy_permits(engine: PolicyEngine) -> None:
    found = engine.decide(user(), CALL, TOOL, {"cents": 5_000})
    assert (found.allowed, found.policies, found.errors) == (False, (), ())


def test_what_is_forbidden_beats_what_is_permitted(engine: PolicyEngine) -> None:
    found = engine.decide(user(0), CALL, TOOL, {"cents": 5})
    assert (found.allowed, found.policies) == (False, ("not-the-new",))


@pytest.mark.parametrize(
    ("principal", "action", "context"),
    [
        (Entity("User", "ada", {"level": 1 << 60}), CALL, {"cents": 5}),  # a policy fails: overflow
        (Entity("User", "ada", {"level": "high"}), CALL, {"cents": 5}),
        (Entity("User", "ada"), CALL, {"cents": 5}),
        (Entity("Robot", "r"), CALL, {"cents": 5}),
        (user(), Entity("Action", "fly"), {"cents": 5}),
        (user(), CALL, {"cents": "five"}),
        (user(), CALL, {}),
        (user(), CALL, {"cents": object()}),
    ],
)
def test_what_goes_wrong_is_denied_and_said(
    engine: PolicyEngine, principal: Entity, action: Entity, context: dict[str, object]
) -> None:
    found = engine.decide(principal, action, TOOL, context)
    assert not found.allowed
    assert found.errors


def test_entities_may_name_others(engine: PolicyEngine) -> None:
    boss = Entity("User", "eve", {"level": 9})
    named = Entity("User", "ada", {"level": 1, "boss": boss}, ())
    assert engine.decide(named, CALL, TOOL, {"cents": 5}).allowed


@pytest.mark.parametrize(
    ("policies", "told"),
    [
        ("permit (principal", "cannot be read"),
        ('@id("a") permit (principal, action == Action::"fly", resource);', "do not fit"),
        ('@id("a") permit (principal, action, resource) when { principal.size > 1 };', "do not fit"),
        ("permit (principal, action, resource);", "an @id of its own"),
        (
            '@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);',
            "@id",
        ),
    ],
)
def test_policies_that_cannot_be_right_are_refused_at_start(policies: str, told: str) -> None:
    with pytest.raises(SettingsInvalid, match=told):
        PolicyEngine(policies, SCHEMA)


def test_a_schema_that_is_none_is_refused_at_start() -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        PolicyEngine(POLICIES, "entity {")


def test_the_policies_are_known_by_their_ids(engine: PolicyEngine) -> None:
    assert engine.policy_ids == {"small-sums", "not-the-new", "sums-of-the-old"}
