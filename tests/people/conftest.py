"""Opens people over the test's database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pilothouse.kit.ids import Ids
from pilothouse.kit.session import Database
from pilothouse.people.opening import Doors, open_doors
from pilothouse.people.passwords import Passwords
from pilothouse.people.redeeming import Redeeming
from pilothouse.settings import Settings
from pilothouse.vault.service import Vault
from support.clocks import ManualClock
from support.kept import secrets_in
from support.people import CHEAP, House


@pytest.fixture
async def open_house(
    conninfo: str, tmp_path: Path, vault: Vault
) -> AsyncIterator[Callable[..., Awaitable[House]]]:
    """`house = await open_house(sign_in_failures=3)`; several share the database."""
    opened: list[tuple[Doors, Database]] = []

    async def make(passwords: Passwords | None = None, **said: object) -> House:
        clock = ManualClock()
        settings = Settings(_env_file=None, public_url="https://pilothouse.example.com", **said)
        database = Database(conninfo, connections=4)
        doors = open_doors(
            settings, database, vault, secrets_in(tmp_path / "secrets"),
            ids=Ids(), clock=clock, passwords=passwords or Passwords(CHEAP),
        )  # fmt: skip
        opened.append((doors, database))
        return House(doors, clock, conninfo)

    yield make
    for doors, database in opened:
        await doors.close()
        await database.close()


@pytest.fixture
async def house(open_house: Callable[..., Awaitable[House]]) -> House:
    return await open_house()


@pytest.fixture
def with_mail() -> Callable[[House, object], House]:
    """The same people, with mail."""

    def make(house: House, mail: object) -> House:
        parts = replace(house.parts, mail=mail)
        redeeming = Redeeming(parts, house.doors.outbox)
        return House(replace(house.doors, parts=parts, redeeming=redeeming), house.clock, house.conninfo)

    return make
