"""Opens what a process has of people."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.origin import Origin
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.secret import SecretSource
from pilothouse.kit.session import Database
from pilothouse.notifications.service import Outbox, SmtpMailer
from pilothouse.people.links import Links
from pilothouse.people.lockout import Lockout
from pilothouse.people.parts import Parts
from pilothouse.people.passwords import Passwords
from pilothouse.people.redeeming import Redeeming
from pilothouse.people.signing_in import SignIn
from pilothouse.resilience import Registry
from pilothouse.settings import Settings


@dataclass(frozen=True)
class Doors:
    """How people come in: what signs them in, what redeems their links, and what the rest works with."""

    parts: Parts
    sign_in: SignIn
    redeeming: Redeeming
    outbox: Outbox

    async def close(self) -> None:
        """Mails under way are given a moment."""
        await self.outbox.close()
        self.parts.passwords.close()


def open_doors(
    settings: Settings,
    database: Database,
    sealer: Sealer,
    secrets: SecretSource,
    *,
    ids: Ids,
    origin: Origin | None = None,
    clock: Clock | None = None,
    passwords: Passwords | None = None,
    resilience: Registry | None = None,
) -> Doors:
    """Wire them over `database`, by the settings. `origin` is where links lead to, once that is known."""
    clock = clock or SystemClock()
    passwords = passwords or Passwords(at_once=settings.password_hashes)
    lockout = Lockout(
        database,
        sealer,
        clock,
        account_failures=settings.sign_in_failures,
        address_failures=settings.sign_in_address_failures,
    )
    mail = None
    if settings.mail_url is not None and settings.mail_from is not None:
        mail = SmtpMailer(settings.mail_url, settings.mail_from, secrets, clock, resilience=resilience)
    parts = Parts(
        database=database,
        sealer=sealer,
        passwords=passwords,
        lockout=lockout,
        links=Links(secrets, clock),
        mail=mail,
        origin=origin or Origin(settings),
        clock=clock,
        ids=ids,
    )
    outbox = Outbox()
    sign_in = SignIn(database, sealer, passwords, lockout, clock, ids)
    return Doors(parts, sign_in, Redeeming(parts, outbox), outbox)
