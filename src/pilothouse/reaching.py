"""How people are reached outside the console: what they are told, on which ways, and by which links.

Nobody in particular reads what leaves: it is masked as for somebody without any rights.
"""

from __future__ import annotations

from uuid import UUID

from pilothouse.guards.detector import Detector
from pilothouse.guards.hiding import Hiding
from pilothouse.guards.passing import Guards
from pilothouse.inbox.by_link import ActionLinks, LinkParts
from pilothouse.inbox.masking import masks_by
from pilothouse.inbox.repository import QuestionRepository
from pilothouse.inbox.schemas import Glance
from pilothouse.inbox.service import Questions
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.origin import Origin
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.secret import SecretSource
from pilothouse.kit.session import Database
from pilothouse.notifications.channels import Channels
from pilothouse.notifications.delivering import DeliveryChore, Sources
from pilothouse.notifications.targets import TargetParts
from pilothouse.people.standing import Standings
from pilothouse.policies.service import Authority
from pilothouse.resilience import Registry
from pilothouse.runtime.engine import Engine
from pilothouse.settings import Settings

NOBODY = "notifications"
"""The principal for whom questions are looked at before they are told; it has no role."""


class Reach:
    """Everything of one process by which people are reached. Use it within one event loop."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        engine: Engine,
        sealer: Sealer,
        secrets: SecretSource,
        guards: Guards | None,
        *,
        resilience: Registry | None = None,
    ) -> None:
        """Work through `database`, which is its own; nothing is read or opened before it is needed.

        What is masked is what `guards` find; where there are none, what the rules find.
        """
        self._settings = settings
        self._database = database
        self._engine = engine
        self._sealer = sealer
        self._clock = SystemClock()
        self._standings = Standings(database, sealer)
        self._hiding = Hiding(sealer, lambda: guards.scanner.detector if guards else Detector())
        self._channels = Channels(settings.outgoing_private, self._clock, resilience)
        self.origin = Origin(settings)
        self.authority = Authority()
        self.masks = masks_by(self.authority, self._hiding.of)
        parts = LinkParts(
            database=database,
            engine=engine,
            authority=self.authority,
            secrets=secrets,
            standing_of=self._standings.of,
            masks=self.masks,
            origin=self.origin,
            clock=self._clock,
            allowed=settings.approval_links,
        )
        self.links = ActionLinks(parts)
        sources = Sources(self._glance, self.links.make, self._hiding.of, self.origin)
        self.chore = DeliveryChore(database, sealer, self._channels, sources, self._clock, engine.ids)

    def targets(self, database: Database) -> TargetParts:
        """What the rules of targets work with, over the `database` of requests."""
        return TargetParts(
            database=database,
            sealer=self._sealer,
            channels=self._channels,
            person_here=self._is_here,
            clock=self._clock,
            ids=self._engine.ids,
            links=self._settings.approval_links,
        )

    async def close(self) -> None:
        """Stop sending, and close every connection."""
        await self.chore.close()
        await self._channels.close()

    async def _is_here(self, tenant_id: str, person_id: UUID) -> bool:
        standing = await self._standings.of(person_id)
        return standing is not None and standing.active and standing.tenant_id == tenant_id

    async def _glance(self, tenant_id: str, question_id: UUID) -> Glance | None:
        scope = Scope(tenant_id, NOBODY)
        async with self._database.session(scope) as session:
            repository = QuestionRepository(session, scope)
            questions = Questions(repository, self._engine, scope, self.authority, masks=self.masks)
            return await questions.glance(question_id)
