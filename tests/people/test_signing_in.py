"""Signing in by password: who is let in, who is not, and that nothing tells who is known."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from argon2.profiles import RFC_9106_LOW_MEMORY

from pilothouse.kit.session import Overloaded
from pilothouse.people.errors import LockedOut, SignInFailed
from pilothouse.people.passwords import Passwords
from pilothouse.people.schemas import Invite, RolesEdit
from support.people import CHEAP, GOOD, House
from support.waiting import rows

Open = Callable[..., Awaitable[House]]


async def refusal(house: House, **said: object) -> str:
    with pytest.raises(SignInFailed) as error:
        await house.enter(**said)
    return str(error.value)


async def test_who_has_the_password_comes_in_with_roles_and_name(house: House) -> None:
    ada = await house.joined("ada@example.com", "operator", "approver:finance")
    standing = await house.sign_in.check_password("ada@example.com", GOOD, None, None, "192.0.2.7")
    assert (standing.person_id, standing.tenant_id, standing.name) == (ada, "default", "ada")
    assert standing.roles == {"operator", "approver:finance"}
    assert (standing.active, standing.local, standing.second_factor) == (True, True, False)
    assert standing.principal == f"person:{ada}"
    assert await house.sign_in.standing(ada) == standing
    shown = await house.people().show(ada)
    assert (shown.status, shown.last_signed_in_at) == ("active", house.clock.time)


async def test_one_answer_for_unknown_wrong_disabled_invited_and_suspended(open_house: Open) -> None:
    house = await open_house(sign_in_failures=100)
    ada = await house.joined("ada@example.com", "viewer")
    await house.people().invite(Invite(email="bob@example.com", roles=[]))
    acme = house.tenant("acme")
    await house.joined("eve@example.com", "viewer", tenant=acme)
    said = {
        await refusal(house, password="wrong"),
        await refusal(house, email="nobody@example.com"),
        await refusal(house, email="no address at all \ud800 \x00"),
        await refusal(house, email="bob@example.com"),
        await refusal(house, tenant="acme"),
        await refusal(house, tenant="no such\x00tenant"),
        await refusal(house, password=""),
        await refusal(house, password="\ud800"),
    }
    await house.people().disable(ada)
    said.add(await refusal(house))
    await house.enter("eve@example.com", tenant="acme")
    rows(house.conninfo, "update tenants set status = 'suspended' where id = 'acme'")
    said.add(await refusal(house, email="eve@example.com"))
    assert len(said) == 1


async def test_an_address_in_two_tenants_names_one(house: House) -> None:
    here = await house.joined("ada@example.com", "viewer")
    there = await house.joined("ada@example.com", "viewer", tenant=house.tenant("acme"))
    assert "several tenants" in await refusal(house)
    assert await house.enter(tenant="acme") == there
    assert await house.enter(tenant="default") == here


async def test_nobody_is_in_the_database_in_plain_sight(house: House) -> None:
    await house.joined("ada.lovelace@example.com", "viewer")
    with pytest.raises(SignInFailed):
        await house.enter("grace.hopper@example.com")
    stored = str(rows(house.conninfo, "select people::text from people"))
    stored += str(rows(house.conninfo, "select sign_in_failures::text from sign_in_failures"))
    for secret in ("lovelace", "hopper", "example.com", GOOD):
        assert secret not in stored
        assert secret.encode().hex() not in stored


async def test_after_five_failures_the_wait_doubles_up_to_an_hour(house: House) -> None:
    await house.joined()
    for _ in range(5):
        await refusal(house, password="wrong")
    waits = []
    for _ in range(9):
        with pytest.raises(LockedOut) as error:
            await house.enter()
        waits.append(error.value.retry_after)
        house.clock.advance(error.value.retry_after - 1)
        with pytest.raises(LockedOut):
            await house.enter()
        house.clock.advance(1)
        await refusal(house, password="wrong")
    assert waits == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]
    assert error.value.headers == {"retry-after": "3600"}
    house.clock.advance(3_600)
    await house.enter()
    for _ in range(4):
        await refusal(house, password="wrong")
    await house.enter()  # a success forgot what was before


async def test_failures_are_forgotten_after_a_day(house: House) -> None:
    await house.joined()
    for _ in range(4):
        await refusal(house, password="wrong")
    house.clock.advance(86_401)
    for _ in range(4):
        await refusal(house, password="wrong")
    await house.enter()
    house.clock.advance(86_401)
    await house.enter()
    assert rows(house.conninfo, "select count(*) from sign_in_failures") == [(1,)]  # the address's


@pytest.mark.parametrize(
    "spelling",
    [
        "ADA@EXAMPLE.COM",
        "Ada@Example.com",
        "\uff41da@example.com",
        " ada@example.com",
        "ada@EXAMPLE\u3002com",
    ],
)
async def test_another_spelling_is_the_same_account(house: House, spelling: str) -> None:
    ada = await house.joined("ada@example.com")
    assert await house.enter(spelling) == ada
    for turn in range(5):
        await refusal(house, email=("ada@example.com", spelling)[turn % 2], password="wrong")
    with pytest.raises(LockedOut):
        await house.enter(spelling)
    with pytest.raises(LockedOut):
        await house.enter(tenant="default")


async def test_who_is_unknown_is_locked_out_alike(house: House) -> None:
    for _ in range(5):
        await refusal(house, email="nobody@example.com")
    with pytest.raises(LockedOut) as error:
        await house.enter("nobody@example.com")
    assert error.value.retry_after == 60


async def test_an_address_that_tries_many_accounts_is_locked_out_and_a_success_does_not_help(
    open_house: Open,
) -> None:
    house = await open_house(sign_in_address_failures=6)
    await house.joined()
    for number in range(5):
        await refusal(house, email=f"user{number}@example.com", address="2001:db8:1:2::1")
        await house.enter(address="2001:db8:1:2::2")
    await refusal(house, email="user6@example.com", address="2001:db8:1:2:ffff::3")
    with pytest.raises(LockedOut):
        await house.enter(address="2001:db8:1:2::4")
    await house.enter(address="2001:db8:1:3::1")
    await house.enter(address="testclient")


async def test_all_processes_count_together_and_many_at_once_are_not_let_in(open_house: Open) -> None:
    first, second = await open_house(), await open_house()
    await first.joined()
    outcomes = await asyncio.gather(
        *(house.enter(password="wrong") for house in (first, second) * 10), return_exceptions=True
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert (kinds.count(SignInFailed), kinds.count(LockedOut)) == (5, 15)


async def test_parameters_that_rise_hash_anew(open_house: Open) -> None:
    house = await open_house()
    await house.joined()
    (before,) = rows(house.conninfo, "select password from people")
    dearer = await open_house(Passwords(replace(CHEAP, time_cost=2)))
    await dearer.enter()
    (after,) = rows(house.conninfo, "select password from people")
    assert tuple(next(p for p in (",t=1,", ",t=2,") if p in row[0]) for row in (before, after)) == (
        ",t=1,",
        ",t=2,",
    )
    await dearer.enter()


async def test_too_many_at_the_door_are_sent_away_and_nothing_is_counted(open_house: Open) -> None:
    house = await open_house(Passwords(RFC_9106_LOW_MEMORY, at_once=1, waiting=1))
    parts = house.parts.passwords
    rushed = await asyncio.gather(*(parts.verify(None, "x") for _ in range(5)), return_exceptions=True)
    assert [type(item) for item in rushed].count(Overloaded) == 3
    parts._under_way = 2
    with pytest.raises(Overloaded):
        await house.enter()
    assert rows(house.conninfo, "select failures from sign_in_failures where failures > 0") == []


async def test_an_unknown_address_takes_as_long_as_a_known_one(open_house: Open) -> None:
    house = await open_house(
        Passwords(replace(CHEAP, time_cost=3, memory_cost=16_384)),
        sign_in_failures=100,
        sign_in_address_failures=1_000,
    )
    await house.joined()
    times: dict[str, list[float]] = {"ada@example.com": [], "nobody@example.com": [], "no address": []}
    for _ in range(9):
        for email, taken in times.items():
            began = time.perf_counter()
            await refusal(house, email=email, password="a wrong guess")
            taken.append(time.perf_counter() - began)
    known, unknown, junk = (statistics.median(taken) for taken in times.values())
    assert 0.6 < unknown / known < 1.7
    assert 0.6 < junk / known < 1.7


async def test_roles_and_disabling_show_in_the_standing_at_once(house: House) -> None:
    ada = await house.joined("ada@example.com", "viewer")
    await house.people().set_roles(ada, RolesEdit(roles=["author"]))
    assert (await house.sign_in.standing(ada)).roles == {"author"}
    house.clock.advance(10)
    await house.people().disable(ada)
    standing = await house.sign_in.standing(ada)
    assert (standing.active, standing.sessions_valid_from) == (False, house.clock.time)
    assert await house.sign_in.standing(house.parts.ids.new()) is None
