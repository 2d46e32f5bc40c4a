"""Policies one by one: ids, annotations, scopes, and what they look at."""

from __future__ import annotations

import pytest

from pilothouse.policies.actions.rules import parse, seconds, together
from pilothouse.policies.errors import PolicyInvalid

SCOPE = "(principal, action, resource);"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"permit {SCOPE}", "policies, policy 1 needs an @id"),
        (f"@id permit {SCOPE}", "needs an @id"),
        (f'@id("a b") permit {SCOPE}', "needs an @id"),
        (f'@id("a") permit {SCOPE} @id("a") forbid {SCOPE}', "the id a is that of two policies"),
        (f'@id("a") @aproval("x") forbid {SCOPE}', "a has the unknown annotation @aproval"),
        (f'@id("a") @approval("x") permit {SCOPE}', "only a forbid can ask"),
        (f'@id("a") @approval("X y") forbid {SCOPE}', "@approval names no role"),
        (f'@id("a") @approval forbid {SCOPE}', "@approval names no role"),
        (f'@id("a") @approval("x") @escalate("") forbid {SCOPE}', "@escalate names no role"),
        (f'@id("a") @approval("x") @not_requester("yes") forbid {SCOPE}', '@not_requester is "true" or'),
        (f'@id("a") @approval("x") @expires("soon") forbid {SCOPE}', "@expires is a duration"),
        (f'@id("a") @approval("x") @expires("9999d") forbid {SCOPE}', "@expires is a duration"),
        (
            f'@id("a") @approval("x") @expires("1h") @on_expiry("yes") forbid {SCOPE}',
            '@on_expiry is "refuse" or',
        ),
        (f'@id("a") @approval("x") @on_expiry("approve") forbid {SCOPE}', "and never expires"),
        (f'@id("a") @expires("1h") forbid {SCOPE}', "belongs to an @approval"),
        ('@id("a") permit (principal == ?principal, action, resource);', "templates"),
        ("permit (", "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(text: str, fault: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse(text)
    assert fault in str(caught.value)
    assert caught.value.found


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse(f'permit {SCOPE} @id("b") @what("x") permit {SCOPE}')
    assert len(caught.value.found) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("90s", 90),
        ("30m", 1_800),
        ("24h", 86_400),
        ("7d", 604_800),
        ("0h", None),
        ("1w", None),
        ("367d", None),
    ],
)
def test_durations(text: str, told: int | None) -> None:
    assert seconds(text) == told


@pytest.mark.parametrize(
    ("when", "looks_at"),
    [
        ("context.a.b > 3 && context.c", {"a": {"b": None}, "c": None}),
        ("context has a && context.a.b", {"a": None}),
        ("context.a.b && context has a", {"a": None}),
        ("context has a.b", {"a": None}),
        ('context["x y"].z == [context.q]', {"x y": {"z": None}, "q": None}),
        ("if context.a then principal == principal else {b: context.c} == {b: 1}", {"a": None, "c": None}),
        ("context == {a: 1}", None),
        ("[context].contains(context)", None),
        ("true", {}),
    ],
)
def test_what_a_policy_looks_at(when: str, looks_at: object) -> None:
    (rule,) = parse(f'@id("a") permit (principal, action, resource) when {{ {when} }};')
    assert rule.looks_at == looks_at


def test_what_several_look_at_is_all_that_any_of_them_does() -> None:
    assert together([{"a": {"b": None}}, {"a": {"c": None}}, {"a": {"b": None}}]) == {
        "a": {"b": None, "c": None}
    }
    assert together([{"a": {"b": None}}, {"a": None}]) == {"a": None}
    assert together([{"a": None}, None]) is None
    assert together([]) == {}


def test_a_policy_is_shown_in_its_own_syntax() -> None:
    (rule,) = parse(
        '@id("a") @reason("Why.") permit (principal, action == Action::"x", resource);', "f.cedar"
    )
    assert rule.text.startswith("@id(")
    assert 'Action::"x"' in rule.text
    assert (rule.file, rule.reason, rule.forbids) == ("f.cedar", "Why.", False)
