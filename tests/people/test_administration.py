"""Looking after people: roles that may be given, the last admin, resets, and other tenants."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError

from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.scope import Scope
from pilothouse.people.addresses import named
from pilothouse.people.administration import People
from pilothouse.people.errors import LastAdmin, LinkInvalid, PersonExists, RoleNotYours, SignInFailed
from pilothouse.people.schemas import Acceptance, Invite, PasswordReset, Reset, RolesEdit, SelfEdit
from support.people import GOOD, OTHER, House, token_of


async def test_people_are_listed_newest_first_in_pages(house: House) -> None:
    for name in "abc":
        await house.people().invite(Invite(email=f"{name}@example.com", roles=["viewer"], name=f"N {name}"))
    people = house.people("viewer")
    first = await people.page(PageQuery(limit=2))
    rest = await people.page(PageQuery(limit=2, cursor=first.next_cursor))
    assert [person.name for person in (*first.items, *rest.items)] == ["N c", "N b", "N a"]
    assert {person.status for person in first.items} == {"invited"}
    assert rest.next_cursor is None


async def test_an_invitation_shows_its_link_where_there_is_no_mail(house: House) -> None:
    invited = await house.people().invite(Invite(email="Ada@Example.COM", roles=["viewer"], locale="de-CH"))
    assert (invited.sent, invited.person.email, invited.person.locale) == (False, "Ada@example.com", "de-CH")
    assert invited.link.startswith("https://pilothouse.example.com/join#")
    assert (invited.expires_at - house.clock.time).days == 7
    with pytest.raises(PersonExists):
        await house.people().invite(Invite(email="ada@example.com", roles=[]))


async def test_nobody_gives_takes_or_resets_roles_that_they_do_not_have(house: House) -> None:
    boss = await house.joined("boss@example.com", "admin")
    peer = await house.joined("peer@example.com", "operator")
    helper = house.people("operator", "approver:finance")
    with pytest.raises(RoleNotYours):
        await helper.invite(Invite(email="eve@example.com", roles=["admin"]))
    with pytest.raises(RoleNotYours, match="approver:legal"):
        await helper.set_roles(peer, RolesEdit(roles=["operator", "approver:legal"]))
    for refused in (
        helper.reset(boss, Reset()),
        helper.disable(boss),
        helper.enable(boss),
        helper.set_roles(boss, RolesEdit(roles=[])),
    ):
        with pytest.raises(RoleNotYours):
            await refused
    changed = await helper.set_roles(peer, RolesEdit(roles=["operator", "approver:finance", "operator"]))
    assert changed.roles == ["approver:finance", "operator"]
    for narrow in ({"permissions": frozenset({"people:manage"})}, {"engagement_id": peer}):
        narrowed = People(house.parts, Scope("default", "key:a", frozenset({"admin"}), **narrow))
        with pytest.raises(RoleNotYours):
            await narrowed.invite(Invite(email="eve@example.com", roles=["admin"]))
        with pytest.raises(RoleNotYours):
            await narrowed.reset(boss, Reset())
    for role in ("root", "approver:", "approver:Finance", "admin\n", "approver:a b"):
        with pytest.raises((InvalidInput, ValueError)):
            await house.people().set_roles(peer, RolesEdit(roles=[role]))


async def test_the_last_admin_stays_one_whoever_asks_and_however_many_at_once(house: House) -> None:
    first = await house.joined("a@example.com", "admin")
    await house.people().invite(Invite(email="not.come@example.com", roles=["admin"]))
    for refused in (
        house.people().disable(first),
        house.people().set_roles(first, RolesEdit(roles=["viewer"])),
    ):
        with pytest.raises(LastAdmin):
            await refused
    second = await house.joined("b@example.com", "admin")
    outcomes = await asyncio.gather(
        house.people().disable(first),
        house.people().set_roles(second, RolesEdit(roles=[])),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LastAdmin", "Person"]
    left = [person for person in (first, second) if "admin" in (await house.sign_in.standing(person)).roles]
    assert any([(await house.sign_in.standing(person)).active for person in left])


async def test_another_tenant_s_people_are_not_there(house: House) -> None:
    ada = await house.joined("ada@example.com", "viewer")
    others = house.people(tenant=house.tenant("acme"))
    assert (await others.page(PageQuery())).items == []
    for refused in (
        others.show(ada),
        others.disable(ada),
        others.enable(ada),
        others.reset(ada, Reset()),
        others.set_roles(ada, RolesEdit(roles=["admin"])),
    ):
        with pytest.raises(NotFound):
            await refused
    await others.invite(Invite(email="ada@example.com", roles=[]))  # which tells nothing of the other one
    assert await house.enter(tenant="default") == ada


async def test_disabling_ends_sessions_and_links_and_enabling_lets_in_again(house: House) -> None:
    ada = await house.joined("ada@example.com", "viewer")
    link = (await house.people().reset(ada, Reset())).link
    house.clock.advance(60)
    assert (await house.people().disable(ada)).status == "disabled"
    assert (await house.people().disable(ada)).status == "disabled"
    with pytest.raises(Conflict, match="disabled"):
        await house.people().reset(ada, Reset())
    with pytest.raises(LinkInvalid):
        await house.redeeming.reset_password(PasswordReset(token=token_of(link), password=OTHER))
    assert (await house.people().enable(ada)).status == "active"
    assert (await house.people().enable(ada)).status == "active"


async def test_a_reset_ends_the_password_all_sessions_and_a_lockout(house: House) -> None:
    ada = await house.joined("ada@example.com", "viewer")
    for _ in range(5):
        with pytest.raises(SignInFailed):
            await house.enter(password="wrong")
    house.clock.advance(5)
    reset = await house.people().reset(ada, Reset())
    assert "/reset-password#" in reset.link
    assert (await house.sign_in.standing(ada)).sessions_valid_from == house.clock.time
    with pytest.raises(SignInFailed):
        await house.enter()
    await house.redeeming.reset_password(PasswordReset(token=token_of(reset.link), password=OTHER))
    assert await house.enter(password=OTHER) == ada


async def test_who_was_invited_and_has_not_come_is_sent_another_invitation(house: House) -> None:
    invited = await house.people().invite(Invite(email="ada@example.com", roles=[]))
    again = await house.people().reset(invited.person.id, Reset())
    with pytest.raises(LinkInvalid):
        await house.redeeming.accept_invitation(Acceptance(token=token_of(invited.link), password=GOOD))
    await house.redeeming.accept_invitation(Acceptance(token=token_of(again.link), password=GOOD, name="Ada"))
    assert (await house.people().show(invited.person.id)).name == "Ada"


@pytest.mark.parametrize("name", ["a\r\nBcc: eve@example.com", "a\x00", "a\u202eb", " ", "\u200b", "x\ue000"])
def test_a_name_that_hides_something_is_refused_by_whatever_way_it_comes(name: str) -> None:
    for kind, said in (
        (Invite, {"email": "ada@example.com", "roles": []}),
        (Acceptance, {"token": "t", "password": GOOD}),
        (SelfEdit, {}),
    ):
        with pytest.raises(ValidationError, match="name"):
            kind(**said, name=name)
    with pytest.raises(InvalidInput):
        named(name)  # as an identity provider says it
