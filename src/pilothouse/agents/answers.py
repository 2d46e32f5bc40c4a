"""The answers that models gave and that are kept, as a tenant looks after them."""

from __future__ import annotations

import structlog

from pilothouse.agents.repository import AnswerRepository
from pilothouse.agents.schemas import Forgotten

log = structlog.get_logger(__name__)


class AnswerBook:
    """The kept answers of the scope's tenant."""

    def __init__(self, repository: AnswerRepository) -> None:
        """Forget what is in `repository`."""
        self._repository = repository

    async def clear(self, agent: str | None = None) -> Forgotten:
        """Forget the answers of one agent, or of all."""
        count = await self._repository.clear(agent)
        log.info("model_answers_cleared", agent=agent, answers=count)
        return Forgotten(answers=count)
