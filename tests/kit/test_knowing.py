"""What holds for a tenant is looked up once, believed for less than a second, and anew after a change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from pilothouse.kit.knowing import BELIEVED, Known


@dataclass
class World:
    """Where things are looked up: a number for each tenant, and a clock that moves by hand."""

    holds: int = 1
    seconds: float = 0.0
    looks: list[tuple[str, int | None]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    fault: Exception | None = None

    async def look(self, tenant_id: str, before: int | None) -> int:
        self.looks.append((tenant_id, before))
        found, gate, fault = self.holds, self.gate, self.fault
        if gate is not None:
            await gate.wait()
        if fault is not None:
            raise fault
        return found

    async def begun(self, known: Known[int]) -> asyncio.Task[int]:
        """A look that waits at the gate with what it has found."""
        task = asyncio.create_task(known.of("acme"))
        while not self.looks:
            await asyncio.sleep(0)
        return task

    def known(self, most: int = 256) -> Known[int]:
        return Known(self.look, lambda: self.seconds, most=most)


async def test_it_is_looked_up_once_and_given_what_was_found_before() -> None:
    world = World()
    known = world.known()
    assert known.last("acme") is None
    assert [await known.of("acme") for _ in range(3)] == [1, 1, 1]
    world.holds, world.seconds = 2, BELIEVED
    assert (known.last("acme"), await known.of("acme")) == (1, 2)
    assert world.looks == [("acme", None), ("acme", 1)]


async def test_those_who_ask_at_once_wait_for_one_look() -> None:
    world = World()
    known = world.known()
    assert await asyncio.gather(*(known.of("acme") for _ in range(20))) == [1] * 20
    assert len(world.looks) == 1


async def test_a_change_holds_at_once_for_whom_it_concerns() -> None:
    world = World()
    known = world.known()
    await known.of("acme")
    await known.of("globex")
    world.holds = 2
    known.changed("acme")
    assert (await known.of("acme"), await known.of("globex")) == (2, 1)
    world.holds = 3
    known.changed(None)
    assert (await known.of("acme"), await known.of("globex")) == (3, 3)
    assert await known.of("acme") == 3
    assert len(world.looks) == 5


async def test_a_look_that_began_before_a_change_is_not_believed_after_it() -> None:
    world = World(gate=asyncio.Event())
    known = world.known()
    early = await world.begun(known)
    late_gate, world.gate, world.holds = world.gate, None, 2
    known.changed("acme")
    world.seconds += 0.1
    assert await known.of("acme") == 2
    assert late_gate is not None
    late_gate.set()
    assert await early == 1
    assert (await known.of("acme"), len(world.looks)) == (2, 2)


async def test_a_change_during_the_only_look_has_it_looked_up_again() -> None:
    world = World(gate=asyncio.Event())
    known = world.known()
    early = await world.begun(known)
    gate, world.gate, world.holds = world.gate, None, 2
    known.changed("acme")
    assert gate is not None
    gate.set()
    assert await early == 1
    assert await known.of("acme") == 2


async def test_what_looking_raises_is_raised_and_what_was_known_stays() -> None:
    world = World()
    known = world.known()
    await known.of("acme")
    world.seconds, world.fault = BELIEVED, ConnectionError("away")
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await known.of("acme")
    assert known.last("acme") == 1
    world.fault, world.holds = None, 2
    assert await known.of("acme") == 2


async def test_whoever_gives_up_does_not_end_the_look_of_the_others() -> None:
    world = World(gate=asyncio.Event())
    known = world.known()
    first, second = (asyncio.create_task(known.of("acme")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    assert world.gate is not None
    world.gate.set()
    assert (first.cancelled(), await second, len(world.looks)) == (True, 1, 1)


async def test_those_who_were_asked_about_least_recently_are_let_go() -> None:
    known = World().known(most=2)
    for tenant in ("acme", "globex", "acme", "initech"):
        await known.of(tenant)
    assert known.tenants == ("acme", "initech")
