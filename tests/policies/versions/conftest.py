"""Policies of tenants over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.session import Database
from pilothouse.policies.actions.shipped import Shipped
from pilothouse.policies.versions.live import LivePolicies
from pilothouse.policies.versions.recording import ActionPolicies
from pilothouse.policies.versions.repository import PolicyRepository
from pilothouse.policies.versions.schemas import NewDraft
from pilothouse.policies.versions.service import Policies, PolicyParts
from pilothouse.vault.service import Vault
from support.governed import known

Book = Callable[..., AbstractAsyncContextManager[Policies]]


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    made = Database(conninfo, connections=4)
    yield made
    await made.close()


@pytest.fixture
def book(database: Database, vault: Vault) -> Book:
    """The policies of a tenant in a transaction: `async with book("acme") as policies`."""

    @asynccontextmanager
    async def opened(tenant_id: str = "default", shipped: Shipped | None = None) -> AsyncIterator[Policies]:
        scope = Scope(tenant_id, "person:author", local_scope().roles)
        parts = PolicyParts(shipped or known(), vault, SystemClock(), Ids())
        async with database.session(scope) as session:
            yield Policies(PolicyRepository(session, scope), parts, scope)

    return opened


@pytest.fixture
def activated(book: Book) -> Callable[..., Awaitable[int]]:
    """Drafts and activates a set that is one file: `number = await activated(TEXT)`."""

    async def make(text: str, tenant_id: str = "default") -> int:
        async with book(tenant_id) as policies:
            number = (await policies.draft(NewDraft(files={"a.cedar": text}))).number
        async with book(tenant_id) as policies:
            await policies.activate(number)
        return number

    return make


@pytest.fixture
def live(database: Database) -> LivePolicies:
    return LivePolicies(database, known())


@pytest.fixture
def governing(live: LivePolicies, vault: Vault) -> ActionPolicies:
    return ActionPolicies(live, vault, SystemClock(), Ids(), is_personal=lambda name: name == "secret_refund")
