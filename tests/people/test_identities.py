"""Coming by an identity provider, and the first admin."""

from __future__ import annotations

import asyncio

import pytest

from pilothouse.errors import Conflict, InvalidInput
from pilothouse.people.errors import IdentityConflict, SignInFailed
from pilothouse.people.schemas import Invite, PasswordChange, Reset, RolesEdit, Standing
from support.people import GOOD, House
from support.waiting import rows

ISSUER = "https://issuer.example.com"


async def come(house: House, subject: str = "s1", *roles: str, **said: object) -> Standing:
    told = {"email": "ada@example.com", "name": "Ada Lovelace", "tenant": "default", "verified": True} | said
    return await house.sign_in.from_identity(
        told["tenant"], ISSUER, subject, told["email"], told["name"], roles, verified=told["verified"]
    )


async def test_who_comes_first_is_made_and_known_again_with_the_roles_of_today(house: House) -> None:
    first = await come(house, "s1", "operator", "approver:finance")
    assert (first.name, first.active, first.local) == ("Ada Lovelace", True, False)
    assert first.roles == {"operator", "approver:finance"}
    again = await come(house, "s1", "viewer", name="Ada King")
    assert (again.person_id, again.roles, again.name) == (first.person_id, {"viewer"}, "Ada King")
    shown = await house.people().show(first.person_id)
    assert (shown.issuer, shown.status, shown.email) == (ISSUER, "active", "ada@example.com")
    assert (await come(house, "s2", email=None, name=None)).name == "Somebody"
    assert (await come(house, "s3", email="no address", name="\x00")).roles == set()


async def test_an_address_of_somebody_else_is_not_taken_over(house: House) -> None:
    ada = await house.joined("ada@example.com", "admin")
    with pytest.raises(IdentityConflict):
        await come(house, "s1", "viewer")
    assert (await house.sign_in.standing(ada)).roles == {"admin"}
    await house.people().invite(Invite(email="bob@example.com", roles=["viewer"]))
    with pytest.raises(IdentityConflict):
        await come(house, "s2", email="bob@example.com", verified=False)


async def test_an_invitation_is_accepted_by_a_verified_address_and_its_link_ends(house: House) -> None:
    invited = await house.people().invite(Invite(email="ada@example.com", roles=["viewer"]))
    standing = await come(house, "s1", "author")
    assert (standing.person_id, standing.roles) == (invited.person.id, {"author"})
    assert rows(house.conninfo, "select count(*) from person_links") == [(0,)]


async def test_who_is_disabled_or_of_a_suspended_tenant_is_refused(house: House) -> None:
    made = await come(house, "s1", "viewer")
    await house.people().disable(made.person_id)
    with pytest.raises(SignInFailed):
        await come(house, "s1", "viewer")
    acme = house.tenant("acme")
    rows(house.conninfo, "update tenants set status = 'suspended' where id = 'acme'")
    with pytest.raises(SignInFailed):
        await come(house, "s1", "viewer", tenant=acme)
    assert rows(house.conninfo, "select count(*) from people where tenant_id = 'acme'") == [(0,)]
    with pytest.raises(InvalidInput):
        await come(house, "s1", "root")


async def test_the_same_subject_of_two_issuers_or_tenants_is_not_one_person(house: House) -> None:
    here = await come(house, "s1")
    there = await come(house, "s1", tenant=house.tenant("acme"))
    other = await house.sign_in.from_identity("default", "https://issuer.example.co", "ms1", None, None, ())
    assert len({here.person_id, there.person_id, other.person_id}) == 3


async def test_many_first_visits_at_once_make_one_person(house: House) -> None:
    found = await asyncio.gather(*(come(house, "s1", "viewer") for _ in range(6)))
    assert len({standing.person_id for standing in found}) == 1


async def test_groups_may_take_the_last_admin_and_passwords_are_the_provider_s(house: House) -> None:
    boss = await come(house, "s1", "admin")
    assert (await come(house, "s1", "viewer")).roles == {"viewer"}
    with pytest.raises(Conflict, match="identity provider"):
        await house.people().reset(boss.person_id, Reset())
    with pytest.raises(Conflict, match="identity provider"):
        await house.myself(boss.person_id).change_password(PasswordChange(new=GOOD))


async def test_the_first_admin_is_made_once_and_later_the_oldest_one_is_meant(house: House) -> None:
    found = await asyncio.gather(*(house.sign_in.first_admin() for _ in range(5)))
    assert len({standing.person_id for standing in found}) == 1
    assert (found[0].roles, found[0].active, found[0].tenant_id) == ({"admin"}, True, "default")
    first = found[0].person_id
    await house.myself(first).change_password(PasswordChange(new=GOOD))
    assert await house.enter("admin@localhost") == first
    ada = await house.joined("ada@example.com", "admin")
    assert (await house.sign_in.first_admin()).person_id == first
    await house.people().disable(first)
    assert (await house.sign_in.first_admin()).person_id == ada
    rows(house.conninfo, "update people set roles = '{}'")
    with pytest.raises(SignInFailed, match="pilothouse people roles"):
        await house.sign_in.first_admin()
    await house.people().enable(first)
    await house.people().set_roles(first, RolesEdit(roles=["admin"]))
    assert (await house.sign_in.first_admin()).person_id == first
