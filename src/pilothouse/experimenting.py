"""What experiments and feedback know of prompts, models and usage, within a session of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.errors import Conflict
from pilothouse.experiments.schemas import Arm
from pilothouse.experiments.service import Promote
from pilothouse.feedback.repository import FeedbackRepository
from pilothouse.feedback.schemas import Origin
from pilothouse.feedback.service import OriginOf
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import parse
from pilothouse.kit.scope import Scope
from pilothouse.kit.secret import SecretSource
from pilothouse.llm.book import model_book
from pilothouse.llm.catalogue import Catalogue
from pilothouse.llm.schemas import AliasTerms
from pilothouse.prompts.book import PromptBook, PromptParts, Uses
from pilothouse.prompts.book_schemas import LabelMove, VersionUse
from pilothouse.prompts.repository import PromptRepository
from pilothouse.prompts.schemas import FILE, OF_MODELS, PRODUCTION
from pilothouse.settings import Settings
from pilothouse.usage.repository import UsageRepository
from pilothouse.usage.schemas import Sums
from pilothouse.usage.service import UsageBook

MOST_MODELS = 10
"""Models behind an alias."""

_SUMS = set(VersionUse.model_fields) & set(Sums.model_fields)
_DIGEST = re.compile("[0-9a-f]{64}")


def origins(session: AsyncSession, scope: Scope, clock: Clock) -> OriginOf:
    """What tells by the rows of usage what has produced a step."""
    usage = UsageBook(UsageRepository(session, scope), clock)

    async def origin_of(_: str, run_id: UUID, step: str) -> Origin | None:
        found = await usage.produced(run_id, step)
        if found is None:
            return None
        experiment = parse(found.experiment, "experiment") if found.experiment else None
        return Origin(found.prompt, found.version or None, experiment, found.arm or None)

    return origin_of


def uses(session: AsyncSession, scope: Scope, clock: Clock) -> Uses:
    """What tells by usage and feedback what came of the versions of a prompt."""
    usage, feedback = UsageBook(UsageRepository(session, scope), clock), FeedbackRepository(session, scope)

    async def used(prompt: str) -> Mapping[str, VersionUse]:
        taken = await usage.of_prompt(prompt)
        rated = {one.version: one for one in await feedback.versions(prompt)}
        found: dict[str, VersionUse] = {}
        for version in sorted({*taken, *rated} - {""}):
            sums = taken.get(version, Sums()).model_dump(include=_SUMS)
            said = rated.get(version)
            told = {} if said is None else {"ratings": said.ratings, "rating": said.mean}
            found[version] = VersionUse(version=version, **sums, **told)
        return found

    return used


def promoting(
    session: AsyncSession, settings: Settings, secrets: SecretSource, prompts: PromptParts
) -> Promote:
    """What makes a winner what calls do from now on: its version is in production, or its model comes first.

    A winner that does what is done anyway (the control, as a rule) changes nothing.
    """

    async def promote(scope: Scope, about: str, arm: Arm) -> None:
        if about.startswith(OF_MODELS):
            await _put_first(session, scope, settings, secrets, about.removeprefix(OF_MODELS), arm)
            return
        if arm.model is not None:
            raise Conflict(
                f"The arm {arm.name} asks for the model {arm.model}, which a version says in its head.",
                hint=f"Make a version of {about} with `model: {arm.model}`, label it, and name no winner.",
            )
        if arm.version is not None and arm.version != PRODUCTION:
            repository = PromptRepository(session, scope)
            book = PromptBook(repository, prompts, scope)
            target = await _target(book, repository, about, arm.version)
            note = f"The arm {arm.name} has won an experiment."
            await book.move(about, PRODUCTION, LabelMove(version=target, note=note))

    return promote


async def _target(book: PromptBook, repository: PromptRepository, name: str, ref: str) -> str:
    """What a label can point to for a version that is named by a number, a label or a digest."""
    if _DIGEST.fullmatch(ref):
        row = await repository.by_digest(name, ref)
        return FILE if row is None else str(row.number)
    number = (await book.version(name, ref)).number
    return FILE if number is None else str(number)


async def _put_first(
    session: AsyncSession, scope: Scope, settings: Settings, secrets: SecretSource, alias: str, arm: Arm
) -> None:
    """Put an arm's model before those that stand behind an alias already, which are its fallbacks.

    Raises `ModelUnknown`.
    """
    if arm.model is None:
        return
    book, catalogue = model_book(settings, secrets, session, scope), Catalogue(settings.providers, {})
    behind = {shown.alias: [model.id for model in shown.models] for shown in (await book.all()).items}
    first = behind.get(arm.model) or [route.id for route in catalogue.routes(scope.tenant_id, arm.model)]
    models = list(dict.fromkeys([*first, *behind.get(alias, [])]))[:MOST_MODELS]
    await book.put(alias, AliasTerms(models=models))
