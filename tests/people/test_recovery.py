"""Links by e-mail: who is sent one, how often, and that nobody else notices."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest

from pilothouse.notifications.errors import MailUnavailable
from pilothouse.notifications.service import SmtpMailer
from pilothouse.people.schemas import Acceptance, Invite, PasswordReset, RecoveryRequest, Reset
from support.mailbox import Mailbox
from support.people import GOOD, OTHER, House, token_of
from support.waiting import rows


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with Mailbox() as opened:
        yield opened


@pytest.fixture
def mailing(house: House, box: Mailbox, with_mail: Callable[..., House]) -> House:
    return with_mail(house, SmtpMailer(box.url, "pilothouse@example.com", None, house.clock))


def token_in(text: str) -> str:
    found = re.search(r"https://\S+", text)
    assert found
    return token_of(found[0])


async def ask(house: House, email: str, tenant: str | None = None) -> None:
    await house.redeeming.request_recovery(RecoveryRequest(email=email, tenant_id=tenant))
    await house.doors.outbox.settled()


async def test_an_invitation_goes_to_the_person_and_is_not_shown_to_the_admin(
    mailing: House, box: Mailbox
) -> None:
    invited = await mailing.people().invite(Invite(email="ada@example.com", name="Ada", roles=["viewer"]))
    assert (invited.sent, invited.link) == (True, None)
    (mail,) = box.messages
    assert (mail["to"], "Hello Ada," in mail.get_content()) == ("ada@example.com", True)
    await mailing.redeeming.accept_invitation(Acceptance(token=token_in(mail.get_content()), password=GOOD))
    assert await mailing.enter() == invited.person.id
    assert (await mailing.people().reset(invited.person.id, Reset())).link is None


async def test_a_refusing_mail_server_is_said_and_the_person_is_there(mailing: House, box: Mailbox) -> None:
    box.refuse = True
    with pytest.raises(MailUnavailable):
        await mailing.people().invite(Invite(email="ada@example.com", roles=[]))
    ((person_id,),) = rows(mailing.conninfo, "select id from people")
    box.refuse = False
    assert (await mailing.people().reset(person_id, Reset())).sent


async def test_a_forgotten_password_is_replaced_and_that_ends_all_sessions_and_a_lockout(
    mailing: House, house: House, box: Mailbox
) -> None:
    ada = await house.joined("ada@example.com")
    for _ in range(5):
        with pytest.raises(Exception, match="is not right"):
            await mailing.enter(password="wrong")
    mailing.clock.advance(5)
    await ask(mailing, "ADA@example.com")
    token = token_in(box.messages[0].get_content())
    await mailing.redeeming.reset_password(PasswordReset(token=token, password=OTHER))
    standing = await mailing.sign_in.standing(ada)
    assert standing.sessions_valid_from == mailing.clock.time
    assert await mailing.enter(password=OTHER) == ada


async def test_who_is_unknown_invited_or_disabled_is_sent_nothing(
    mailing: House, house: House, box: Mailbox
) -> None:
    await house.people().invite(Invite(email="invited@example.com", roles=[]))
    await house.people().disable(await house.joined("gone@example.com"))
    for email in ("nobody@example.com", "invited@example.com", "gone@example.com", "no address\x00"):
        await ask(mailing, email)
    assert box.messages == []
    await ask(house, "gone@example.com")


async def test_without_mail_nothing_is_made(house: House) -> None:
    await house.joined("ada@example.com")
    await ask(house, "ada@example.com")
    assert rows(house.conninfo, "select count(*) from person_links") == [(0,)]


async def test_nobody_s_mailbox_is_flooded(mailing: House, house: House, box: Mailbox) -> None:
    await house.joined("ada@example.com")
    for _ in range(6):
        await mailing.redeeming.request_recovery(RecoveryRequest(email="ada@example.com"))
    await house.doors.outbox.settled()
    assert len(box.messages) == 3
    mailing.clock.advance(3_601)
    await ask(mailing, "ada@example.com")
    assert len(box.messages) == 4


async def test_in_each_tenant_of_an_address_a_link_is_made_unless_one_is_named(
    mailing: House, house: House, box: Mailbox
) -> None:
    await house.joined("ada@example.com")
    await house.joined("ada@example.com", tenant=house.tenant("acme"))
    await ask(mailing, "ada@example.com", "acme")
    assert len(box.messages) == 1
    await ask(mailing, "ada@example.com")
    assert len(box.messages) == 3


@pytest.mark.timed
async def test_the_answer_does_not_wait_for_anything(mailing: House, house: House) -> None:
    await house.joined("ada@example.com")
    for email in ("ada@example.com", "nobody@example.com"):
        began = time.perf_counter()
        await mailing.redeeming.request_recovery(RecoveryRequest(email=email))
        assert time.perf_counter() - began < 0.01
    await house.doors.outbox.settled()
