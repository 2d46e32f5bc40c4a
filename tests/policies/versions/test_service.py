"""The life of a tenant's policies: versions stay as they are, and only what is sound becomes active."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import exc, text

from pilothouse.errors import Conflict, NotFound
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.policies.errors import PolicyInvalid, PolicyTestsFailed
from pilothouse.policies.versions.schemas import NewDraft, PolicyPageQuery, ToExplain
from support.governed import known

PERMIT = '@id("permit") permit (principal, action, resource);'
LIMIT = """@id("limit") @approval("manager") forbid (principal, action == Action::"pay_refund", resource)
when { context.arguments.amount.amount_cents > 100 };"""
REFUND = {"tool": "pay_refund", "arguments": {"order": "o", "amount": {"amount": "2", "currency": "EUR"}}}
TESTS = '{"tests": [{"name": "n", "action": {"tool": "ring"}, "expect": {"verdict": "deny"}}]}'
Activated = Callable[..., Awaitable[int]]


async def drafted(book: Any, tenant_id: str = "default", **files: str) -> int:
    named = {name.replace("_", "."): content for name, content in files.items()}
    async with book(tenant_id) as policies:
        return int((await policies.draft(NewDraft(files=named, note="because"))).number)


async def test_versions_are_numbered_and_keep_their_files_digest_author_and_parent(book: Any) -> None:
    first = await drafted(book, a_cedar=PERMIT)
    async with book() as policies:
        await policies.activate(first)
    second = await drafted(book, a_cedar=PERMIT + LIMIT)
    async with book() as policies:
        shown = await policies.show(second)
        page = await policies.page(PolicyPageQuery())
    assert (first, second) == (1, 2)
    assert (shown.parent, shown.made_by, shown.note, shown.policies) == (1, "person:author", "because", 2)
    assert shown.files == {"a.cedar": PERMIT + LIMIT}
    assert [(item.number, item.active) for item in page.items] == [(2, False), (1, True)]
    assert len(shown.sha256) == 64


async def test_the_same_files_again_are_the_same_version(book: Any) -> None:
    assert [await drafted(book, a_cedar=PERMIT) for _ in range(2)] == [1, 1]
    assert await drafted(book, a_cedar=PERMIT + LIMIT) == 2
    assert await drafted(book, a_cedar=PERMIT) == 3


@pytest.mark.parametrize(
    "change", ["update policy_versions set content = 'x'", "delete from policy_versions"]
)
async def test_nobody_who_serves_requests_can_change_a_version(
    book: Any, database: Database, change: str
) -> None:
    await drafted(book, a_cedar=PERMIT)
    with pytest.raises(exc.ProgrammingError, match="permission denied"):
        async with database.session(Scope("default", "p")) as session:
            await session.execute(text(change))


async def test_tenants_see_their_own_only(book: Any) -> None:
    await drafted(book, "acme", a_cedar=PERMIT)
    assert await drafted(book, a_cedar=LIMIT) == 1
    async with book() as policies:
        assert (await policies.show(1)).files == {"a.cedar": LIMIT}
        with pytest.raises(NotFound, match="no version 2"):
            await policies.show(2)


@pytest.mark.parametrize(
    ("files", "error", "told"),
    [
        ({"a_cedar": "permit ("}, PolicyInvalid, "cannot be read"),
        ({"a_cedar": LIMIT.replace("amount_cents", "euros")}, PolicyInvalid, "euros"),
        ({"a_cedar": PERMIT, "b_cedar": PERMIT}, PolicyInvalid, "that of two policies"),
        ({"a_cedar": PERMIT, "a_tests_json": TESTS}, PolicyTestsFailed, "expected deny, got allow"),
        ({"a_cedar": PERMIT, "a_tests_json": "{}"}, PolicyInvalid, "a.tests.json"),
    ],
)
async def test_what_is_not_valid_or_fails_its_tests_cannot_be_activated(
    book: Any, files: dict[str, str], error: type[Exception], told: str
) -> None:
    number = await drafted(book, **files)
    async with book() as policies:
        assert not (await policies.check(number)).passed
        with pytest.raises(error, match=told.replace(".", r"\.")):
            await policies.activate(number)
    async with book() as policies:
        assert (await policies.state()).active is None


async def test_a_rollback_goes_back_a_step_at_a_time_until_there_is_none(book: Any) -> None:
    numbers = [await drafted(book, a_cedar=PERMIT + f"// {number}") for number in range(3)]
    for number in numbers:
        async with book() as policies:
            await policies.activate(number, "forwards")
    seen = []
    for _ in range(3):
        async with book() as policies:
            seen.append((await policies.rollback(note="back")).active)
    assert seen == [2, 1, None]
    async with book() as policies:
        with pytest.raises(Conflict, match="No version is active"):
            await policies.rollback()
        assert (await policies.rollback(3)).active == 3
        changes = (await policies.changes(PolicyPageQuery())).items
    assert [(one.kind, one.before, one.after) for one in changes[:3]] == [
        ("rolled_back", None, 3), ("rolled_back", 1, None), ("rolled_back", 2, 1),
    ]  # fmt: skip
    assert (changes[-1].kind, changes[-1].note, changes[-1].made_by) == (
        "activated",
        "forwards",
        "person:author",
    )


async def test_a_rollback_is_to_what_was_active(book: Any, activated: Activated) -> None:
    async with book() as policies:
        with pytest.raises(Conflict):
            await policies.rollback()
    await activated(PERMIT)
    other = await drafted(book, a_cedar=PERMIT + LIMIT)
    async with book() as policies:
        with pytest.raises(Conflict, match="Version 2 was never active"):
            await policies.rollback(other)


async def test_what_became_invalid_meanwhile_is_not_gone_back_to(
    book: Any, activated: Activated, tmp_path: Any
) -> None:
    await activated(PERMIT)
    await activated(LIMIT)
    (tmp_path / "base.cedar").write_text(PERMIT)
    async with book(shipped=known(shop=tmp_path)) as policies:
        with pytest.raises(PolicyInvalid, match="the id permit"):
            await policies.rollback()


async def test_a_shadow_has_to_be_valid_and_ends_when_it_becomes_active(
    book: Any, activated: Activated
) -> None:
    await activated(PERMIT)
    number, broken = await drafted(book, a_cedar=PERMIT + LIMIT), await drafted(book, a_cedar="permit (")
    async with book() as policies:
        with pytest.raises(PolicyInvalid, match="cannot run as a shadow"):
            await policies.shadow(broken)
        state = await policies.shadow(number)
        assert (state.active, state.shadow) == (1, number)
        state = await policies.activate(number)
        assert (state.active, state.shadow) == (number, None)
        await policies.shadow(1)
        assert (await policies.shadow(None)).shadow is None
        assert (await policies.changes(PolicyPageQuery())).items[0].kind == "unshadowed"


async def test_an_action_is_explained_by_the_active_version_or_another(
    book: Any, activated: Activated
) -> None:
    asked = ToExplain.model_validate({"action": REFUND})
    async with book() as policies:
        assert "No policy is active." in (await policies.explain(asked)).decision.reasons
    await activated(PERMIT + LIMIT)
    await activated(PERMIT)
    async with book() as policies:
        assert (await policies.explain(asked)).decision.verdict == "allow"
        older = await policies.explain(asked.model_copy(update={"number": 1}))
    assert (older.decision.verdict, older.decision.version) == ("require_approval", "tenant:1")


async def test_the_schema_is_shown(book: Any) -> None:
    async with book() as policies:
        shown = policies.vocabulary()
    assert 'action "pay_refund"' in shown.cedar
    assert shown.notes


async def test_what_was_active_before_has_to_be_named_once_nobody_knows(
    book: Any, activated: Activated, database: Database
) -> None:
    await activated(PERMIT)
    async with database.maintenance() as session:
        await session.execute(text("update policy_changes set kind = 'rolled_back'"))
    async with book() as policies:
        with pytest.raises(Conflict, match="not known any more"):
            await policies.rollback()
        assert (await policies.rollback(1)).active == 1
