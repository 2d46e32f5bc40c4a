"""What the services of people work with."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.origin import Origin
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.notifications.service import Mailer
from pilothouse.people.addresses import LOCAL_DOMAIN, EmailAddress
from pilothouse.people.links import Link, Links
from pilothouse.people.lockout import Lockout
from pilothouse.people.passwords import Passwords
from pilothouse.people.records import Records
from pilothouse.people.texts import message_for


@dataclass(frozen=True)
class Parts:
    """One process's parts. Without `mail` links are shown to the admin who made them, and sent to nobody."""

    database: Database
    sealer: Sealer
    passwords: Passwords
    lockout: Lockout
    links: Links
    mail: Mailer | None
    origin: Origin
    clock: Clock
    ids: Ids

    @property
    def records(self) -> Records:
        """What seals and opens."""
        return Records(self.sealer)

    async def send(self, to: EmailAddress | None, name: str, link: Link) -> bool:
        """Mail a link, if mail is set up and the address leads somewhere.

        Raises `MailUnavailable` and `AddressUnknown`.
        """
        if self.mail is None or to is None or to.wire.endswith(f"@{LOCAL_DOMAIN}"):
            return False
        await self.mail.send(message_for(to, name, link, link.url(self.origin.url())))
        return True
