"""Attestations: who stated what, until when, and what becomes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from pilothouse.errors import Forbidden, InvalidInput, NotFound
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.session import Database
from pilothouse.readiness.errors import AlreadyWithdrawn
from pilothouse.readiness.repository import AttestationRepository
from pilothouse.readiness.schemas import AttestationEdit, Topic, Verdict
from pilothouse.readiness.service import Attesting
from pilothouse.readiness.statements import _line

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


class Still:
    """A clock that stands."""

    def now(self) -> dt.datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
async def attesting(conninfo: str) -> AsyncIterator[Attesting]:
    database, scope = Database(conninfo, connections=1), local_scope()
    async with database.session(scope) as session:
        yield Attesting(AttestationRepository(session, scope), scope, Still(), Ids())
    await database.close()


def edit(topic: Topic = Topic.ON_CALL, **said: object) -> AttestationEdit:
    return AttestationEdit.model_validate(
        {"topic": topic, "stated_by": "Ada", "evidence": "wiki/rota", **({"days": 30} | said)}
    )


async def test_the_newest_statement_that_was_not_withdrawn_holds(attesting: Attesting) -> None:
    first = await attesting.state(edit())
    second = await attesting.state(edit(days=60))
    assert (first.recorded_by, first.stated_at) == ("local", NOW)
    assert (await attesting.current())[Topic.ON_CALL].id == second.id
    withdrawn = await attesting.withdraw(second.id)
    assert (withdrawn.withdrawn_at, withdrawn.withdrawn_by) == (NOW, "local")
    assert (await attesting.current())[Topic.ON_CALL].id == first.id
    assert [item.id for item in (await attesting.all()).items] == [second.id, first.id]
    with pytest.raises(AlreadyWithdrawn):
        await attesting.withdraw(second.id)
    with pytest.raises(NotFound):
        await attesting.withdraw(Ids().new())


async def test_it_holds_until_a_moment_that_is_to_come_and_not_too_far(attesting: Attesting) -> None:
    made = await attesting.state(edit(days=None, expires_at=NOW + dt.timedelta(hours=1)))
    assert made.expires_at == NOW + dt.timedelta(hours=1)
    for wrong in (NOW, NOW + dt.timedelta(days=1_101)):
        with pytest.raises(InvalidInput, match="within 1,100 days"):
            await attesting.state(edit(days=None, expires_at=wrong))


async def test_another_tenant_has_none(conninfo: str) -> None:
    database, scope = Database(conninfo, connections=1), Scope("acme", "person:x", frozenset({"admin"}))
    async with database.session(scope) as session:
        with pytest.raises(Forbidden):
            Attesting(AttestationRepository(session, scope), scope, Still(), Ids())
    await database.close()


async def test_an_expired_or_missing_one_fails_and_one_that_soon_expires_warns(attesting: Attesting) -> None:
    made = await attesting.state(edit(days=60))

    def verdict(days: float) -> Verdict:
        return _line(Topic.ON_CALL, made, NOW + dt.timedelta(days=days)).verdict

    assert [verdict(days) for days in (0, 29.9, 30, 59.9, 60, 61)] == [
        *(Verdict.PASS, Verdict.PASS, Verdict.WARN, Verdict.WARN, Verdict.FAIL, Verdict.FAIL)
    ]
    missing = _line(Topic.SIGN_OFF, None, NOW)
    assert missing.verdict is Verdict.FAIL
    assert "attest make sign_off" in missing.todo


async def test_they_are_made_listed_and_withdrawn_over_the_api(client: httpx.AsyncClient) -> None:
    said = {"topic": "sign_off", "stated_by": "Ada", "evidence": "minutes of 3 May", "days": 90}
    made = await client.post("/api/v1/attestations", json=said)
    assert made.status_code == 201, made.text
    found = (await client.get("/api/v1/attestations")).json()["items"]
    assert [(item["topic"], item["stated_by"]) for item in found] == [("sign_off", "Ada")]
    path = f"/api/v1/attestations/{made.json()['id']}/withdraw"
    assert (await client.post(path)).json()["withdrawn_at"] is not None
    assert (await client.post(path)).status_code == 409
    for wrong in ({"days": 0}, {"topic": "luck"}, {"stated_by": ""}, {"expires_at": "2030-01-01T00:00:00Z"}):
        assert (await client.post("/api/v1/attestations", json=said | wrong)).status_code == 400


def test_what_was_stated_cannot_be_deleted_by_the_app(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("set role pilothouse_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from attestations")
