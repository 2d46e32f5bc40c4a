"""The life of a tenant's prompt: made, labelled, compared, rolled back; nothing is ever changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import ProgrammingError

from pilothouse.errors import Conflict
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.prompts import book as books
from pilothouse.prompts.book import PromptBook
from pilothouse.prompts.book_schemas import (
    LabelMove,
    LabelRollback,
    NewPromptVersion,
    PromptQuery,
    ToRender,
    VersionQuery,
)
from pilothouse.prompts.errors import LabelMoved, PromptInvalid, PromptMissing, PromptTestsFailed
from pilothouse.prompts.shipped import ShippedPrompts
from pilothouse.tenants.repository import Holdings
from support.prompted import GREET, greeting, shipped, text

FILE_ID = shipped().versions[GREET].id
OWN = "shop/bye"


async def create(book: Callable[..., Any], word: str, name: str = GREET, tests: str = "", **said: str) -> str:
    async with book() as prompts:
        return (await prompts.create(name, NewPromptVersion(text=greeting(word), tests=tests, **said))).id


async def move(
    book: Callable[..., Any], version: str, label: str = "production", name: str = GREET, **said: Any
) -> str:
    async with book() as prompts:
        return (await prompts.move(name, label, LabelMove(version=version, **said))).version


async def production(prompts: PromptBook, name: str = GREET) -> str:
    return (await prompts.version(name)).id


async def test_what_is_shipped_is_in_production_until_a_tenant_says_otherwise(book: Any) -> None:
    async with book() as prompts:
        shown = await prompts.show(GREET)
        assert (shown.app, shown.production, shown.shipped, shown.latest) == ("shop", FILE_ID, FILE_ID, None)
        assert (await prompts.label(GREET, "production")).edition == 0
        assert "You greet customers" in (await prompts.version(GREET)).body
    await create(book, "hello")
    async with book() as prompts:
        assert await production(prompts) == FILE_ID
    await move(book, "1", note="better")
    async with book() as prompts:
        assert await production(prompts) == "1"
        assert (await prompts.version(GREET, "file")).id == FILE_ID
    async with book("acme") as prompts:
        assert await production(prompts) == FILE_ID
        with pytest.raises(PromptMissing, match="no version 1"):
            await prompts.version(GREET, "1")


async def test_versions_are_numbered_and_the_same_text_is_the_same_version(book: Any) -> None:
    assert [await create(book, word) for word in ("a", "b", "a", "c")] == ["1", "2", "1", "3"]
    assert await create(book, "a", OWN) == "1"
    tests = "tests: [{name: n, variables: {customer: Ada}, contains: Ada}]"
    assert await create(book, "a", tests=tests) == "4"
    async with book() as prompts:
        page = await prompts.versions(GREET, VersionQuery(limit=3))
        assert [one.number for one in page.items] == [4, 3, 2]
        rest = await prompts.versions(GREET, VersionQuery.model_validate({"cursor": page.next_cursor}))
        assert [one.number for one in rest.items] == [1]
        assert rest.items[0].digest == page.items[0].digest  # only the tests differ
        shown = await prompts.version(GREET, "4")
        assert (shown.text, shown.tests) == (greeting("a"), tests)


async def test_many_at_once_get_numbers_of_their_own(book: Any) -> None:
    made = await asyncio.gather(*(create(book, f"word {n}") for n in range(4)))
    assert sorted(made) == ["1", "2", "3", "4"]


async def test_what_is_not_valid_becomes_no_version(book: Any) -> None:
    async with book() as prompts:
        with pytest.raises(PromptInvalid, match="line 5: the template uses `nobody`"):
            await prompts.create(GREET, NewPromptVersion(text=text("{{ customer }}\n{{ nobody }}")))
        assert (await prompts.versions(GREET, VersionQuery())).items == []


async def test_a_label_moves_to_versions_whose_tests_pass_only(book: Any) -> None:
    tests = "tests: [{name: polite, variables: {customer: Ada}, contains: please}]"
    await create(book, "hello", tests=tests)
    with pytest.raises(PromptTestsFailed, match=r"shop/greet, polite: 'please' is not in it"):
        await move(book, "1")
    async with book() as prompts:
        found = await prompts.test(GREET, "1")
        assert (found.passed, found.tests[0].name) == (False, "polite")
        assert await production(prompts) == FILE_ID


async def test_rolling_back_goes_to_what_was_before_and_once_more_further(book: Any) -> None:
    for word in ("a", "b"):
        await create(book, word)
    for version in ("1", "2", "1", "2"):
        await move(book, version)
    seen = []
    async with book() as prompts:
        for _ in range(4):
            await prompts.rollback(GREET, LabelRollback(note="worse"))
            seen.append(await production(prompts))
        with pytest.raises(Conflict, match="rolled back"):
            await prompts.rollback(GREET, LabelRollback())
    assert seen == ["1", "2", "1", FILE_ID]
    await move(book, "2")
    async with book() as prompts:
        await prompts.rollback(GREET, LabelRollback())
        assert await production(prompts) == FILE_ID


async def test_rolling_back_to_nothing_is_refused_in_production_and_ends_another_label(book: Any) -> None:
    await create(book, "a", OWN)
    with pytest.raises(PromptMissing, match="production of the prompt shop/bye points to no version"):
        async with book() as prompts:
            await prompts.version(OWN)
    await move(book, "1", name=OWN)
    await move(book, "1", "candidate", OWN)
    async with book() as prompts:
        with pytest.raises(Conflict, match="pointed nowhere before"):
            await prompts.rollback(OWN, LabelRollback())
        with pytest.raises(Conflict, match="never moved"):
            await prompts.rollback(OWN, LabelRollback(label="mine"))
        assert (await prompts.rollback(OWN, LabelRollback(label="candidate"))).labels == {"production": "1"}


async def test_each_move_is_kept_with_who_when_from_to_and_why(book: Any) -> None:
    await create(book, "a")
    await move(book, "1", note="better")
    async with book() as prompts:
        await prompts.rollback(GREET, LabelRollback(note="worse"))
        await prompts.move(GREET, "production", LabelMove(version="file"))
        await prompts.remove(GREET, "production")
        moves = (await prompts.moves(GREET, VersionQuery())).items
    assert [(one.kind, one.before, one.after, one.note) for one in moves] == [
        ("removed", FILE_ID, None, ""), ("moved", None, FILE_ID, ""), ("rolled_back", "1", None, "worse"),
        ("moved", None, "1", "better"),
    ]  # fmt: skip
    assert {one.made_by for one in moves} == {"person:author"}


async def test_nobody_overwrites_a_move_that_was_not_seen(book: Any) -> None:
    await create(book, "a")
    async with book() as prompts:
        seen = books.etag_of(await prompts.label(GREET, "production"))
        moved = await prompts.move(GREET, "production", LabelMove(version="1"), seen)
        with pytest.raises(LabelMoved, match="this is edition 1"):
            await prompts.move(GREET, "production", LabelMove(version="file"), seen)
        await prompts.remove(GREET, "production", books.etag_of(moved))
        with pytest.raises(LabelMoved):  # an edition never comes again
            await prompts.move(GREET, "production", LabelMove(version="1"), '"1"')
        assert (await prompts.move(GREET, "production", LabelMove(version="1"), '"1", "2"')).edition == 3


@pytest.mark.parametrize("ref", ["9", "nothing"])
async def test_what_is_not_there_is_told(book: Any, ref: str) -> None:
    async with book() as prompts:
        with pytest.raises(PromptMissing):
            await prompts.version(GREET, ref)
        with pytest.raises(PromptMissing, match=r"There is no prompt shop/gret. Did you mean shop/greet?"):
            await prompts.show("shop/gret")
        with pytest.raises(PromptMissing):
            await prompts.remove(GREET, "production")
        with pytest.raises(Conflict, match="what an application ships"):
            await prompts.move(GREET, "file", LabelMove(version="file"))


async def test_a_label_to_a_file_that_is_no_longer_shipped_says_so(book: Any) -> None:
    await create(book, "a")
    await move(book, "file", "candidate")
    async with book(prompts=ShippedPrompts()) as prompts:
        with pytest.raises(PromptMissing, match="No installed application ships"):
            await prompts.version(GREET, "candidate")


async def test_versions_are_compared_and_rendered(book: Any) -> None:
    for word in ("hello", "goodbye"):
        await create(book, word)
    async with book() as prompts:
        found = await prompts.diff(GREET, "1", "2")
        assert (found.before, found.after, found.head) == ("1", "2", "")
        assert found.body.splitlines()[2:] == [
            "@@ -1 +1 @@", "-Say hello to {{ customer }}.", "+Say goodbye to {{ customer }}.",
        ]  # fmt: skip
        assert "-  max_tokens: 200" in (await prompts.diff(GREET, "production", "2")).head
        wanted = ToRender(version="2", variables={"customer": "Ada"})
        assert (await prompts.render(GREET, wanted)).system == "Say goodbye to Ada."


async def test_all_prompts_are_listed_by_name(book: Any, used: Any) -> None:
    for name in ("a/one", "z/last", OWN):
        await used("x", name=name)
    async with book() as prompts:
        first = await prompts.page(PromptQuery(limit=2))
        assert ([one.name for one in first.items], first.next_cursor) == (["a/one", OWN], OWN)
        rest = await prompts.page(PromptQuery(limit=2, cursor=first.next_cursor))
        assert [(one.name, one.app, one.production, one.latest) for one in rest.items] == [
            (GREET, "shop", FILE_ID, None), ("z/last", None, "1", 1),
        ]  # fmt: skip
        assert rest.next_cursor is None


async def test_a_tenant_has_a_bounded_number_of_prompts(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "MOST_PROMPTS", 1)
    await create(book, "a")
    await create(book, "b")
    with pytest.raises(Conflict, match="as many as there may be"):
        await create(book, "a", OWN)


async def test_texts_are_sealed_and_what_was_done_is_in_the_audit_log(book: Any, conninfo: str) -> None:
    await create(book, "a confidential word", note="first")
    await move(book, "1")
    async with book() as prompts:
        await prompts.rollback(GREET, LabelRollback())
    with psycopg.connect(conninfo) as connection:
        ((told, content),) = connection.execute("select v::text, content from prompt_versions v").fetchall()
        assert "confidential" not in told
        assert b"confidential" not in content
        entries = connection.execute(
            "select subject, leaf from audit_inbox where kind = 'prompt' order by id"
        ).fetchall()
    assert [subject for subject, _ in entries] == ["prompt/shop/greet"] * 3
    for (_, leaf), did in zip(entries, ("created", "moved", "rolled_back"), strict=True):
        assert f'"did":"{did}"'.encode() in leaf
        assert b"confidential" not in leaf


@pytest.mark.parametrize(
    "statement",
    ["update prompt_versions set note = 'x'", "delete from prompt_moves", "delete from prompt_labels"],
)
async def test_what_was_made_is_not_changed_by_those_who_serve_requests(
    database: Database, statement: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.session(Scope("default", "person:author")) as session:
            await session.execute(sql(statement))


async def test_a_tenants_prompts_are_exported_and_erased_with_it(database: Database, book: Any) -> None:
    await create(book, "a")
    tables = {table.name for table in await Holdings(database, "default").tables()}
    assert {"prompt_versions", "prompt_labels", "prompt_moves"} <= tables
