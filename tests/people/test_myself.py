"""What people do with their own account: passwords, authenticators, and never roles."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from pydantic import ValidationError

from pilothouse.errors import Conflict, NotFound
from pilothouse.kit.scope import Scope
from pilothouse.people.errors import LockedOut, PasswordRefused, PasswordWrong, SignInFailed, TotpRequired
from pilothouse.people.myself import Myself
from pilothouse.people.schemas import (
    CodeGiven,
    Confirmation,
    PasswordChange,
    Removal,
    Reset,
    SelfEdit,
)
from support.people import GOOD, OTHER, House
from support.waiting import rows


async def enrolled(house: House) -> tuple[Myself, pyotp.TOTP, list[str]]:
    """Ada with an authenticator, and her recovery codes."""
    ada = house.myself(await house.joined("ada@example.com", "viewer"))
    enrolment = await ada.enrol(Confirmation(password=GOOD))
    totp = pyotp.TOTP(enrolment.secret)
    codes = (await ada.confirm(CodeGiven(code=totp.at(house.clock.time)))).codes
    house.clock.advance(30)
    return ada, totp, codes


async def test_who_asks_is_told_who_that_is(house: House) -> None:
    ada = await house.joined("ada@example.com", "viewer")
    me = await house.myself(ada).show()
    assert (me.principal, me.tenant_id, me.permissions) == (f"person:{ada}", "default", ["runs:read"])
    assert me.person.email == "ada@example.com"
    key = Myself(house.parts, Scope("default", "key:abc", frozenset({"operator"})), lambda _: ())
    assert ((await key.show()).person, (await key.show()).roles) == (None, ["operator"])
    with pytest.raises(NotFound):
        await key.edit(SelfEdit(name="Key"))
    with pytest.raises(NotFound):
        await house.myself(ada, tenant=house.tenant("acme")).show()


async def test_one_s_own_name_and_locale_change_and_nothing_else_can_be_named(house: House) -> None:
    ada = house.myself(await house.joined("ada@example.com", "viewer"))
    assert (await ada.edit(SelfEdit(name="Ada King", locale="en-GB"))).name == "Ada King"
    unchanged = await ada.edit(SelfEdit())
    assert (unchanged.name, unchanged.locale, unchanged.roles) == ("Ada King", "en-GB", ["viewer"])
    for field in ("roles", "email", "status", "tenant_id", "id", "second_factor", "password", "disabled_at"):
        with pytest.raises(ValidationError):
            SelfEdit.model_validate({"name": "Ada", field: ["admin"]})


async def test_a_password_changes_with_the_present_one_and_ends_all_sessions(house: House) -> None:
    ada = await house.joined("ada@example.com", "viewer")
    house.clock.advance(60)
    with pytest.raises(PasswordWrong):
        await house.myself(ada).change_password(PasswordChange(current="a wrong guess", new=OTHER))
    with pytest.raises(PasswordWrong):
        await house.myself(ada).change_password(PasswordChange(new=OTHER))
    rows(house.conninfo, "update tenants set name = 'Northwind Traders' where id = 'default'")
    for weak in ("password1234", "Northwind-Traders!1", "Ada@Northwind.26"):
        with pytest.raises(PasswordRefused):
            await house.myself(ada).change_password(PasswordChange(current=GOOD, new=weak))
    await house.myself(ada).change_password(PasswordChange(current=GOOD, new=OTHER))
    assert (await house.sign_in.standing(ada)).sessions_valid_from == house.clock.time
    assert await house.enter(password=OTHER) == ada
    with pytest.raises(SignInFailed):
        await house.enter()


async def test_a_session_that_was_left_open_does_not_guess_the_password(house: House) -> None:
    ada = house.myself(await house.joined("ada@example.com"))
    for _ in range(5):
        with pytest.raises(PasswordWrong):
            await ada.change_password(PasswordChange(current="a wrong guess", new=OTHER))
    with pytest.raises(LockedOut):
        await ada.change_password(PasswordChange(current=GOOD, new=OTHER))
    with pytest.raises(LockedOut):
        await house.enter()


async def test_an_authenticator_is_asked_for_once_it_is_confirmed(house: House) -> None:
    person_id = await house.joined("ada@example.com")
    ada = house.myself(person_id)
    with pytest.raises(PasswordWrong):
        await ada.enrol(Confirmation())
    enrolment = await ada.enrol(Confirmation(password=GOOD))
    told = parse_qs(urlsplit(enrolment.uri).query)
    assert enrolment.uri.startswith("otpauth://totp/Pilothouse:ada%40example.com?")
    assert (told["secret"], len(enrolment.secret)) == ([enrolment.secret], 32)
    assert enrolment.secret not in str(rows(house.conninfo, "select people::text from people"))
    await house.enter()  # not asked for yet
    with pytest.raises(PasswordWrong, match="code"):
        await ada.confirm(CodeGiven(code="000000"))
    code = pyotp.TOTP(enrolment.secret).at(house.clock.time)
    codes = (await ada.confirm(CodeGiven(code=code))).codes
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", item) for item in codes)
    with pytest.raises(TotpRequired):
        await house.enter()
    with pytest.raises(SignInFailed):
        await house.enter(password="wrong")  # which does not tell of the authenticator
    with pytest.raises(SignInFailed):
        await house.enter(totp=code)  # the one that confirmed is used up
    house.clock.advance(30)
    assert await house.enter(totp=pyotp.TOTP(enrolment.secret).at(house.clock.time)) == person_id
    assert (await house.sign_in.standing(person_id)).second_factor
    with pytest.raises(Conflict, match="already"):
        await ada.enrol(Confirmation(password=GOOD))
    with pytest.raises(Conflict, match="confirm"):
        await ada.confirm(CodeGiven(code=code))


async def test_a_code_is_good_once_and_for_a_minute_and_a_half(house: House) -> None:
    _, totp, _ = await enrolled(house)
    now = house.clock.time.timestamp()
    for stale in (-60, 60):
        with pytest.raises(SignInFailed):
            await house.enter(totp=totp.at(int(now + stale)))
    await house.enter(totp=" " + totp.at(int(now))[:3] + " " + totp.at(int(now))[3:])
    for replayed in (0, -30):
        with pytest.raises(SignInFailed):
            await house.enter(totp=totp.at(int(now + replayed)))
    await house.enter(totp=totp.at(int(now + 30)))


async def test_codes_are_not_guessed(house: House) -> None:
    _, totp, codes = await enrolled(house)
    for _ in range(5):
        with pytest.raises(SignInFailed):
            await house.enter(totp="000000")
        with pytest.raises((TotpRequired, LockedOut)):
            await house.enter()  # the right password alone forgets no failure
    with pytest.raises(LockedOut):
        await house.enter(totp=totp.at(house.clock.time))
    with pytest.raises(LockedOut):
        await house.enter(totp=codes[0])


async def test_a_recovery_code_is_good_once_and_removes_the_authenticator(house: House) -> None:
    ada, _, codes = await enrolled(house)
    await house.enter(totp=codes[0].lower().replace("-", " "))
    with pytest.raises(SignInFailed):
        await house.enter(totp=codes[0])
    with pytest.raises(PasswordWrong):
        await ada.remove(Removal(password=GOOD, code="AAAA-BBBB-CCCC-DDDD"))
    with pytest.raises(PasswordWrong):
        await ada.remove(Removal(code=codes[1]))
    await ada.remove(Removal(password=GOOD, code=codes[1]))
    await house.enter()
    assert rows(house.conninfo, "select count(*) from person_recovery_codes") == [(0,)]
    with pytest.raises(Conflict):
        await ada.remove(Removal(password=GOOD, code=codes[2]))


async def test_an_admin_takes_a_lost_authenticator_away_only_where_that_is_said(house: House) -> None:
    ada, _, _ = await enrolled(house)
    person_id = (await ada.show()).person.id
    await house.people().reset(person_id, Reset())
    assert (await house.people().show(person_id)).second_factor
    await house.people().reset(person_id, Reset(second_factor=True))
    assert not (await house.people().show(person_id)).second_factor
    await ada.change_password(PasswordChange(new=OTHER))  # there is none to say
    assert await house.enter(password=OTHER) == person_id


async def test_another_authenticator_that_was_begun_meanwhile_makes_a_confirmation_a_conflict(
    house: House,
) -> None:
    ada = house.myself(await house.joined("ada@example.com"))
    row = await ada._row()
    await ada.enrol(Confirmation(password=GOOD))
    async with house.parts.database.session(ada._scope) as session:
        from pilothouse.people.repository import PersonRepository

        with pytest.raises(Conflict, match="meanwhile"):
            await ada._unchanged(PersonRepository(session, ada._scope), row)
