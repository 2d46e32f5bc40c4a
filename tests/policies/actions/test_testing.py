"""Sets of policies as files, and the tests that lie beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pilothouse.policies.actions import bundles
from pilothouse.policies.actions.bundles import Bundle, read_content, read_folder
from pilothouse.policies.errors import PolicyInvalid
from pilothouse.policies.versions.checking import checked
from pilothouse.policies.versions.schemas import Checked
from support.governed import known

PERMIT = '@id("permit") permit (principal, action, resource);'
LIMIT = """@id("limit") @approval("manager") forbid (principal, action == Action::"pay_refund", resource)
when { context.arguments.amount.amount_cents > 100 };"""
ONE = {"tool": "pay_refund", "arguments": {"order": "o", "amount": {"amount": "1.01", "currency": "EUR"}}}


def of(tests: object, policies: str = PERMIT + LIMIT) -> Checked:
    text = tests if isinstance(tests, str) else json.dumps(tests)
    return checked(Bundle({"a.cedar": policies, "a.tests.json": text}), known(), "default")


def one(expect: object) -> dict[str, object]:
    return {"tests": [{"name": "one", "action": ONE, "expect": expect}]}


@pytest.mark.parametrize(
    ("expect", "failure"),
    [
        ({"verdict": "require_approval"}, None),
        ({"verdict": "require_approval", "policies": ["limit"], "roles": ["manager"]}, None),
        ({"verdict": "allow"}, "expected allow, got require_approval by limit"),
        (
            {"verdict": "require_approval", "policies": ["permit"]},
            "expected the policies permit, got require_approval by limit",
        ),
        ({"verdict": "require_approval", "roles": []}, "expected the roles none, got manager"),
    ],
)
def test_a_test_says_what_differs(expect: object, failure: str | None) -> None:
    found = of(one(expect))
    assert found.valid
    assert [test.failure for test in found.tests] == [failure]
    assert found.passed == (failure is None)


def test_what_all_tests_have_in_common_is_said_once() -> None:
    text = """
action: {tool: pay_refund, arguments: {order: o, amount: {amount: "1.00", currency: EUR}}}
tests:
  - {name: small, expect: {verdict: allow}}
  - name: large, at a time that YAML would read itself
    action: {at: 2026-01-07T12:00:00Z, arguments: {order: o, amount: {amount: "2", currency: EUR}}}
    expect: {verdict: require_approval}
"""
    found = checked(Bundle({"a.cedar": PERMIT + LIMIT, "a.tests.yaml": text}), known(), "default")
    assert [test.failure for test in found.tests] == [None, None]


@pytest.mark.parametrize(
    "text",
    [
        "tests: [", "3", "{}", '{"tests": []}', '{"tests": 3, "action": {}}', '{"tests": [3], "action": {}}',
        '{"tests": [{"name": "n", "action": {"tool": "t", "surprise": 1}, "expect": {"verdict": "allow"}}]}',
        '{"tests": [{"name": "n", "action": 3, "expect": {"verdict": "allow"}}], "action": {"tool": "t"}}',
        '{"tests": [{"name": "n", "action": {"tool": "t"}, "expect": {"verdict": "maybe"}}]}',
        "tests: !!python/object/apply:os.getcwd []",
    ],
)  # fmt: skip
def test_a_file_of_tests_that_makes_no_sense_is_a_fault(text: str) -> None:
    found = of(text)
    assert not found.valid
    assert "a.tests.json" in found.faults[0]


def test_what_does_not_fit_the_schema_is_a_fault() -> None:
    typo = LIMIT.replace("amount_cents", "amount_cent")
    found = of(one({"verdict": "allow"}), PERMIT + typo)
    assert not found.valid
    assert "a.cedar, limit" in found.faults[0]
    money = LIMIT.replace("> 100", '> decimal("1.0")')
    assert not of(one({"verdict": "allow"}), PERMIT + money).valid


def test_a_policy_that_no_tool_can_match_is_noted() -> None:
    odd = '@id("odd") permit (principal, action == Action::"deploy", resource == Tool::"pay_refund");'
    found = checked(Bundle({"a.cedar": PERMIT + odd}), known(), "default")
    assert not found.valid or found.notes == ("odd can match no tool that is registered here",)


def test_the_same_files_have_the_same_digest_whatever_their_order() -> None:
    first, second = (
        Bundle({"a.cedar": PERMIT, "b.cedar": LIMIT}),
        Bundle({"b.cedar": LIMIT, "a.cedar": PERMIT}),
    )
    assert first.sha256 == second.sha256
    assert first.sha256 != Bundle({"a.cedar": PERMIT + " ", "b.cedar": LIMIT}).sha256
    assert read_content(first.content) == first
    assert [rule.id for rule in second.rules()] == ["permit", "limit"]


def test_a_folder_is_read_without_what_is_beside_the_policies(tmp_path: Path) -> None:
    (tmp_path / "a.cedar").write_text(PERMIT)
    (tmp_path / "a.tests.yaml").write_text("tests: []")
    (tmp_path / "README.md").write_text("Hello")
    (tmp_path / "sub").mkdir()
    assert set(read_folder(tmp_path).files) == {"a.cedar", "a.tests.yaml"}
    (tmp_path / "b.cedar").write_bytes(b"\xff")
    with pytest.raises(PolicyInvalid, match=r"b\.cedar is no UTF-8"):
        read_folder(tmp_path)
    with pytest.raises(PolicyInvalid, match=r"There is no \.cedar file"):
        read_folder(tmp_path / "sub")


def test_a_set_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PolicyInvalid, match="holds neither policies"):
        Bundle({"a.txt": ""})
    monkeypatch.setattr(bundles, "LARGEST", 10)
    with pytest.raises(PolicyInvalid, match="more than 10 characters"):
        Bundle({"a.cedar": PERMIT})
    monkeypatch.setattr(bundles, "LARGEST", 1_000)
    monkeypatch.setattr(bundles, "MOST_POLICIES", 1)
    with pytest.raises(PolicyInvalid, match="2 policies"):
        Bundle({"a.cedar": PERMIT + LIMIT}).rules()
    with pytest.raises(PolicyInvalid, match="cannot be read"):
        Bundle({"a.cedar": "what"}).rules()
