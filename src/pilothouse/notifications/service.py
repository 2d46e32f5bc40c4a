"""Sends messages by SMTP (RFC 5321), over TLS wherever they leave this machine.

`smtps://` speaks TLS from the first byte. `smtp://` insists on STARTTLS (RFC 3207), except for a server on
this machine: what is sent holds links that sign people in.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import unicodedata
from collections.abc import Awaitable, Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import structlog

from pilothouse.errors import InvalidInput
from pilothouse.kit.clock import Clock
from pilothouse.kit.secret import SecretSource
from pilothouse.notifications.errors import MailUnavailable
from pilothouse.notifications.schemas import Message
from pilothouse.resilience import (
    BulkheadTerms,
    DeadlineExceeded,
    Faults,
    Refused,
    Registry,
    Terms,
)
from pilothouse.settings import is_loopback

log = structlog.get_logger(__name__)

PASSWORD = "smtp_password"  # noqa: S105 - the name of a secret
TIMEOUT = 10.0
"""Seconds for each answer of the mail server."""

TERMS = Terms(deadline=60.0, retry=None, bulkhead=BulkheadTerms(at_once=4, queue=200, patience=60.0))
"""A mail that was handed over twice is two mails: it is not tried again."""


def _is_down(error: BaseException) -> bool:
    """Whether the mail server does not work; one that refuses an address or a letter does."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    of_letter = isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError)
    return not (of_letter and getattr(error, "smtp_code", 0) >= 500)


FAULTS = Faults(recorded=_is_down)
_PORTS = {"smtp": 587, "smtps": 465}


class Mailer(Protocol):
    """Sends messages to people."""

    async def send(self, message: Message) -> None:
        """Hand a message over for delivery; raises `MailUnavailable`."""
        ...


class SmtpMailer:
    """Hands messages over to one mail server, a few at once, each by a connection of its own."""

    def __init__(
        self,
        url: str,
        sender: str,
        secrets: SecretSource,
        clock: Clock,
        context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        resilience: Registry | None = None,
    ) -> None:
        """Send from `sender` by the server at `url`, such as smtps://name@mail.example.com.

        Where the URL names a login, its password is the secret `smtp_password`. `context` makes that by
        which the server's certificate is checked.
        """
        self._where = urlsplit(url)
        self._sender = sender
        self._secrets = secrets
        self._clock = clock
        self._context = context
        registry = Registry(clock=clock) if resilience is None else resilience
        self._server = registry.dependency("smtp", TERMS, faults=FAULTS)

    async def send(self, message: Message) -> None:
        """Hand a message over; raises `MailUnavailable`, and `InvalidInput` for what cannot be a header."""
        letter = self._letter(message)
        password = await self._password()
        try:
            await self._server.in_thread(lambda: self._hand_over(letter, password), idempotent=False)
        except (OSError, smtplib.SMTPException, Refused, DeadlineExceeded) as error:
            code = getattr(error, "smtp_code", None)
            log.warning("mail_refused", host=self._where.hostname, kind=type(error).__name__, code=code)
            raise MailUnavailable(hint="The log says which server it was; try again later.") from error
        log.info("mail_sent", subject=message.subject)

    async def _password(self) -> str | None:
        if not self._where.username:
            return None
        return (await self._secrets.versions(PASSWORD))[0].reveal().decode()

    def _letter(self, message: Message) -> EmailMessage:
        for text in (message.to, message.subject):
            if any(unicodedata.category(character)[0] in "CZ" and character != " " for character in text):
                raise InvalidInput("An address or a subject has characters that no header has.")
        name, domain = message.to.rsplit("@", 1)
        letter = EmailMessage(policy=SMTP)
        letter["From"] = self._sender
        letter["To"] = Address(username=name, domain=domain)
        letter["Subject"] = message.subject
        letter["Date"] = format_datetime(self._clock.now())
        letter["Message-ID"] = make_msgid(domain=self._sender.rsplit("@", 1)[-1].rstrip("> "))
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.text)
        return letter

    def _hand_over(self, letter: EmailMessage, password: str | None) -> None:
        where = self._where
        with _connected(where, self._context) as server:
            if where.scheme == "smtp":
                server.ehlo_or_helo_if_needed()
                if server.has_extn("starttls"):
                    server.starttls(context=self._context())
                elif not is_loopback(where.hostname or ""):
                    raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS")
            if where.username and password is not None:
                server.login(unquote(where.username), password)
            server.send_message(letter)


def _connected(where: SplitResult, context: Callable[[], ssl.SSLContext]) -> smtplib.SMTP:
    host, port = where.hostname or "", where.port or _PORTS[where.scheme]
    if where.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context())
    return smtplib.SMTP(host, port, timeout=TIMEOUT)


class Outbox:
    """Sends in the background: who asked cannot tell from the time whether there was anybody to send to."""

    def __init__(self, most: int = 100) -> None:
        """Keep at most so many pieces of work."""
        self._most = most
        self._under_way: set[asyncio.Task[None]] = set()

    def put(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done soon. Where there is too much to do already, it is left."""
        if len(self._under_way) >= self._most:
            log.warning("outbox_full")
            return
        task = asyncio.create_task(self._done(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settled(self) -> None:
        """Wait until all is done that was put in so far."""
        if self._under_way:
            await asyncio.wait(set(self._under_way))

    async def close(self, patience: float = TIMEOUT) -> None:
        """Give what is under way so many seconds."""
        if self._under_way:
            _, late = await asyncio.wait(set(self._under_way), timeout=patience)
            for task in late:
                task.cancel()

    async def _done(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            log.exception("background_mail_failed", kind=type(error).__name__)
