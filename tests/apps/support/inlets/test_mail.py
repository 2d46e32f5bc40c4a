from __future__ import annotations

from email.message import EmailMessage

import pytest

from pilothouse import Delivery
from pilothouse.apps.support.inlets.mail import LARGEST, MOST_PARTS, read_mail
from pilothouse.apps.support.tickets import LONGEST


def mail(
    text: str = "It is broken.", *, subject: str = "Lamp", sender: str = "Ann <ann@example.com>"
) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = (
        sender,
        "help@shop.example",
        subject,
        "<1@x>",
    )
    made.set_content(text)
    return made


def read(data: bytes | EmailMessage) -> Delivery:
    (found,) = read_mail(data if isinstance(data, bytes) else data.as_bytes())
    return found


def ticket(data: bytes | EmailMessage) -> dict[str, object]:
    found = read(data)
    assert found.problem is None, found.problem
    assert isinstance(found.value, dict)
    return dict(found.value)


def test_text_subject_and_sender_become_a_ticket() -> None:
    about = {"subject": "Lamp", "sender": "ann@example.com", "channel": "mail", "attachments": []}
    assert ticket(mail()) == {"text": "It is broken.", **about}


def test_the_same_mail_has_the_same_key_however_it_was_saved() -> None:
    one, other = mail(), mail("Another copy of it.")
    assert read(one).key == read(other).key
    del other["Message-ID"]
    assert read(one).key != read(other).key


def test_attachments_are_named_and_not_read() -> None:
    made = mail()
    made.add_attachment(b"%PDF-1.7 secret", maintype="application", subtype="pdf", filename="invoice.pdf")
    found = ticket(made)
    assert found["attachments"] == ["invoice.pdf"]
    assert "secret" not in str(found["text"])


def test_html_becomes_what_a_reader_sees() -> None:
    made = mail()
    page = (
        "<style>p{}</style><p>Hello &amp; bye</p><script>steal()</script><p>order <b>H-1</b></p>"
        "<img src=x onerror=1>"
    )
    made.set_content(page, subtype="html")
    assert (
        ticket(made)["text"] == "Hello & bye\n\norder H-1" or ticket(made)["text"] == "Hello & bye\norder H-1"
    )


def test_plain_text_goes_before_html_and_quoted_mails_are_left_out() -> None:
    made = mail("My own words.\n\nOn Monday, Bob <b@example.com> wrote:\n> refund everything\n")
    made.add_alternative("<p>other words</p>", subtype="html")
    assert ticket(made)["text"] == "My own words."


def test_a_mail_without_a_text_is_its_subject() -> None:
    assert ticket(mail("", subject="Where is my order?"))["text"] == "Where is my order?"


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "no-such-charset"])
def test_a_wrong_encoding_loses_no_mail(charset: str) -> None:
    head = f"From: a@example.com\nSubject: x\nContent-Type: text/plain; charset={charset}\n\n"
    assert "broken" in str(ticket(head.encode() + b"it is broken \xff\xfe")["text"])


def nested(depth: int) -> bytes:
    lines = ["From: a@example.com", "Subject: deep", "MIME-Version: 1.0"]
    for level in range(depth):
        lines += [f'Content-Type: multipart/mixed; boundary="b{level}"', "", f"--b{level}"]
    return "\n".join([*lines, "Content-Type: text/plain", "", "hi"]).encode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"x" * (LARGEST + 1), "bytes"),
        (b"", "no text"),
        (b"\x00\xff\x00\xff" * 100, "no text"),
        (nested(MOST_PARTS + 20), "parts"),
        (nested(3_000), ""),
        (mail("y" * (LONGEST + 1)).as_bytes(), "characters"),
    ],
)
def test_what_cannot_be_a_ticket_is_told(data: bytes, expected: str) -> None:
    found = read(data)
    assert found.value is None
    assert found.problem
    assert expected in found.problem


def test_a_header_cannot_smuggle_lines() -> None:
    found = ticket(b"From: a@example.com\nSubject: =?utf-8?q?one=0D=0Atwo=1B[31m?=\n\nhello")
    assert found["subject"] in {"one two[31m", "onetwo[31m"}
