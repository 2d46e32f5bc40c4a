"""Mail over SMTP: to a real server, with and without TLS, with a login, refused, away, and hostile names."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from pilothouse.errors import InvalidInput
from pilothouse.kit.secret import Secret
from pilothouse.notifications import service
from pilothouse.notifications.errors import MailUnavailable
from pilothouse.notifications.schemas import Message
from pilothouse.notifications.service import Outbox, SmtpMailer
from pilothouse.telemetry import logs
from support.clocks import ManualClock
from support.mailbox import PASSWORD, Mailbox, certificate

SENDER = "Pilothouse <pilothouse@example.com>"
HELLO = Message("ada@example.com", "A subject", "Grüße,\nhttps://example.com/join#secret-token\n")


class OnePassword:
    def __init__(self, value: bytes = PASSWORD) -> None:
        self._value = value

    async def versions(self, name: str) -> Sequence[Secret]:
        assert name == "smtp_password"
        return [Secret(name, "1", self._value)]


def mailer(box: Mailbox, trusted: Path | None = None, password: bytes = PASSWORD) -> SmtpMailer:
    def context() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(trusted) if trusted else None)

    return SmtpMailer(box.url, SENDER, OnePassword(password), ManualClock(), context)


async def test_a_message_arrives_as_it_was_written() -> None:
    with Mailbox() as box:
        await mailer(box).send(HELLO)
    (came,) = box.messages
    assert (came["to"], came["subject"], came["from"]) == (HELLO.to, HELLO.subject, SENDER)
    assert came.get_content() == HELLO.text
    assert (came["auto-submitted"], came["date"]) == ("auto-generated", "Thu, 31 Jan 2030 12:00:00 +0000")
    assert came["message-id"].endswith("@example.com>")
    assert "secret-token" not in repr(HELLO)
    assert "ada@" not in repr(HELLO)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_tls_is_spoken_and_the_certificate_is_checked(scheme: str, tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    with Mailbox(scheme=scheme, tls=pem, login=True) as box:
        await mailer(box, pem).send(HELLO)
        assert (len(box.messages), box.encrypted) == (1, [True])
        with pytest.raises(MailUnavailable):
            await mailer(box).send(HELLO)  # whose certificate nobody has vouched for
    assert len(box.messages) == 1


async def test_a_wrong_password_a_refusal_and_a_server_that_is_away_are_unavailable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("debug", "json")  # into what is captured here
    pem = certificate(tmp_path)
    with Mailbox(scheme="smtps", tls=pem, login=True) as box:
        await mailer(box, pem).send(HELLO)
        with pytest.raises(MailUnavailable):
            await mailer(box, pem, b"another password").send(HELLO)
        box.refuse = True
        with pytest.raises(MailUnavailable):
            await mailer(box, pem).send(HELLO)
        url = box.url
    with pytest.raises(MailUnavailable):
        await SmtpMailer(url, SENDER, OnePassword(), ManualClock()).send(HELLO)
    assert len(box.messages) == 1
    said = capsys.readouterr()
    with capsys.disabled():
        logs.configure("debug", "readable")
    assert "mail_refused" in said.out + said.err
    for secret in ("another password", PASSWORD.decode(), "secret-token", "ada@example.com"):
        assert secret not in said.out + said.err


async def test_without_starttls_nothing_leaves_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "is_loopback", lambda _: False)
    with Mailbox() as box:
        with pytest.raises(MailUnavailable):
            await mailer(box).send(HELLO)
        assert box.messages == []


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(MailUnavailable):
            await SmtpMailer(url, SENDER, OnePassword(), ManualClock()).send(HELLO)


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("ada@example.com\r\nBcc: eve@example.com", "x"),
        ("ada@example.com", "x\r\nBcc: eve@example.com"),
        ("ada@example.com", "x\n\nanother body"),
        ("ada\x00@example.com", "x"),
        ("ada@example.com", "x\u2028Bcc: eve@example.com"),
    ],
)
async def test_a_header_is_not_broken_out_of(to: str, subject: str) -> None:
    with Mailbox() as box:
        with pytest.raises(InvalidInput):
            await mailer(box).send(Message(to, subject, "text"))
        assert box.messages == []


async def test_a_line_of_the_text_ends_no_message() -> None:
    text = "one\n.\nRCPT TO:<eve@example.com>\n"
    with Mailbox() as box:
        await mailer(box).send(Message("ada@example.com", "x", text))
    assert [message.get_content() for message in box.messages] == [text]


async def test_the_outbox_is_bounded_survives_failures_and_is_waited_for() -> None:
    outbox, done, gate = Outbox(most=2), list[str](), asyncio.Event()

    async def fail() -> None:
        raise ValueError

    async def wait() -> None:
        await gate.wait()
        done.append("waited")

    outbox.put(fail)
    outbox.put(wait)
    outbox.put(wait)  # there is no place for it
    gate.set()
    await outbox.settled()
    assert done == ["waited"]
    gate.clear()
    outbox.put(wait)
    await outbox.close(0.01)
    await outbox.settled()
    await outbox.close()
    assert done == ["waited"]
