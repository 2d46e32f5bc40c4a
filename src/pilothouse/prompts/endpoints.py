"""The prompts of a tenant over HTTP. In a path tildes stand for the slashes of a name: `support~triage`."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import AfterValidator

from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.kit.slashes import of_part
from pilothouse.prompts.book import PromptBook, etag_of
from pilothouse.prompts.book_schemas import (
    DiffQuery,
    LabelMove,
    LabelRollback,
    LabelShown,
    Move,
    NewPromptVersion,
    PromptQuery,
    PromptShown,
    PromptSummary,
    PromptTested,
    RefQuery,
    ToRender,
    VersionQuery,
    VersionShown,
    VersionSummary,
)
from pilothouse.prompts.schemas import LABEL_PATTERN, Differences, Rendered
from pilothouse.routing import Endpoints

Name = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9][a-z0-9_\-]{0,49}(~[a-z0-9][a-z0-9_\-]{0,49}){0,3}$",
        description="The prompt's name, with tildes for its slashes.",
        examples=["support~triage"],
    ),
    AfterValidator(of_part),
]
LabelName = Annotated[str, Path(pattern=LABEL_PATTERN)]
IfMatch = Annotated[
    str | None,
    Header(max_length=1_000, description="The ETag that the change is based on; another one is refused."),
]
RefPath = Annotated[
    str,
    Path(
        pattern=r"^([1-9][0-9]{0,8}|[a-z][a-z0-9_\-]{0,49})$",
        description="A version's number, a label, or `file` for what an application ships.",
    ),
]
Provide = Callable[..., Awaitable[PromptBook]]


def routes(provide: Provide) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/prompts", tags=["prompts"])
    _versions(router, provide)
    _labels(router, provide)
    _trying(router, provide)
    _prompts(router, provide)
    return router


def _prompts(router: Endpoints, provide: Provide) -> None:
    Provided = Annotated[PromptBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("", responses=documented(400))
    async def list_prompts(prompts: Provided, query: Annotated[PromptQuery, Query()]) -> Page[PromptSummary]:
        """List prompts by name: the tenant's own, and those that applications ship."""
        return await prompts.page(query)

    @router.get("/{name}", responses=documented(400, 404))
    async def show_prompt(prompts: Provided, name: Name) -> PromptShown:
        """Show a prompt: who ships it, and where its labels point."""
        return await prompts.show(name)


def _versions(router: Endpoints, provide: Provide) -> None:
    Provided = Annotated[PromptBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("/{name}/versions", responses=documented(400, 404))
    async def list_prompt_versions(
        prompts: Provided, name: Name, query: Annotated[VersionQuery, Query()]
    ) -> Page[VersionSummary]:
        """List the tenant's versions of a prompt, the newest first."""
        return await prompts.versions(name, query)

    @router.post("/{name}/versions", status_code=201, responses=documented(400, 409))
    async def create_prompt_version(
        prompts: Provided, name: Name, wanted: NewPromptVersion, request: Request, response: Response
    ) -> VersionSummary:
        """Make a version. It is used once a label points to it; the same text again is the same version."""
        made = await prompts.create(name, wanted)
        response.headers["location"] = f"{request.url.path}/{made.number}"
        return made

    @router.get("/{name}/versions/{version}", responses=documented(400, 404))
    async def show_prompt_version(prompts: Provided, name: Name, version: RefPath) -> VersionShown:
        """Show a version: its head, its body, and the file that it was made of."""
        return await prompts.version(name, version)


def _labels(router: Endpoints, provide: Provide) -> None:
    Provided = Annotated[PromptBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("/{name}/labels/{label}", responses=documented(400, 404))
    async def show_prompt_label(
        prompts: Provided, name: Name, label: LabelName, response: Response
    ) -> LabelShown:
        """Show where a label points. The ETag names this, for a change."""
        return _tagged(await prompts.label(name, label), response)

    @router.put("/{name}/labels/{label}", responses=documented(400, 404, 409, 412))
    async def move_prompt_label(
        prompts: Provided,
        name: Name,
        label: LabelName,
        wanted: LabelMove,
        response: Response,
        if_match: IfMatch = None,
    ) -> LabelShown:
        """Let a label point to a version whose tests pass: everywhere within a second."""
        return _tagged(await prompts.move(name, label, wanted, if_match), response)

    @router.delete("/{name}/labels/{label}", status_code=204, responses=documented(400, 404, 412))
    async def remove_prompt_label(
        prompts: Provided, name: Name, label: LabelName, if_match: IfMatch = None
    ) -> None:
        """Let a label point nowhere; `production` then means what an application ships."""
        await prompts.remove(name, label, if_match)

    @router.post("/{name}/rollback", responses=documented(400, 404, 409))
    async def roll_prompt_back(prompts: Provided, name: Name, wanted: LabelRollback) -> PromptShown:
        """Let a label point to where it did before it was moved last: everywhere within a second."""
        return await prompts.rollback(name, wanted)

    @router.get("/{name}/moves", responses=documented(400, 404))
    async def list_prompt_moves(
        prompts: Provided, name: Name, query: Annotated[VersionQuery, Query()]
    ) -> Page[Move]:
        """List who moved which label from where to where, and why; the newest move first."""
        return await prompts.moves(name, query)


def _trying(router: Endpoints, provide: Provide) -> None:
    Provided = Annotated[PromptBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("/{name}/diff", responses=documented(400, 404))
    async def diff_prompt(prompts: Provided, name: Name, query: Annotated[DiffQuery, Query()]) -> Differences:
        """Show what differs between two versions, as unified diffs of head and body."""
        return await prompts.diff(name, query.before, query.after)

    @router.post("/{name}/render", responses=documented(400, 404))
    async def render_prompt(prompts: Provided, name: Name, wanted: ToRender) -> Rendered:
        """Show what a model would be sent. No model is asked."""
        return await prompts.render(name, wanted)

    @router.post("/{name}/test", responses=documented(400, 404))
    async def test_prompt(prompts: Provided, name: Name, query: Annotated[RefQuery, Query()]) -> PromptTested:
        """Run the tests that lie beside a version."""
        return await prompts.test(name, query.version)


def _tagged(label: LabelShown, response: Response) -> LabelShown:
    response.headers["etag"] = etag_of(label)
    return label
