"""The policies of a tenant over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.policies.actions.comparing import Simulation
from pilothouse.policies.actions.explaining import Explanation
from pilothouse.policies.versions.schemas import (
    Activation,
    Checked,
    DecisionQuery,
    NewDraft,
    PolicyChange,
    PolicyPageQuery,
    PolicyState,
    RecordedDecision,
    Replay,
    Rollback,
    Shadowing,
    ToExplain,
    Version,
    VersionFiles,
    VocabularyShown,
)
from pilothouse.policies.versions.service import Policies
from pilothouse.routing import Endpoints

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Provide = Callable[..., Awaitable[Policies]]


def routes(provide: Provide) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/policies", tags=["policies"])
    _reading(router, provide)
    _changing(router, provide)
    _versions(router, provide)
    return router


def _reading(router: Endpoints, provide: Provide) -> None:
    Provided = Annotated[Policies, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(400))
    async def list_policy_versions(
        policies: Provided, query: Annotated[PolicyPageQuery, Query()]
    ) -> Page[Version]:
        """List the versions of the tenant's policies, the newest first."""
        return await policies.page(query)

    @router.get("/state")
    async def show_policy_state(policies: Provided) -> PolicyState:
        """Show which version is active, which is its shadow, and the sets that applications ship."""
        return await policies.state()

    @router.get("/schema")
    async def show_policy_schema(policies: Provided) -> VocabularyShown:
        """Show the Cedar schema that policies are validated against."""
        return policies.vocabulary()

    @router.get("/changes", responses=documented(400))
    async def list_policy_changes(
        policies: Provided, query: Annotated[PolicyPageQuery, Query()]
    ) -> Page[PolicyChange]:
        """List who made which version active, the newest change first."""
        return await policies.changes(query)

    @router.get("/decisions", responses=documented(400))
    async def list_decisions(
        policies: Provided, query: Annotated[DecisionQuery, Query()]
    ) -> Page[RecordedDecision]:
        """List what was decided of actions, the newest first, without their arguments."""
        return await policies.decisions(query)

    @router.post("/explain", responses=documented(400, 404))
    async def explain_action(policies: Provided, question: ToExplain) -> Explanation:
        """Tell which policies apply to an action and why. Nothing is done or recorded."""
        return await policies.explain(question)


def _changing(router: Endpoints, provide: Provide) -> None:
    Provided = Annotated[Policies, Depends(provide)]  # noqa: N806 - a type

    @router.post("", status_code=201, responses=documented(400))
    async def draft_policies(
        policies: Provided, wanted: NewDraft, request: Request, response: Response
    ) -> Version:
        """Make a version. It has no effect before it is activated."""
        made = await policies.draft(wanted)
        response.headers["location"] = f"{request.url.path}/{made.number}"
        return made

    @router.post("/rollback", responses=documented(400, 404, 409))
    async def roll_policies_back(policies: Provided, wanted: Rollback) -> PolicyState:
        """Go back to a version that was active before."""
        return await policies.rollback(wanted.number, wanted.note)

    @router.put("/shadow", responses=documented(400, 404))
    async def shadow_policies(policies: Provided, wanted: Shadowing) -> PolicyState:
        """Let a version decide beside the active one, and record where both differ; null ends that."""
        return await policies.shadow(wanted.number, wanted.note)


def _versions(router: Endpoints, provide: Provide) -> None:
    Provided = Annotated[Policies, Depends(provide)]  # noqa: N806 - a type

    @router.get("/{number:int}", responses=documented(400, 404))
    async def show_policy_version(policies: Provided, number: Number) -> VersionFiles:
        """Show a version with its files."""
        return await policies.show(number)

    @router.post("/{number:int}/check", responses=documented(400, 404))
    async def check_policies(policies: Provided, number: Number) -> Checked:
        """Tell whether a version is valid: it can be read, each policy has an id, and all fit the schema."""
        return await policies.check(number, with_tests=False)

    @router.post("/{number:int}/test", responses=documented(400, 404))
    async def test_policies(policies: Provided, number: Number) -> Checked:
        """Run the tests that lie beside the policies of a version."""
        return await policies.check(number)

    @router.post("/{number:int}/simulate", responses=documented(400, 404))
    async def simulate_policies(policies: Provided, number: Number, replay: Replay) -> Simulation:
        """Replay past decisions against a version, and show each that would differ."""
        return await policies.simulate(number, replay)

    @router.post("/{number:int}/activate", responses=documented(400, 404, 409))
    async def activate_policies(policies: Provided, number: Number, wanted: Activation) -> PolicyState:
        """Make a version active, if it is valid and its tests pass: everywhere within a second."""
        return await policies.activate(number, wanted.note)
