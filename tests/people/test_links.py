"""Links: forged, tampered with, used, expired, and meant for something else."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilothouse.people.errors import LinkInvalid, PasswordRefused, SignInFailed
from pilothouse.people.links import Links, Purpose
from pilothouse.people.schemas import Acceptance, Invite, PasswordReset, Reset
from support.clocks import ManualClock
from support.kept import secrets_in
from support.people import GOOD, OTHER, House, token_of
from support.waiting import rows


async def test_a_link_is_good_once_also_for_many_at_once(house: House) -> None:
    invited = await house.people().invite(Invite(email="ada@example.com", roles=[]))
    acceptances = [Acceptance(token=token_of(invited.link), password=f"{GOOD} {n}") for n in range(5)]
    outcomes = await asyncio.gather(
        *(house.redeeming.accept_invitation(item) for item in acceptances), return_exceptions=True
    )
    assert sorted(str(type(outcome).__name__) for outcome in outcomes) == ["LinkInvalid"] * 4 + ["NoneType"]
    winner = outcomes.index(None)
    assert await house.enter(password=acceptances[winner].password) == invited.person.id


async def test_a_password_that_is_refused_leaves_the_link_valid(house: House) -> None:
    invited = await house.people(tenant=house.tenant("northwind")).invite(
        Invite(email="ada.lovelace@example.com", roles=[])
    )
    token = token_of(invited.link)
    for weak in ("short", "password1234", "ada.lovelace1815", "lovelacelovelace", "Northwind-2026!?"):
        with pytest.raises(PasswordRefused):
            await house.redeeming.accept_invitation(Acceptance(token=token, password=weak))
    await house.redeeming.accept_invitation(Acceptance(token=token, password=GOOD))


async def test_a_link_expires(house: House) -> None:
    invited = await house.people().invite(Invite(email="ada@example.com", roles=[]))
    house.clock.advance(7 * 86_400)
    with pytest.raises(LinkInvalid):
        await house.redeeming.accept_invitation(Acceptance(token=token_of(invited.link), password=GOOD))


async def test_a_link_is_good_for_its_purpose_only_and_its_digest_opens_nothing(house: House) -> None:
    ada = await house.joined("ada@example.com")
    token = token_of((await house.people().reset(ada, Reset())).link)
    with pytest.raises(LinkInvalid):
        await house.redeeming.accept_invitation(Acceptance(token=token, password=OTHER))
    ((digest,),) = rows(house.conninfo, "select digest from person_links")
    stolen = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    with pytest.raises(LinkInvalid):
        await house.redeeming.reset_password(PasswordReset(token=stolen, password=OTHER))
    await house.redeeming.reset_password(PasswordReset(token=token, password=OTHER))
    with pytest.raises(LinkInvalid):
        await house.redeeming.reset_password(PasswordReset(token=token, password=OTHER))


async def test_a_suspended_tenant_s_links_are_of_no_use(house: House) -> None:
    others = house.people(tenant=house.tenant("acme"))
    invited = await others.invite(Invite(email="ada@example.com", roles=["admin"]))
    rows(house.conninfo, "update tenants set status = 'suspended' where id = 'acme'")
    with pytest.raises(LinkInvalid):
        await house.redeeming.accept_invitation(Acceptance(token=token_of(invited.link), password=GOOD))


async def test_a_link_outlives_a_change_of_the_pepper_and_not_another_installation(
    house: House, tmp_path: Path, open_house: Callable[..., Awaitable[House]]
) -> None:
    clock = ManualClock()
    token = (await Links(secrets_in(tmp_path / "secrets"), clock).new(Purpose.RECOVERY)).token
    elsewhere = Links(secrets_in(tmp_path / "elsewhere"), clock)
    with pytest.raises(LinkInvalid):
        await elsewhere.read(token, Purpose.RECOVERY)
    assert await Links(secrets_in(tmp_path / "secrets"), clock).read(token, Purpose.RECOVERY)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Links, str]:
    links = Links(secrets_in(tmp_path_factory.mktemp("kept")), ManualClock())
    return links, asyncio.run(links.new(Purpose.RECOVERY)).token


@settings(
    max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(data=st.data())
def test_no_other_text_is_a_link(kept: tuple[Links, str], data: st.DataObject) -> None:
    links, token = kept
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(
        st.one_of(
            st.text(max_size=200),
            st.characters().map(lambda c: token[:at] + c + token[at + 1 :]),
            st.just(token[:at]),
            st.just(token + "="),
            st.text(min_size=1, max_size=3).map(lambda extra: token + extra),
        )
    )
    if other != token:
        with pytest.raises(LinkInvalid):
            asyncio.run(links.read(other, Purpose.RECOVERY))


async def test_a_link_does_not_sign_in(house: House) -> None:
    invited = await house.people().invite(Invite(email="ada@example.com", roles=[]))
    with pytest.raises(SignInFailed):
        await house.enter(password=token_of(invited.link))
    assert token_of(invited.link) not in repr(invited.person)
    link = await house.parts.links.new(Purpose.RECOVERY)
    assert link.token not in repr(link)
