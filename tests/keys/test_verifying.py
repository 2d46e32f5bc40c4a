"""Who comes with a key: as long as it is valid, and not a second longer."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest
from structlog.testing import capture_logs

from pilothouse.errors import Unauthenticated
from pilothouse.keys.repository import KeyRepository
from pilothouse.keys.schemas import NewKey, Rotation
from pilothouse.keys.service import BeyondYourself, Keys, KeyVerifier, aged_keys
from pilothouse.keys.texts import new_text
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.secret import Secret
from pilothouse.kit.session import Database

START = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


class Hand:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> dt.datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def passes(self, **time: float) -> None:
        self.at += dt.timedelta(**time)


class Peppers:
    """Versions of the pepper that the test turns over."""

    def __init__(self) -> None:
        self.held = [Secret("pepper", "1", bytes(range(32)))]

    async def versions(self, name: str) -> Sequence[Secret]:
        assert name == "pepper"
        return self.held


class Desk:
    """Makes keys and verifies them."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock, self.peppers, self.ids = database, Hand(), Peppers(), Ids()
        self.verifier = KeyVerifier(database, self.peppers, "live", self.clock)

    async def do(self, what: str, *given: Any, scope: Scope | None = None) -> Any:
        acting = scope or local_scope()

        async def place(_wanted: str | None) -> UUID | None:
            return acting.engagement_id

        async with self.database.session(acting) as session:
            keys = Keys(
                KeyRepository(session, acting),
                self.peppers,
                place,
                acting,
                environment="live",
                clock=self.clock,
                ids=self.ids,
            )
            return await getattr(keys, what)(*given)

    async def make(self, **said: Any) -> Any:
        return await self.do("create", NewKey(**{"name": "n", "roles": ["viewer"]} | said))


@pytest.fixture
async def desk(conninfo: str) -> AsyncIterator[Desk]:
    database = Database(conninfo, connections=2)
    yield Desk(database)
    await database.close()


