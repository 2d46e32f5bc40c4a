"""The ladders of a process: by its settings each call is planned, and of the plan its rungs are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from pilothouse.agents.briefing import Briefing
from pilothouse.agents.keeping import CachedRung, Kept
from pilothouse.agents.ladder import Rung
from pilothouse.agents.model_rung import Asker, Keep, ModelRung
from pilothouse.agents.person_rung import PersonRung
from pilothouse.agents.planning import Chosen, PlainPrompting, Plan, Planned, Prompting
from pilothouse.errors import PilothouseError
from pilothouse.llm.service import Line, ModelUnknown, Route
from pilothouse.model_settings import LadderTerms, RungTerms
from pilothouse.runtime.context import Context
from pilothouse.runtime.laddering import Subject

if TYPE_CHECKING:
    from pilothouse.agents.agent import Agent

log = structlog.get_logger(__name__)

ANY = "*"
"""Under this name the settings keep the ladder of all agents that have none of their own."""

Told = Callable[[str, str, str], None]
"""Hears of each rung that was tried: agent, rung, and the code of its failure ("": it has answered)."""


class ModelLadders:
    """What plans and makes the ladders of the agents of a process. Use it within one event loop."""

    def __init__(
        self,
        line: Line,
        terms: Mapping[str, LadderTerms],
        *,
        prompting: Prompting | None = None,
        kept: Kept | None = None,
        told: Told | None = None,
    ) -> None:
        """Plan by `terms`: by an agent's name, `*` for the others. Without `kept` nothing is cached."""
        self._line, self._terms = line, dict(terms)
        self._prompting = prompting or PlainPrompting()
        self._kept, self._told = kept, told
        self._missing: set[str] = set()

    def terms_of(self, agent: str) -> LadderTerms:
        """The ladder that settings give an agent."""
        return self._terms.get(agent) or self._terms.get(ANY) or LadderTerms()

    async def planned(self, subject: Subject, agent: Agent[Any, Any]) -> bytes | None:
        """The ladder of one call; None where no model can be asked and settings name no person."""
        terms = self.terms_of(agent.name)
        if not any(rung.rung in {"model", "person"} for rung in terms.rungs):
            return None
        chosen = Chosen(prompt=agent.prompt or "")
        if self._line.catalogue.providers:
            alias = next((rung.model for rung in terms.rungs if rung.rung == "model"), "")
            chosen = await self._chosen(subject, agent, alias)
        rungs: list[Planned] = []
        for rung in terms.rungs:
            if rung.rung == "model":
                places = sum(each.rung == "model" for each in rungs)
                rungs += [each async for each in self._models(subject.tenant_id, rung, chosen, places)]
            else:
                given = "deadline" in rung.model_fields_set
                deadline = rung.deadline if given else 0.0
                rungs.append(Planned(rung=rung.rung, fresh=rung.fresh, role=rung.role, deadline=deadline))
        if not any(rung.rung in {"model", "person"} for rung in rungs):
            return None
        return Plan(rungs=tuple(rungs), chosen=chosen).model_dump_json().encode()

    def rungs(self, plan: bytes, agent: Agent[Any, Any], own: Sequence[Rung]) -> Sequence[Rung]:
        """The rungs of a plan, in order; `expert` stands for the agent's own ones."""
        read = Plan.model_validate_json(plan)
        briefing = Briefing(
            agent.signature, agent.summary, own, read.chosen, self._prompting, drafts=agent.draft
        )
        asker = Asker(
            *(agent.name, agent.signature, agent.tools, agent.mcp, agent.verify, agent.card),
            model_requests=agent.model_requests,
        )
        return list(self._made(read, asker, briefing, own))

    def tried(self, agent: str, rung: str, failed: str) -> None:
        """Count it."""
        if failed:
            log.info("rung_failed", agent=agent, rung=rung, code=failed)
        if self._told is not None:
            self._told(agent, rung, failed)

    def _made(self, plan: Plan, asker: Asker, briefing: Briefing, own: Sequence[Rung]) -> Iterator[Rung]:
        for planned in plan.rungs:
            if planned.rung == "model":
                yield ModelRung(asker, planned, briefing, self._line, self._keeping(asker, plan, planned))
            elif planned.rung == "cache":
                if self._kept is not None:
                    yield CachedRung(asker, plan, planned, self._kept)
            elif planned.rung == "person":
                yield PersonRung(asker, planned, briefing)
            else:
                yield from (_Own(rung, briefing) for rung in own)

    def _keeping(self, asker: Asker, plan: Plan, planned: Planned) -> Keep | None:
        kept = self._kept
        if kept is None or not any(rung.rung == "cache" for rung in plan.rungs):
            return None

        async def keep(ctx: Context, arguments: tuple[Any, ...], value: Any) -> None:
            await kept.keep(ctx, asker, plan.chosen, planned.model, arguments, value)

        return keep

    async def _chosen(self, subject: Subject, agent: Agent[Any, Any], alias: str) -> Chosen:
        """The prompt's version. Where it cannot be told, the rendering says so: the expert still answers."""
        try:
            return await self._prompting.chosen(subject, agent.prompt or "", alias)
        except PilothouseError as error:
            log.warning("prompt_not_chosen", prompt=agent.prompt, code=error.code, reason=str(error))
            return Chosen(prompt=agent.prompt or "")

    async def _models(self, tenant_id: str, terms: RungTerms, chosen: Chosen, places: int) -> Any:
        """The models behind a rung whose providers can be asked.

        A model that the prompt or an arm wants is tried before those of the first model rung.
        """
        names = [chosen.model, terms.model] if chosen.model and not places else [terms.model]
        tried: set[str] = set()
        for name in names:
            try:
                routes = self._line.catalogue.routes(tenant_id, name)
            except ModelUnknown as error:
                self._say_once(f"no_model:{name}", "model_not_set_up", model=name, reason=str(error))
                continue
            for route in routes:
                if route.id not in tried and await self._usable(route):
                    tried.add(route.id)
                    yield Planned(
                        rung="model", model=route.id, alias=name, place=places, deadline=terms.deadline
                    )
                    places += 1

    async def _usable(self, route: Route) -> bool:
        """Whether there is a key for a provider that takes one, and what speaks with it."""
        try:
            await self._line.providers.model(route)
        except PilothouseError as error:
            self._say_once(f"not_usable:{route.provider}", "provider_not_usable", reason=str(error))
            return False
        return True

    def _say_once(self, what: str, event: str, **told: str) -> None:
        """Say once in a process what agents do without."""
        if what not in self._missing:
            self._missing.add(what)
            log.warning(event, **told, consequence="agents answer without it: their experts stand")


class _Own:
    """One of the agent's own rungs, which may have made a draft already."""

    def __init__(self, rung: Rung, briefing: Briefing) -> None:
        self._rung, self._briefing = rung, briefing

    @property
    def name(self) -> str:
        return self._rung.name

    async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
        return await self._briefing.expert(ctx, self._rung, arguments)
