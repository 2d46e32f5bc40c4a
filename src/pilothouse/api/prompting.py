"""What makes the service of prompts for a request."""

from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.api.parts import Parts, Scoped
from pilothouse.experimenting import uses
from pilothouse.kit.clock import SystemClock
from pilothouse.prompts.book import PromptBook, PromptParts
from pilothouse.prompts.endpoints import routes
from pilothouse.prompts.opening import shipped_by
from pilothouse.prompts.repository import PromptRepository
from pilothouse.routing import Endpoints


def prompt_parts(parts: Parts) -> PromptParts:
    """What the prompts of all tenants have in common in this process."""
    pilothouse = parts.pilothouse
    shipped = shipped_by(pilothouse.apps) if pilothouse.prompts is None else pilothouse.prompts.shipped
    return PromptParts(shipped, pilothouse.vault, SystemClock(), pilothouse.engine.ids)


def prompting(parts: Parts) -> Endpoints:
    """The endpoints of prompts. Raises `SettingsInvalid` where a prompt that is shipped cannot be used."""
    session_of, known = parts.session_of, prompt_parts(parts)
    known.shipped.checked()

    async def prompts(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> PromptBook:
        told = uses(session, scope, known.clock)
        return PromptBook(PromptRepository(session, scope), known, scope, told)

    return routes(prompts)
