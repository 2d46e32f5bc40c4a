"""Requests that policies cannot tell apart are of one class, and only those: else one is decided wrongly."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.kit.money import Money
from pilothouse.policies.actions.classes import Classes
from pilothouse.policies.actions.rules import parse
from support.governed import FACTS, by_cedar_alone, known, refund

PERMIT = '@id("permit") permit (principal, action, resource);'

CONDITIONS = [
    "context.arguments.amount.amount_cents > 500",
    "500 > context.arguments.amount.amount_cents && context.arguments.amount.amount_cents != 3",
    "context.arguments.amount.amount_cents == 7 || context.arguments.amount.amount_cents >= 998",
    "context.arguments.amount.amount_cents * 2 == 14",
    'context.arguments.amount.currency == "EUR" && context.marks.contains("untrusted")',
    '["USD", "GBP"].contains(context.arguments.amount.currency)',
    'context.marks == ["personal"]',
    'context.marks.containsAny(["personal"]) && context has agent',
    "context has cost && context.cost.amount_cents < 100",
    'context has cost && context.cost == {amount_cents: 0, currency: "EUR"}',
    "context has confidence_per_mille && context.confidence_per_mille < 500",
    "!(context has confidence_per_mille)",
    'context has agent && context.agent like "a*"',
    "[context.local.hour, 3].contains(5)",
    "[1, 2].contains(context.local.minute) || context.local.minute == context.local.hour",
    "if context has agent then context.local.hour < 12 else context.time == 0",
    "principal is Key && context.arguments.amount.amount_cents <= -1",
]
RULES = {
    number: parse(f'@id("f{number}") forbid (principal, action, resource) when {{ {when} }};')
    for number, when in enumerate(CONDITIONS)
}
CHOSEN = [(number,) for number in RULES] + [(0, 4, 6), (1, 2, 10, 11), (8, 9), (13, 14, 15), tuple(RULES)]
ENGINES = {some: known().engine([*parse(PERMIT), *(RULES[one][0] for one in some)]) for some in CHOSEN}
"""They last, so that what was remembered of one example is what another one is told."""

ACTIONS = st.builds(
    refund,
    st.sampled_from([-1, 0, 2, 3, 4, 6, 7, 8, 499, 500, 501, 997, 998, 999]),
    currency=st.sampled_from(["EUR", "USD", "GBP", "JPY"]),
    principal=st.sampled_from(["person:anna", "key:1"]),
    marks=st.sets(st.sampled_from(["untrusted", "personal"])),
    agent=st.sampled_from([None, "a", "b", "ab"]),
    cost=st.sampled_from([None, Money("0", "EUR"), Money("0.99", "EUR"), Money("1", "USD")]),  # type: ignore[arg-type]  # Pydantic reads the text
    confidence=st.sampled_from([None, 0.0, 0.499, 0.5, 1.0]),
    at=st.builds(dt.datetime, *map(st.just, (2026, 1, 7)), st.sampled_from([0, 1, 3, 5, 12]),
                 st.sampled_from([0, 1, 2, 3, 5]), tzinfo=st.just(dt.UTC)),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(ACTIONS, min_size=2, max_size=4), st.sampled_from(CHOSEN))
def test_what_is_remembered_is_what_cedar_says(actions: list[Any], some: tuple[int, ...]) -> None:
    rules = [*parse(PERMIT), *(RULES[one][0] for one in some)]
    for one in actions:
        whole = by_cedar_alone(rules, one)
        found = ENGINES[some].decide(one, FACTS)
        assert (found.allows, set(found.policies)) == (whole.allowed, set(whole.diagnostics.reasons))


def classes(when: str) -> Classes:
    return Classes(parse(f'@id("a") permit (principal, action, resource) when {{ {when} }};'))


@pytest.mark.parametrize(
    ("when", "one", "other", "same"),
    [
        ("context.n > 5", {"n": 6}, {"n": 99}, True),
        ("context.n > 5", {"n": 5}, {"n": 6}, False),
        ("context.n > 5", {"n": 0}, {}, False),
        ("context.n > -5", {"n": 1}, {"n": 2}, True),
        ("context.n > 5 && context.n < 9", {"n": 7}, {"n": 9}, False),
        ("context.n > context.m", {"n": 1, "m": 2}, {"n": 1, "m": 3}, False),
        ("context.n + 1 > 5", {"n": 7}, {"n": 8}, False),
        ('context.s == "a"', {"s": "b"}, {"s": "c"}, True),
        ('context.s == "a"', {"s": "a"}, {"s": "c"}, False),
        ('context.s like "a*"', {"s": "b"}, {"s": "c"}, False),
        ('context.l.contains("a")', {"l": ["b", "a"]}, {"l": ["a"]}, True),
        ('context.l.contains("a")', {"l": ["b"]}, {"l": ["a"]}, False),
        ("context.l.contains(context.s)", {"l": ["b"], "s": "b"}, {"l": ["a"], "s": "b"}, False),
        ("context has r", {"r": {"a": 1}}, {"r": {"a": 2}}, True),
        ("context has r", {"r": {"a": 1}}, {}, False),
        ("context.r == {a: 1}", {"r": {"a": 1}}, {"r": {"a": 2}}, False),
        ("context.b", {"b": True}, {"b": False}, False),
        ("context == {n: 1}", {"n": 1}, {"n": 2}, False),
        ("principal == principal", {"n": 1}, {"n": 2}, True),
        ("context.r.n > 5", {"r": {"n": 6}}, {"r": {"n": 7}}, True),
        ("context.r.n > 5", {"r": {"n": 6}}, {"r": {}}, False),
        ("(context has n) == true", {"n": 6}, {}, False),
    ],
)
def test_of_one_class_or_not(when: str, one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    seen = classes(when)
    assert (seen.of(one) == seen.of(other)) is same


def test_requests_of_two_principals_are_never_one() -> None:
    engine = ENGINES[(0,)]
    first = engine.decide(refund(1), FACTS)
    assert engine.decide(dataclasses.replace(refund(1), principal="key:1"), FACTS) is not first
