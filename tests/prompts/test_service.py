"""Which version is used: labels are kept in memory, moves hold everywhere within a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text as sql

from pilothouse.errors import DatabaseUnavailable, Unavailable
from pilothouse.kit.knowing import BELIEVED
from pilothouse.kit.sealing import Unreadable
from pilothouse.kit.session import Database
from pilothouse.prompts import service
from pilothouse.prompts.book_schemas import LabelRollback
from pilothouse.prompts.errors import PromptMissing
from pilothouse.prompts.schemas import Assigned, Subjects
from pilothouse.prompts.service import Prompts
from pilothouse.runtime.listener import Listener
from pilothouse.vault.service import Vault
from support.prompted import GREET, SUBJECTS, shipped
from support.proxy import Proxy

FILE_ID = shipped().versions[GREET].id


class Hand:
    """A clock that moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Experiment:
    """Assigns everybody to one arm."""

    def __init__(self, assigned: Assigned | Exception | None) -> None:
        self.assigned = assigned
        self.asked: list[tuple[str, str, Subjects]] = []

    async def assign(self, tenant_id: str, prompt: str, subjects: Subjects) -> Assigned | None:
        self.asked.append((tenant_id, prompt, subjects))
        if isinstance(self.assigned, Exception):
            raise self.assigned
        return self.assigned


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def prompts(database: Database, vault: Vault, hand: Hand) -> Prompts:
    return Prompts(database, vault, shipped(), now=hand)


@pytest.fixture
async def listener(conninfo: str) -> AsyncIterator[Listener]:
    made = Listener(conninfo)
    await made.start()
    yield made
    await made.stop()


async def used_now(prompts: Prompts, tenant_id: str = "default", name: str = GREET) -> str:
    chosen = await prompts.chosen(tenant_id, name, SUBJECTS)
    assert (chosen.experiment, chosen.arm, chosen.model) == (None, None, None)
    return chosen.version.id


async def test_the_file_is_used_until_a_tenant_labels_a_version(
    prompts: Prompts, used: Any, hand: Hand
) -> None:
    assert await used_now(prompts) == FILE_ID
    await used("hello")
    hand.seconds += BELIEVED
    assert await used_now(prompts) == "1"
    assert await used_now(prompts, "acme") == FILE_ID
    found = await prompts.version("default", GREET)
    assert found.body == "Say hello to {{ customer }}."
    assert await prompts.version("default", GREET, "1") is found
    assert (await prompts.version("default", GREET, found.digest)).number == 1
    assert (await prompts.version("default", GREET, "file")).id == FILE_ID
    assert (await prompts.version("acme", GREET, shipped().versions[GREET].digest)).id == FILE_ID


async def test_a_move_is_heard_of_by_notification(
    prompts: Prompts, listener: Listener, used: Any, book: Any
) -> None:
    prompts.following(listener)  # the clock stands still: only what is heard matters
    assert await used_now(prompts) == FILE_ID
    await used("hello")
    async with asyncio.timeout(1):
        while await used_now(prompts) == FILE_ID:
            await asyncio.sleep(0.005)
    async with book() as editing:
        await editing.rollback(GREET, LabelRollback())
    async with asyncio.timeout(1):
        while await used_now(prompts) == "1":
            await asyncio.sleep(0.005)


async def test_a_move_whose_notification_was_lost_holds_once_what_is_known_is_old(
    prompts: Prompts, used: Any, hand: Hand
) -> None:
    assert BELIEVED < 1
    assert await used_now(prompts) == FILE_ID
    await used("hello")
    assert await used_now(prompts) == FILE_ID
    hand.seconds += BELIEVED
    assert await used_now(prompts) == "1"


