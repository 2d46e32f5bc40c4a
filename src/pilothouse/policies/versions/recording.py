"""Decides actions by the policies that hold, and gives what writes each decision down beside its append."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.sealing import Place, Sealer
from pilothouse.policies.actions.comparing import Answered
from pilothouse.policies.actions.given import written
from pilothouse.policies.versions.live import Hot, LivePolicies
from pilothouse.policies.versions.repository import recorded
from pilothouse.policies.versions.tables import SEALED
from pilothouse.runtime.entries import Codec, encode
from pilothouse.runtime.governing import Action, Decision, Mark
from pilothouse.runtime.ports import Statement


class ActionPolicies:
    """Decides actions by the policies of their tenants. Use it within one event loop."""

    def __init__(
        self,
        live: LivePolicies,
        sealer: Sealer,
        clock: Clock,
        ids: Ids,
        *,
        is_personal: Callable[[str], bool] | None = None,
    ) -> None:
        """Requests of workflows that are personal are sealed, and all that carry the mark."""
        self._live = live
        self._sealer = sealer
        self._clock = clock
        self._ids = ids
        self._is_personal = is_personal or (lambda _: False)

    async def decide(self, action: Action) -> Decision:
        """The decision of now. Raises what the database raises where it has to be asked."""
        hot = await self._live.of(action.tenant_id)
        return hot.engine.decide(self._timed(action), hot.around)

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        """What writes `decision` down, with what the tenant's shadow says of the same action.

        Raises what the sealer raises where the request is personal.
        """
        action = self._timed(action)
        hot = await self._live.of(action.tenant_id)
        id_, answer = self._ids.new(), Answered.of(decision)
        codec, request = await self._stored(action, hot, str(id_))
        shadow = None if hot.shadow is None else Answered.of(hot.shadow.decide(action, hot.around))
        return [
            recorded(
                id=id_,
                tenant_id=action.tenant_id,
                run_id=action.run_id,
                engagement_id=action.engagement_id,
                step=action.step,
                tool=action.tool,
                at=action.at,
                verdict=answer.verdict.value,
                policies=list(answer.policies),
                roles=list(answer.roles),
                reasons=list(answer.reasons),
                version=answer.version,
                codec=int(codec),
                request=request,
                shadow=hot.standing.shadow if shadow else None,
                shadow_verdict=shadow.verdict.value if shadow else None,
                shadow_policies=list(shadow.policies) if shadow else None,
                shadow_roles=list(shadow.roles) if shadow else None,
                differs=shadow is not None and answer.differs(shadow),
            )
        ]

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        """Nothing to write: what was decided is recorded."""
        return ()

    def _timed(self, action: Action) -> Action:
        return action if action.at is not None else replace(action, at=self._clock.now())

    async def _stored(self, action: Action, hot: Hot, row: str) -> tuple[int, bytes]:
        codec, stored = encode(written(action, hot.around))
        if Mark.PERSONAL not in action.marks and not self._is_personal(action.workflow):
            return codec, stored
        place = place_of(action.tenant_id, row)
        return Codec.ENCRYPTED, await self._sealer.seal(place, bytes((codec,)) + stored)


def place_of(tenant_id: str, row: str) -> Place:
    """Where the request of a decision stands."""
    return Place(tenant_id, SEALED.table, row, SEALED.column)
