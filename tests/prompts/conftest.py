"""Prompts of tenants over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.prompts.book import PromptBook, PromptParts
from pilothouse.prompts.book_schemas import LabelMove, NewPromptVersion
from pilothouse.prompts.repository import PromptRepository
from pilothouse.prompts.shipped import ShippedPrompts
from pilothouse.vault.service import Vault
from support.prompted import GREET, greeting, shipped

Book = Callable[..., AbstractAsyncContextManager[PromptBook]]
Used = Callable[..., Awaitable[int]]


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    made = Database(conninfo, connections=4)
    yield made
    await made.close()


@pytest.fixture
def book(database: Database, vault: Vault) -> Book:
    """The prompts of a tenant in a transaction: `async with book("acme") as prompts`."""
    brought = shipped()

    @asynccontextmanager
    async def opened(
        tenant_id: str = "default", prompts: ShippedPrompts | None = None
    ) -> AsyncIterator[PromptBook]:
        scope = Scope(tenant_id, "person:author", frozenset({"author"}))
        parts = PromptParts(brought if prompts is None else prompts, vault, SystemClock(), Ids())
        async with database.session(scope) as session:
            yield PromptBook(PromptRepository(session, scope), parts, scope)

    return opened


@pytest.fixture
def used(book: Book) -> Used:
    """Makes a version and labels it: `number = await used("hello")`."""

    async def make(
        word: str, tenant_id: str = "default", *, name: str = GREET, label: str = "production"
    ) -> int:
        async with book(tenant_id) as prompts:
            made = await prompts.create(name, NewPromptVersion(text=greeting(word)))
            assert made.number is not None
            await prompts.move(name, label, LabelMove(version=made.id))
        return made.number

    return make
