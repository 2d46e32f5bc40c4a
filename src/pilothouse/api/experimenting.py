"""What those who compare versions ask for: experiments, and what people say of results."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.api.parts import Parts, Scoped
from pilothouse.api.prompting import prompt_parts
from pilothouse.experimenting import origins, promoting
from pilothouse.experiments import endpoints as experiment_endpoints
from pilothouse.experiments.repository import ExperimentRepository
from pilothouse.experiments.service import ExperimentBook
from pilothouse.feedback.endpoints import routes as feedback_routes
from pilothouse.feedback.repository import FeedbackRepository
from pilothouse.feedback.service import FeedbackBook, FeedbackParts
from pilothouse.kit.clock import SystemClock
from pilothouse.routing import Endpoints


def experimenting(parts: Parts) -> Iterator[Endpoints]:
    """Experiments and feedback."""
    session_of, pilothouse, clock = parts.session_of, parts.pilothouse, SystemClock()
    ids = pilothouse.engine.ids
    known = prompt_parts(parts)

    async def experiments(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> ExperimentBook:
        promote = promoting(session, pilothouse.settings, pilothouse.secrets, known)
        return ExperimentBook(ExperimentRepository(session, scope), scope, clock, ids, promote)

    rated = FeedbackParts(pilothouse.engine.guard, pilothouse.vault, clock, ids)

    async def feedback(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> FeedbackBook:
        told = replace(rated, origin_of=origins(session, scope, clock))
        return FeedbackBook(FeedbackRepository(session, scope), scope, told)

    yield experiment_endpoints.making(experiments)
    yield experiment_endpoints.operating(experiments)
    yield feedback_routes(feedback)
