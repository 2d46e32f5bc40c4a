"""Kept answers of models."""

from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.api.parts import Parts, Scoped
from pilothouse.protocols.openai.endpoints import routes
from pilothouse.protocols.openai.service import KeptAnswers
from pilothouse.routing import Endpoints


def keeping(parts: Parts) -> Endpoints:
    """What is kept of models' answers."""
    session_of = parts.session_of

    async def kept(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> KeptAnswers:
        return parts.gateway.kept(scope, session)

    return routes(kept)