def row(conninfo: str, key_id: UUID) -> dict[str, Any]:
    with psycopg.connect(conninfo, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute("select * from api_keys where id = %s", (key_id,)).fetchone()


async def test_a_key_acts_in_its_tenant_with_its_roles_and_permissions(desk: Desk) -> None:
    made = await desk.make(roles=["operator", "viewer"], permissions=["runs:read"], rate=7)
    scope = await desk.verifier.verify(made.secret)
    assert scope == Scope(
        "default",
        f"key:{made.key.id}",
        frozenset({"operator", "viewer"}),
        permissions=frozenset({"runs:read"}),
    )
    assert desk.verifier.rate_of(scope) == 7
    assert desk.verifier.rate_of(local_scope()) is None


async def test_other_credentials_are_left_to_others(desk: Desk) -> None:
    assert await desk.verifier.verify("eyJhbGciOiJFZERTQSJ9.e30.c2ln") is None
    assert await desk.verifier.verify("") is None


async def test_what_is_kept_does_not_show_the_secret(desk: Desk, conninfo: str) -> None:
    made = await desk.make()
    secret = made.secret.rsplit("_", 1)[1]
    assert secret not in repr(row(conninfo, made.key.id))
    assert secret not in repr(made.key)


@pytest.mark.parametrize("broken", ["secret", "id", "form", "environment"])
async def test_a_wrong_key_is_refused(desk: Desk, broken: str) -> None:
    made = await desk.make()
    other = new_text("live", made.key.id if broken == "secret" else desk.ids.new()).reveal()
    text = {"form": "ph_live_x", "environment": made.secret.replace("_live_", "_test_")}.get(broken, other)
    with pytest.raises(Unauthenticated):
        await desk.verifier.verify(text)


async def test_the_secret_of_one_key_does_not_open_another(desk: Desk) -> None:
    one, other = await desk.make(), await desk.make()
    mixed = one.secret.rsplit("_", 1)[0] + "_" + other.secret.rsplit("_", 1)[1]
    with pytest.raises(Unauthenticated):
        await desk.verifier.verify(mixed)


async def test_a_revoked_key_is_refused_at_once(desk: Desk) -> None:
    made = await desk.make()
    await desk.verifier.verify(made.secret)
    await desk.do("revoke", made.key.id)
    with pytest.raises(Unauthenticated, match="revoked"):
        await desk.verifier.verify(made.secret)


async def test_a_key_ends_when_it_expires(desk: Desk) -> None:
    made = await desk.make(expires_at=START + dt.timedelta(hours=1))
    desk.clock.passes(minutes=59, seconds=59)
    assert await desk.verifier.verify(made.secret)
    desk.clock.passes(seconds=1)
    with pytest.raises(Unauthenticated, match="expired"):
        await desk.verifier.verify(made.secret)


async def test_the_keys_of_a_suspended_tenant_are_refused(desk: Desk, conninfo: str) -> None:
    made = await desk.make()
    with psycopg.connect(conninfo) as connection:
        connection.execute("update tenants set status = 'suspended'")
    with pytest.raises(Unauthenticated, match="not served"):
        await desk.verifier.verify(made.secret)


async def test_both_secrets_are_valid_during_an_overlap(desk: Desk) -> None:
    made = await desk.make()
    rotated = await desk.do("rotate", made.key.id, Rotation(overlap=60))
    assert rotated.key.id == made.key.id
    assert rotated.secret != made.secret
    for text in (made.secret, rotated.secret):
        assert (await desk.verifier.verify(text)).principal == f"key:{made.key.id}"
    desk.clock.passes(seconds=60)
    assert await desk.verifier.verify(rotated.secret)
    with pytest.raises(Unauthenticated):
        await desk.verifier.verify(made.secret)


async def test_a_rotation_without_overlap_ends_all_secrets_before_it(desk: Desk) -> None:
    made = await desk.make()
    second = await desk.do("rotate", made.key.id, Rotation(overlap=600))
    await desk.do("rotate", made.key.id, Rotation(overlap=0))
    for text in (made.secret, second.secret):
        with pytest.raises(Unauthenticated):
            await desk.verifier.verify(text)


async def test_the_use_is_noted_once_a_minute(desk: Desk, conninfo: str) -> None:
    made = await desk.make()
    noted = []
    for seconds in (0, 59, 1):
        desk.clock.passes(seconds=seconds)
        await desk.verifier.verify(made.secret)
        noted.append(row(conninfo, made.key.id)["last_used_at"])
    assert noted == [START, START, START + dt.timedelta(minutes=1)]


async def test_a_new_pepper_takes_over_with_the_next_use(desk: Desk, conninfo: str) -> None:
    made, unused = await desk.make(), await desk.make()
    desk.peppers.held.insert(0, Secret("pepper", "2", bytes(range(1, 33))))
    await desk.verifier.verify(made.secret)
    assert row(conninfo, made.key.id)["pepper"] == "2"
    desk.peppers.held.pop()
    assert await desk.verifier.verify(made.secret)
    with pytest.raises(Unauthenticated):
        await desk.verifier.verify(unused.secret)


async def test_a_pepper_changed_during_an_overlap_leaves_both_secrets_valid(desk: Desk) -> None:
    made = await desk.make()
    rotated = await desk.do("rotate", made.key.id, Rotation(overlap=600))
    desk.peppers.held.insert(0, Secret("pepper", "2", bytes(range(1, 33))))
    for _ in range(2):
        desk.clock.passes(minutes=1)
        for text in (made.secret, rotated.secret):
            assert await desk.verifier.verify(text)


async def test_old_keys_are_told(desk: Desk) -> None:
    made, revoked = await desk.make(name="old"), await desk.make()
    await desk.do("revoke", revoked.key.id)
    await desk.make(expires_at=START + dt.timedelta(days=1))
    desk.clock.passes(days=89, hours=23)
    assert not await aged_keys(desk.database, desk.clock)
    desk.clock.passes(hours=1)
    assert [key.id for key in await aged_keys(desk.database, desk.clock)] == [made.key.id]
    assert (await desk.do("show", made.key.id)).due
    with capture_logs() as told:
        for _ in range(2):
            desk.clock.passes(minutes=2)
            await desk.verifier.verify(made.secret)
    assert [line["event"] for line in told] == ["key_old"]
    rotated = await desk.do("rotate", made.key.id, Rotation())
    assert not rotated.key.due


async def test_nobody_gives_a_key_more_than_they_may_do(desk: Desk) -> None:
    operator = Scope("default", "key:1", frozenset({"operator"}))
    narrowed = Scope("default", "key:2", frozenset({"admin"}), permissions=frozenset({"keys:manage"}))
    for scope, wanted in (
        (operator, {"roles": ["admin"]}),
        (narrowed, {"roles": ["viewer"]}),
        (narrowed, {"roles": ["admin"], "permissions": ["keys:manage", "runs:read"]}),
    ):
        with pytest.raises(BeyondYourself):
            await desk.do("create", NewKey(name="n", **wanted), scope=scope)
    strong = await desk.make(roles=["admin"])
    for scope in (operator, narrowed):
        with pytest.raises(BeyondYourself):  # the new secret would be theirs
            await desk.do("rotate", strong.key.id, Rotation(), scope=scope)
    same = NewKey(name="n", roles=["admin"], permissions=["keys:manage"])
    assert (await desk.do("create", same, scope=narrowed)).key.permissions == ["keys:manage"]


async def test_the_rates_that_are_remembered_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilothouse.keys.verifying.MOST_RATES", 2)
    scopes = [await desk.verifier.verify((await desk.make(rate=number)).secret) for number in (1, 2, 3)]
    assert [desk.verifier.rate_of(scope) for scope in scopes] == [None, 2, 3]
