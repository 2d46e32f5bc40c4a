"""A support desk in memory, whose policies are the real ones: a test talks with it as a customer does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from pilothouse import App
from pilothouse.apps.support.application import support_app
from pilothouse.apps.support.knowledge.base import ARTICLES
from pilothouse.apps.support.resources import Resources
from pilothouse.apps.support.shop.memory import MemoryShop
from pilothouse.apps.support.shop.seeding import seeded
from pilothouse.apps.support.shop.store import Shop
from pilothouse.llm.shipping import MODELS
from pilothouse.policies.actions.circumstances import Circumstances
from pilothouse.policies.actions.engine import ActionEngine
from pilothouse.policies.actions.shipped import Brought, shipped
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.governing import Action, Decision, Testimony
from pilothouse.runtime.laddering import Ladders
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.questions import ApprovalVerdict, Given, Reply
from support.rehearsal import Rehearsal


class Rules:
    """The shop's own policies as a governor; what it decided is kept."""

    def __init__(self, engine: ActionEngine) -> None:
        self._engine = engine
        self.decided: list[tuple[Action, Decision]] = []

    async def decide(self, action: Action) -> Decision:
        decision = self._engine.decide(action, Circumstances())
        self.decided.append((action, decision))
        return decision

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        return ()

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        return ()

    async def witness(self, testimony: Testimony) -> Sequence[Statement]:
        return ()


@cache
def _engine() -> ActionEngine:
    app = support_app()
    return shipped([Brought(app.name, app.tools, app.policies), Brought(*MODELS)]).engine()


class Counted(MemoryShop):
    """A shop that counts its changes."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.placed: list[Any] = []

    def place(self, change: Any, *, key: str) -> Any:
        done = super().place(change, key=key)
        self.placed.append(change)
        return done


class Talk:
    """One conversation with a desk over a shop in memory (the one that ships, if none is given)."""

    def __init__(
        self,
        folder: Path,
        shop: MemoryShop | None = None,
        *,
        articles: Path = ARTICLES,
        ladders: Ladders | None = None,
        **instead: Any,
    ) -> None:
        self.shop = shop or Counted(seeded())
        held = Resources(articles=articles, shops=lambda _: Shop(self.shop, self.shop), folder=folder)
        self.app: App = support_app(held, **instead)
        self.rules = Rules(_engine())
        self.run: Rehearsal | None = None
        self.ladders = ladders

    async def say(self, text: Any) -> str:
        """What the desk replies to a message: the question that the run waits with, or its last words."""
        if self.run is None:
            self.run = Rehearsal(self.app.workflows[0], text, governor=self.rules, untrusted=True)
            if self.ladders is not None:
                self.run.services = replace(self.run.services, ladders=self.ladders)
        else:
            self.run.answer(self.run.open_questions[0], text)
        return await self._next()

    async def approve(self, verdict: str = "approve", by: str = "grace") -> str:
        """A person decides about the action that the run waits with; what the customer is told then."""
        assert self.run is not None
        key = self.run.open_questions[0]
        asked = self.question
        given = Given(
            verdict=ApprovalVerdict(verdict),
            digest=asked["approval"]["digest"],
            question=key,
            role=asked["role"],
        )
        reply = Reply(answer=verdict, by=by, approval=given)
        self.run.event(Entry(Kind.ANSWERED, key, reply.model_dump_json().encode()))
        return await self._next()

    async def _next(self) -> str:
        assert self.run is not None
        status = await self.run.until_waiting()
        if status == "waiting":
            return str(self.question["prompt"])
        if status == "failed":
            raise AssertionError(self.run.failure)
        return str(self.outcome["messages"][-1]["text"])

    @property
    def question(self) -> dict[str, Any]:
        """The open question."""
        assert self.run is not None
        key = self.run.open_questions[0]
        found = [entry for entry in self.run.entries if (entry.kind, entry.key) == (Kind.ASKED, key)]
        return dict(orjson.loads(decode(found[-1].codec, found[-1].payload)))

    @property
    def outcome(self) -> dict[str, Any]:
        """How it ended."""
        assert self.run is not None
        return dict(self.run.output)

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The reason cards so far."""
        assert self.run is not None
        return [item["card"] for item in self.run.payloads(Kind.EMITTED) if "card" in item]

    @property
    def told(self) -> list[str]:
        """What was told to the customer without waiting for them."""
        return [card["decision"] for card in self.cards if card["title"] == "Reply"]
