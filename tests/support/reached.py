"""A shop whose refunds are approved, served for real, and what tells people about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import orjson
import psycopg
import pytest

from pilothouse import App, Context, workflow
from pilothouse.kit.clock import SystemClock
from pilothouse.notifications.delivering import DeliveryChore
from pilothouse.runtime.governing import Requirement
from pilothouse.server import Serving
from support.approvals import Policy, Till
from support.receiver import Receiver, receiving
from support.signed import signed

UNLIMITED = dict.fromkeys(("limit_address", "limit_user", "limit_user_hour", "limit_costly"), 0)
ADDRESS = "ada.lovelace@example.com"


@workflow("asking")
async def asking(ctx: Context, text: str) -> str:
    return await ctx.ask(text, expires_after=dt.timedelta(minutes=4), default="none")


@workflow("asking-in-private", personal=True)
async def asking_in_private(ctx: Context, text: str) -> str:
    return await ctx.ask(text)


@dataclass(frozen=True)
class Link:
    """A link that was sent, whose it is, and the question that it is about."""

    person: str
    question: dict[str, Any]
    token: str
    url: str

    @property
    def digest(self) -> str:
        return str(self.question["action"]["digest"])


@dataclass
class Shop:
    """A server with its worker, and the chore that tells people; `receiver` plays the outside system."""

    client: httpx.AsyncClient
    serving: Serving
    policy: Policy
    till: Till
    receiver: Receiver
    conninfo: str = field(repr=False)

    @property
    def chore(self) -> DeliveryChore:
        return self.serving.reach.chore

    async def tend(self, later: float = 0) -> None:
        """What workers do when it is so many seconds later."""
        await self.chore.tend(SystemClock().now() + dt.timedelta(seconds=later))
        await self.chore.settled()

    async def target(self, **said: Any) -> dict[str, Any]:
        """A target: the receiver by webhook, where nothing else is said."""
        body = {"name": "hook", "channel": "webhook", "url": f"{self.receiver.url}/in"} | said
        made = await self.client.post("/api/v1/notifications/targets", json=body)
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def refund(self, cents: int = 500) -> dict[str, Any]:
        """An open approval of a refund."""
        return await self.asked("refunds", cents)

    async def asked(self, workflow: str, value: Any) -> dict[str, Any]:
        """The question with which a run of a workflow waits."""
        body = {"workflow": workflow, "input": value}
        run = (await self.client.post("/api/v1/runs", json=body)).json()["id"]
        while True:
            found = (await self.client.get(f"/api/v1/runs/{run}")).json()
            if found["status"] == "waiting":
                question = found["questions"][0]["id"]
                return dict((await self.client.get(f"/api/v1/questions/{question}")).json())
            assert found["status"] in {"queued", "running"}, found

    async def person(self, *roles: str, name: str = "ada") -> str:
        """A person with these roles who has joined, as a principal."""
        invited = await self.client.post(
            "/api/v1/users", json={"email": f"{name}@example.com", "roles": list(roles)}
        )
        assert invited.status_code == 201, invited.text
        person = invited.json()["person"]["id"]
        self.sql("update people set joined_at = now() where id = %s", person)
        return f"person:{person}"

    async def link(self, *roles: str, name: str = "ada") -> Link:
        """A link by which a new person with these roles decides a new refund, as a webhook is sent it."""
        person = await self.person(*roles, name=name)
        await self.target(name=name, addressee=person, links=True)
        question = await self.refund()
        await self.tend()
        (said,) = [
            data
            for data in (orjson.loads(came.body)["data"] for came in self.receiver.requests)
            if data["question_id"] == question["id"] and data.get("link", {}).get("addressee") == person
        ]
        return Link(person, question, said["link"]["token"], said["link"]["url"])

    async def status(self, question: str) -> str:
        """Whether a question is open."""
        return str((await self.client.get(f"/api/v1/questions/{question}")).json()["status"])

    async def deliveries(self, **query: Any) -> list[dict[str, Any]]:
        """What became of messages, the newest first."""
        answer = await self.client.get("/api/v1/notifications/deliveries", params=query)
        return list(answer.json()["items"])

    def sql(self, text: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            found = connection.execute(text.encode(), values)
            return found.fetchall() if found.description else []


@pytest.fixture
async def open_shop(
    open_pilothouse: Callable[..., Awaitable[Any]], conninfo: str
) -> AsyncIterator[Callable[..., Awaitable[Shop]]]:
    async with AsyncExitStack() as stack:

        async def make(**said: Any) -> Shop:
            till, policy = Till(), Policy(Requirement(role="finance"))
            app = App("shop", workflows=[till.flow, asking, asking_in_private], tools=[till.pay])
            settings = UNLIMITED | {"outgoing_private": ("127.0.0.0/8",), "approval_links": True} | said
            pilothouse = await open_pilothouse(app, **settings)
            engine = pilothouse.engine
            engine._services = replace(engine._services, governor=policy, witness=policy)
            serving = Serving(pilothouse)
            await stack.enter_async_context(serving.api.router.lifespan_context(serving.api))
            transport = httpx.ASGITransport(serving.api, raise_app_exceptions=False)
            headers = await signed(pilothouse.secrets)
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=transport, base_url="http://localhost", headers=headers, timeout=30
                )
            )
            receiver = await stack.enter_async_context(receiving())
            return Shop(client, serving, policy, till, receiver, conninfo)

        yield make


@pytest.fixture
async def shop(open_shop: Callable[..., Awaitable[Shop]]) -> Shop:
    return await open_shop()
