"""An e-mail file (RFC 5322) as a ticket: its text, and the names of its attachments, which are not read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from html.parser import HTMLParser

from pydantic import ValidationError

from pilothouse import Delivery
from pilothouse.apps.support.inlets.telling import problem_of
from pilothouse.apps.support.tickets import LONGEST, Ticket

LARGEST = 10_000_000
MOST_PARTS = 200
MOST_NAMES = 20
UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
BREAKS = frozenset({"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "blockquote"})
QUOTED = re.compile(
    r"^\s*(?:>|On .{5,120} wrote:\s*$|Am .{5,120} schrieb.{0,120}:\s*$|-{2,} ?Original)", re.IGNORECASE
)


def read_mail(data: bytes) -> Iterator[Delivery]:
    """The one ticket of an e-mail, or why there is none."""
    yield _read(data)


def _read(data: bytes) -> Delivery:
    key = f"mail-{hashlib.sha256(data).hexdigest()[:40]}"
    if len(data) > LARGEST:
        return Delivery(where="mail", problem=f"it has {len(data):,} bytes, at most {LARGEST:,} are read.")
    try:
        message = message_from_bytes(data, policy=default)
        parts = [part for _, part in zip(range(MOST_PARTS + 1), message.walk(), strict=False)]
        if len(parts) > MOST_PARTS:
            return Delivery(where="mail", problem=f"it has more than {MOST_PARTS} parts.")
        text = _text(parts)
        names = tuple(_header(part.get_filename() or "unnamed") for part in parts if part.is_attachment())
        subject, sender = _header(message["subject"]), parseaddr(str(message["from"] or ""))[1]
        identifier = _header(message["message-id"])
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return Delivery(where="mail", problem=f"it cannot be read as an e-mail ({type(error).__name__}).")
    if not any(one.isalnum() for one in f"{text}{subject}"):
        return Delivery(where="mail", problem="it has no text that can be read, and no subject.")
    if len(text) > LONGEST:
        problem = f"its text has {len(text):,} characters, at most {LONGEST:,} are taken."
        return Delivery(where="mail", problem=problem)
    if identifier:
        key = f"mail-{hashlib.sha256(identifier.encode()).hexdigest()[:40]}"
    try:
        ticket = Ticket(
            text=text.strip() or subject,
            subject=subject,
            sender=sender[:254],
            channel="mail",
            attachments=names[:MOST_NAMES],
        )
    except ValidationError as error:
        return Delivery(where="mail", problem=problem_of(error))
    return Delivery(where="mail", value=ticket.model_dump(mode="json"), key=key)


def _text(parts: list[EmailMessage]) -> str:
    """The first plain text; else the first page of HTML as text. What the mail quotes is left out."""
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and not part.is_attachment():
                text = _decoded(part)
                plain = _without_markup(text) if kind == "text/html" else text
                if plain.strip():
                    return _own_words(plain)
    return ""


def _decoded(part: EmailMessage) -> str:
    """A part's text; bytes that its encoding does not know become replacement characters."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        text = data.decode(charset, errors="replace")
    except LookupError:
        text = data.decode("utf-8", errors="replace")
    return "".join(one for one in text if one in "\n\t" or one.isprintable())


def _own_words(text: str) -> str:
    """A mail's text up to where it quotes the one that it answers; all of it where it begins with that."""
    kept: list[str] = []
    for line in text.splitlines():
        if QUOTED.match(line) and any(one.strip() for one in kept):
            break
        kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _header(value: object) -> str:
    """A header as one printable line of at most 500 characters."""
    text = " ".join(str(value or "").split())
    return "".join(one for one in text if one.isprintable())[:500]


class _Words(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        if tag in BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN and self._unseen:
            self._unseen -= 1

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.words.append(data)


def _without_markup(page: str) -> str:
    reader = _Words()
    reader.feed(page)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
