"""Feedback over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Query

from pilothouse.feedback.schemas import (
    Feedback,
    FeedbackQuery,
    NewFeedback,
    VersionsFeedback,
    VersionsQuery,
)
from pilothouse.feedback.service import FeedbackBook
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints


def routes(provide: Callable[..., Awaitable[FeedbackBook]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/feedback", tags=["feedback"])
    Provided = Annotated[FeedbackBook, Depends(provide)]  # noqa: N806 - a type

    @router.post("", status_code=201, responses=documented(400, 404, 409))
    async def give_feedback(feedback: Provided, wanted: NewFeedback) -> Feedback:
        """Rate a run, a step or a message. It takes the place of what one has said of the same before."""
        return await feedback.give(wanted)

    @router.get("", responses=documented(400))
    async def list_feedback(feedback: Provided, query: Annotated[FeedbackQuery, Query()]) -> Page[Feedback]:
        """List feedback, the newest first: of one run, of a version of a prompt, of an experiment."""
        return await feedback.page(query)

    @router.get("/versions", responses=documented(400))
    async def list_version_feedback(
        feedback: Provided, query: Annotated[VersionsQuery, Query()]
    ) -> VersionsFeedback:
        """Show how the versions of prompts were rated."""
        return await feedback.versions(query)

    return router
