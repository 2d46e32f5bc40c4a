"""Budgets over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response

from pilothouse.budgets.schemas import (
    Alerts,
    Budget,
    BudgetQuery,
    BudgetTerms,
    Forecast,
    NewBudget,
    Usages,
)
from pilothouse.budgets.service import BudgetBook, etag_of
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints

IfMatch = Annotated[
    str | None,
    Header(max_length=1_000, description="The ETag that the change is based on; another one is refused."),
]


def routes(provide: Callable[..., Awaitable[BudgetBook]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/budgets", tags=["budgets"])
    Provided = Annotated[BudgetBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(400))
    async def list_budgets(budgets: Provided, query: Annotated[BudgetQuery, Query()]) -> Page[Budget]:
        """List the budgets of the tenant, the newest first."""
        return await budgets.page(query)

    @router.post("", status_code=201, responses=documented(400, 409))
    async def create_budget(
        budgets: Provided, wanted: NewBudget, request: Request, response: Response
    ) -> Budget:
        """Make a budget. It holds for actions within half a second."""
        made = await budgets.create(wanted)
        response.headers["location"] = f"{request.url.path}/{made.id}"
        return _tagged(made, response)

    @router.get("/alerts")
    async def list_budget_alerts(budgets: Provided) -> Alerts:
        """List the latest alerts of the tenant's budgets, the latest first."""
        return await budgets.alerts()

    @router.get("/{budget_id:uuid}", responses=documented(400, 404))
    async def show_budget(budgets: Provided, budget_id: UUID, response: Response) -> Budget:
        """Show a budget. The ETag names the state of its limits, for a change."""
        return _tagged(await budgets.show(budget_id), response)

    @router.put("/{budget_id:uuid}", responses=documented(400, 404, 412))
    async def change_budget(
        budgets: Provided, budget_id: UUID, terms: BudgetTerms, response: Response, if_match: IfMatch = None
    ) -> Budget:
        """Change a budget's limits; what is spent and reserved stays. Send its ETag as `If-Match`."""
        return _tagged(await budgets.change(budget_id, terms, if_match), response)

    @router.delete("/{budget_id:uuid}", status_code=204, responses=documented(400, 404))
    async def delete_budget(budgets: Provided, budget_id: UUID) -> None:
        """Delete a budget with all that was counted."""
        await budgets.delete(budget_id)

    @router.get("/{budget_id:uuid}/usage", responses=documented(400, 404))
    async def show_budget_usage(budgets: Provided, budget_id: UUID) -> Usages:
        """Show what is spent and reserved of a budget in the latest hundred periods, the latest first."""
        return await budgets.usage(budget_id)

    @router.get("/{budget_id:uuid}/forecast", responses=documented(400, 404, 409))
    async def show_budget_forecast(budgets: Provided, budget_id: UUID) -> Forecast:
        """Show what will be spent of a monthly budget by the end of the month."""
        return await budgets.forecast(budget_id)

    return router


def _tagged(budget: Budget, response: Response) -> Budget:
    response.headers["etag"] = etag_of(budget)
    return budget
