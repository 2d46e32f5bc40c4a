"""A gateway behind a real socket, its providers, and clients of OpenAI's own with keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest

from pilothouse.budgets.service import BudgetExhausted, Spender
from pilothouse.kit.money import Money
from pilothouse.usage.schemas import Call
from support import parcels
from support.entrance import House, Server
from support.scripted import Provider

PRICES = {"one:m": {"input": "1", "output": "2"}, "two:m": {"input": "1", "output": "2"}}
KEYLESS = {"keyless": True}


@dataclass
class Purse:
    """Budgets of one limit in tokens, which knows what is held and what was spent."""

    limit: int = 10**9
    spent: int = 0
    holding: int = 0
    cost: Money = field(default_factory=lambda: Money(0))
    taken: int = 0

    def held(self, _spender: Spender, _cost: Money, tokens: int) -> Any:
        return None if self.taken % 2 == 0 else self._hold(tokens)

    async def close(self) -> None:
        """Nothing is open."""

    async def take(self, _spender: Spender, _cost: Money, tokens: int) -> Any:
        return self._hold(tokens)

    def _hold(self, tokens: int) -> Any:
        self.taken += 1
        if self.spent + self.holding + tokens > self.limit:
            raise BudgetExhausted("The budget 'all' has nothing left.")
        self.holding += tokens
        purse = self

        class Held:
            def settle(self, cost: Money, used: int) -> None:
                purse.holding -= tokens
                purse.spent += used
                purse.cost = purse.cost + cost

        return Held()


@dataclass
class Ledger:
    """Rows of usage, as they are recorded."""

    calls: list[Call] = field(default_factory=list)

    def add(self, call: Call) -> None:
        self.calls.append(call)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Gate:
    """A server with a gateway, two providers, and what its calls leave behind."""

    house: House
    stack: AsyncExitStack
    one: Provider
    two: Provider
    purse: Purse = field(default_factory=Purse)
    ledger: Ledger = field(default_factory=Ledger)

    async def open(self, **said: Any) -> Server:
        """Serve. `fast` is the first provider's model, and `safe` that and then the second one's."""
        settings = {
            "providers": {"one": {"url": self.one.url, **KEYLESS}, "two": {"url": self.two.url, **KEYLESS}},
            "models": {"fast": ["one:m"], "safe": ["one:m-large", "two:m"]},
            "model_prices": {**PRICES, "one:m-large": {"input": "1", "output": "2"}},
        }
        return await self.house.listen(guarded=True, books=(self.purse, self.ledger), **settings | said)

    async def client(self, server: Server, *roles: str, **said: Any) -> openai.AsyncOpenAI:
        """OpenAI's client with a key of its own."""
        wanted = {"name": "a program", "roles": roles or ["operator"], **said}
        made = await server.client.post("/api/v1/keys", json=wanted)
        assert made.status_code == 201, made.text
        client = openai.AsyncOpenAI(
            api_key=made.json()["secret"], base_url=f"{server.client.base_url}/v1", max_retries=0
        )
        self.stack.push_async_callback(client.close)
        return client


@pytest.fixture
async def gate(conninfo: str, tmp_path: Path) -> AsyncIterator[Gate]:
    """A gateway to be opened, with two providers."""
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(House(conninfo, tmp_path, parcels.app))
        one, two = [await stack.enter_async_context(Provider()) for _ in range(2)]
        yield Gate(house, stack, one, two)


def asked(text: str, **said: Any) -> dict[str, Any]:
    """A request with one message of a user."""
    return {"model": "fast", "messages": [{"role": "user", "content": text}], **said}


async def said_in(stream: Any) -> str:
    """The text of a stream, once it has ended."""
    return "".join([piece.choices[0].delta.content or "" async for piece in stream if piece.choices])


async def settled(gate: Gate, calls: int = 1) -> None:
    """Wait until so many calls are recorded."""
    async with asyncio.timeout(5):
        while len(gate.ledger.calls) < calls:
            await asyncio.sleep(0.005)