async def test_while_the_database_is_away_what_was_read_last_holds(
    conninfo: str, vault: Vault, used: Any, hand: Hand
) -> None:
    await used("hello")
    with Proxy(conninfo) as proxy:
        database = Database(proxy.conninfo, connections=2, patience=0.2)
        prompts = Prompts(database, vault, shipped(), now=hand)
        assert await used_now(prompts) == "1"
        proxy.drop(refuse=True)
        hand.seconds += 60
        assert await used_now(prompts) == "1"
        with pytest.raises(Unavailable):
            await used_now(prompts, "acme")  # of whom nothing was read
        proxy.refusing = False
        await used("bye")
        hand.seconds += BELIEVED
        assert await used_now(prompts) == "2"
        await database.close()


async def test_what_does_not_exist_is_told(prompts: Prompts, used: Any) -> None:
    with pytest.raises(
        PromptMissing, match=r"No version of the prompt shop/gret is in production. Did you mean"
    ):
        await used_now(prompts, name="shop/gret")
    await used("x")
    for ref in ("9", "candidate", "f" * 64):
        with pytest.raises(PromptMissing, match="has no version"):
            await prompts.version("default", GREET, ref)


async def test_an_experiment_says_which_version_and_model(prompts: Prompts, used: Any) -> None:
    await used("hello")
    await used("bye", label="candidate")
    prompts.assigner = Experiment(Assigned(experiment="tone", arm="b", version="2", model="cheap"))
    chosen = await prompts.chosen("default", GREET, SUBJECTS)
    assert (chosen.version.id, chosen.experiment, chosen.arm, chosen.model) == ("2", "tone", "b", "cheap")
    assert prompts.assigner.asked == [("default", GREET, SUBJECTS)]
    prompts.assigner = Experiment(Assigned(experiment="tone", arm="a"))
    chosen = await prompts.chosen("default", GREET, SUBJECTS)
    assert (chosen.version.id, chosen.arm, chosen.model) == ("1", "a", None)


@pytest.mark.parametrize(
    "assigned",
    [None, Assigned(experiment="tone", arm="b", version="99"), DatabaseUnavailable("away")],
)
async def test_an_experiment_that_cannot_be_followed_is_passed_over(
    prompts: Prompts, used: Any, assigned: Any
) -> None:
    await used("hello")
    prompts.assigner = Experiment(assigned)
    assert await used_now(prompts) == "1"


async def test_many_ask_at_once_and_the_database_is_asked_once(
    prompts: Prompts, used: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await used("hello")
    asked, kept = [], service.PromptRepository.pointers

    async def pointers(self: Any) -> Any:
        asked.append(1)
        return await kept(self)

    monkeypatch.setattr(service.PromptRepository, "pointers", pointers)
    found = await asyncio.gather(*(prompts.version("default", GREET) for _ in range(50)))
    assert {one.id for one in found} == {"1"}
    assert len(asked) == 1


async def test_a_look_from_before_a_move_is_not_believed_after_it(
    prompts: Prompts, used: Any, hand: Hand
) -> None:
    await used("hello")
    slow = asyncio.create_task(prompts.version("default", GREET))
    await asyncio.sleep(0)
    await used("bye")
    prompts.changed("default")
    hand.seconds += 0.1
    assert (await prompts.version("default", GREET)).id == "2"
    await slow
    assert (await prompts.version("default", GREET)).id == "2"
    await used("third")
    prompts.changed(None)
    assert (await prompts.version("default", GREET)).id == "3"


async def test_memory_is_bounded(
    database: Database, vault: Vault, used: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_VERSIONS", 1)
    prompts = Prompts(database, vault, shipped(), most=1)
    await used("hello")
    await used("bye")
    for ref in ("1", "2"):
        await prompts.version("default", GREET, ref)
    for tenant in ("default", "acme"):
        await prompts.version(tenant, GREET)
    assert (prompts.known.tenants, len(prompts._versions)) == (("acme",), 1)


async def test_a_text_that_was_tampered_with_is_not_used(
    database: Database, prompts: Prompts, used: Any
) -> None:
    await used("hello")
    await used("bye", "acme")
    async with database.maintenance() as session:
        swap = """update prompt_versions v set content = o.content from prompt_versions o
                   where v.tenant_id = 'default' and o.tenant_id = 'acme'"""
        await session.execute(sql(swap))
    with pytest.raises(Unreadable):
        await used_now(prompts)
