"""What those who govern ask for: policies, budgets, usage and switches of a tenant."""

from collections.abc import Iterator
from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.agents.answers import AnswerBook
from pilothouse.agents.endpoints import answer_routes
from pilothouse.agents.repository import AnswerRepository
from pilothouse.api.guarding import guarding
from pilothouse.api.parts import Parts, Scoped
from pilothouse.budgets.endpoints import routes as budget_routes
from pilothouse.budgets.repository import BudgetRepository
from pilothouse.budgets.service import BudgetBook
from pilothouse.guards import endpoints as guard_endpoints
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import HOME_TENANT
from pilothouse.llm.book import ModelBook, model_book
from pilothouse.llm.endpoints import routes as model_routes
from pilothouse.policies.versions.endpoints import routes as policy_routes
from pilothouse.policies.versions.repository import PolicyRepository
from pilothouse.policies.versions.service import Policies, PolicyParts
from pilothouse.routing import Endpoints
from pilothouse.switches import endpoints as switch_endpoints
from pilothouse.switches.repository import SwitchRepository
from pilothouse.switches.service import SwitchBook
from pilothouse.usage.endpoints import routes as usage_routes
from pilothouse.usage.repository import UsageRepository
from pilothouse.usage.service import UsageBook


def governing(parts: Parts) -> Iterator[Endpoints]:
    """Policies and what was decided by them, budgets, usage, and switches."""
    session_of, pilothouse, clock = parts.session_of, parts.pilothouse, SystemClock()
    ids = pilothouse.engine.ids
    known = PolicyParts(pilothouse.policies, pilothouse.vault, clock, ids)

    async def policies(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Policies:
        return Policies(PolicyRepository(session, scope), known, scope)

    async def budgets(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> BudgetBook:
        return BudgetBook(BudgetRepository(session, scope), scope, clock, ids)

    async def usage(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> UsageBook:
        return UsageBook(UsageRepository(session, scope), clock)

    async def switches(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> SwitchBook:
        everybody = scope.tenant_id == HOME_TENANT
        return SwitchBook(SwitchRepository(session, scope, everybody=everybody), scope, clock, ids)

    yield guard_endpoints.looking(guarding(parts))
    yield guard_endpoints.restoring(guarding(parts))
    yield policy_routes(policies)
    yield budget_routes(budgets)
    yield usage_routes(usage)

    async def models(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> ModelBook:
        return model_book(pilothouse.settings, pilothouse.secrets, session, scope)

    async def answers(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> AnswerBook:
        return AnswerBook(AnswerRepository(session, scope))

    yield model_routes(models)
    yield answer_routes(answers)
    yield switch_endpoints.kills(switches)
    yield switch_endpoints.flags(switches)
