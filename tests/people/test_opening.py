"""Links to people where the process does not know under which address it is reached."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pilothouse.kit.origin import AddressUnknown, Origin
from pilothouse.notifications.schemas import Message
from pilothouse.people.redeeming import Redeeming
from pilothouse.people.schemas import Invite, RecoveryRequest, Reset
from pilothouse.settings import Settings
from support.people import House
from support.waiting import rows

FAR = {"host": "192.0.2.1", "tls_cert": "c.pem", "tls_key": "k.pem"}


class Letters:
    """Keeps what it is to send."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def send(self, message: Message) -> None:
        self.texts.append(message.text)


def reached(house: House, letters: Letters | None = None, **said: object) -> House:
    """The same people in a process with other settings."""
    parts = replace(house.parts, origin=Origin(Settings(_env_file=None, **said)), mail=letters)
    redeeming = Redeeming(parts, house.doors.outbox)
    return House(replace(house.doors, parts=parts, redeeming=redeeming), house.clock, house.conninfo)


async def test_off_loopback_no_link_is_sent_before_the_public_address_is_set(house: House) -> None:
    letters, ada = Letters(), Invite(email="ada@example.com", name="Ada", roles=["viewer"])
    far = reached(house, letters, **FAR)
    with pytest.raises(AddressUnknown, match="reach"):
        await far.people().invite(ada)
    assert rows(house.conninfo, "select id from people") == [], "nobody is made whom no link reaches"
    person_id = await house.joined("ada@example.com")
    with pytest.raises(AddressUnknown):
        await far.people().reset(person_id, Reset())
    assert await house.enter("ada@example.com") == person_id, "the password is as it was"
    await far.redeeming.request_recovery(RecoveryRequest(email="ada@example.com"))
    await house.doors.outbox.settled()
    assert letters.texts == []
    assert rows(house.conninfo, "select digest from person_links where purpose = 'recovery'") == []


async def test_on_loopback_links_lead_to_where_the_process_listens(house: House) -> None:
    letters, ada = Letters(), Invite(email="ada@example.com", name="Ada", roles=["viewer"])
    near = reached(house, letters, port=0, tls_cert="c.pem", tls_key="k.pem")
    near.parts.origin.bound(8_443)
    assert (await near.people().invite(ada)).sent
    assert "https://127.0.0.1:8443/join#" in letters.texts[0]
    shown = reached(house, None)
    bob = await shown.people().invite(Invite(email="bob@example.com", name="Bob", roles=[]))
    assert bob.link is not None
    assert bob.link.startswith("http://127.0.0.1:8000/join#")
