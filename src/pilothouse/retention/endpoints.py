"""Retention over HTTP: rules by workflow, what they would remove, and having them applied."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path

from pilothouse.kit.problems import documented
from pilothouse.retention.schemas import Estimates, Rule, RuleEdit, Rules
from pilothouse.retention.service import Retention
from pilothouse.routing import Endpoints

Workflow = Annotated[
    str,
    Path(
        pattern=r"^(\*|[A-Za-z_][A-Za-z0-9_.\-]{0,99})$",
        description="A workflow's name, or `*` for those without a rule.",
    ),
]


def routes(provide: Callable[..., Awaitable[Retention]]) -> Endpoints:
    """The endpoints of retention; `provide` makes the service for a request."""
    router = Endpoints(prefix="/retention", tags=["retention"])
    Provided = Annotated[Retention, Depends(provide)]  # noqa: N806 - a type

    @router.get("")
    async def list_retention_rules(retention: Provided) -> Rules:
        """List the rules. Without any, finished runs are kept for ever."""
        return await retention.rules()

    @router.get("/estimate")
    async def estimate_retention(retention: Provided) -> Estimates:
        """Tell what applying the rules now would remove."""
        return await retention.estimates()

    @router.post("/apply", status_code=202)
    async def apply_retention(retention: Provided) -> Rules:
        """Have the workers apply the rules now."""
        return await retention.begin()

    @router.put("/{workflow}", responses=documented(400))
    async def put_retention_rule(retention: Provided, workflow: Workflow, edit: RuleEdit) -> Rule:
        """Make or change the rule of a workflow."""
        return await retention.put(workflow, edit)

    @router.delete("/{workflow}", status_code=204, responses=documented(404))
    async def remove_retention_rule(retention: Provided, workflow: Workflow) -> None:
        """Remove the rule of a workflow."""
        await retention.remove(workflow)

    return router
