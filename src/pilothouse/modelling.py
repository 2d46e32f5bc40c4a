"""What speaks with models, composed: providers, prices, prompts and kept answers as the ladders of agents.

It is loaded where settings name models; without any, experts answer alone and nothing of this is in the way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog

from pilothouse.agents.repository import forget_everywhere
from pilothouse.experiments.schemas import Observation
from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.secret import SecretSource
from pilothouse.kit.session import Database
from pilothouse.llm.catalogue import Catalogue
from pilothouse.llm.overriding import Overrides
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.listener import MODELS
from pilothouse.settings import Settings
from pilothouse.telemetry.service import Telemetry
from pilothouse.usage.schemas import Call
from pilothouse.usage.service import Prices

if TYPE_CHECKING:  # the rest speaks with providers, which takes seconds to load
    from pilothouse.agents.ladders import Told
    from pilothouse.experiments.service import Experiments
    from pilothouse.prompts.service import Prompts
    from pilothouse.resilience import Registry
    from pilothouse.runtime.ports import Statement

log = structlog.get_logger(__name__)

LOOK = 3_600.0
"""Seconds between two removals of answers that no ladder takes any more."""

ASKED = frozenset(
    {"ok", "provider_failed", "provider_busy", "provider_refused", "provider_closed", "stream_cut"}
    | {"deadline_exceeded", "stopped"}
)
"""Outcomes of calls by which an experiment judges an arm. Where nobody was asked (an open breaker, no place,
a kill switch) nothing is known of it."""


def models_of(
    settings: Settings,
    secrets: SecretSource,
    database: Database,
    telemetry: Telemetry | None,
    resilience: Registry,
    prompts: Prompts,
    *,
    sealer: Sealer,
) -> Modelling | None:
    """What speaks with models; None where settings name neither a provider nor a ladder: said once."""
    if not settings.providers and not settings.ladders:
        log.info("no_models", consequence="settings name no provider: the experts of agents answer")
        return None
    told = telemetry.rung_tried if telemetry is not None else None
    return Modelling(settings, secrets, database, resilience, prompts, sealer=sealer, told=told)


class Modelling:
    """The models of a process. Use it within one event loop."""

    def __init__(
        self,
        settings: Settings,
        secrets: SecretSource,
        database: Database,
        resilience: Registry,
        prompts: Prompts,
        *,
        sealer: Sealer,
        told: Told | None = None,
    ) -> None:
        """Ask as `settings` say, with keys from `secrets`.

        Aliases and kept answers are in `database`, the answers sealed by `sealer`. Each model is a dependency
        in `resilience`, and agents are prompted by `prompts`. Rungs that were tried are `told`. Nothing is
        read before `open`.
        """
        from pilothouse.agents.keeping import Kept
        from pilothouse.agents.ladders import ModelLadders
        from pilothouse.agents.prompting import StoredPrompting
        from pilothouse.llm.service import GuardedCalls, Line, Providers

        self.catalogue = Catalogue(settings.providers, settings.models)
        self.providers = Providers(secrets)
        self.calls = GuardedCalls(resilience)
        self.experiments: Experiments | None = None
        clock = SystemClock()
        prices = Prices(settings.model_prices, settings.providers)
        self.line = Line(
            self.catalogue, self.providers, prices, clock, Ids(), self.calls, counted=self._counted
        )
        self.ladders = ModelLadders(
            self.line,
            settings.ladders,
            prompting=StoredPrompting(prompts),
            kept=Kept(database, clock, sealer),
            told=told,
        )
        fresh = (rung.fresh for each in settings.ladders.values() for rung in each.rungs)
        self.chore = AnswerChore(database, clock, fresh)
        self._overrides = Overrides(database, self.catalogue)

    async def open(self, engine: Engine, stack: AsyncExitStack, experiments: Experiments) -> None:
        """Read what tenants have set, and hear of every change. Raises `DatabaseUnavailable`.

        Calls that are part of one of `experiments` are counted there, in the append that journals them.
        """
        self.experiments = experiments
        stack.push_async_callback(self.providers.close)
        engine.chores.append(self.chore)
        if not self.catalogue.providers:
            return
        stack.callback(engine.listener.on(MODELS, lambda _: self._overrides.changed()))
        stack.push_async_callback(self._overrides.close)
        await self._overrides.open()

    def _counted(self, call: Call) -> Sequence[Statement]:
        """What counts a call for the experiment that it is part of."""
        if self.experiments is None or not call.experiment or call.outcome not in ASKED:
            return ()
        return (self.experiments.statement(observed(call)),)


def observed(call: Call) -> Observation:
    """What came of a call, as experiments count it. One that wishes for tools is as good as a valid one."""
    failed = call.outcome != "ok"
    return Observation(
        tenant_id=call.tenant_id,
        experiment=call.experiment,
        arm=call.arm,
        at=call.at,
        valid=not failed and call.valid is not False,
        error=failed,
        repairs=call.repairs,
        tokens=call.tokens.total,
        cost=call.cost,
        latency_ms=call.latency_ms,
    )


class AnswerChore:
    """Removes kept answers that are older than any ladder takes them."""

    name = "model_answers"

    def __init__(self, database: Database, clock: Clock, fresh: Iterable[float]) -> None:
        """Keep them as long as the longest of `fresh` seconds, a week at least."""
        self._database, self._clock = database, clock
        self._longest = dt.timedelta(seconds=max([*fresh, 7 * 86_400.0]))

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Remove what is too old; again in an hour."""
        async with self._database.maintenance() as session:
            await forget_everywhere(session, self._clock.now() - self._longest)
        return now + dt.timedelta(seconds=LOOK)
