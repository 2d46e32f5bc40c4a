"""What people are written."""

from __future__ import annotations

from pilothouse.notifications.schemas import Message
from pilothouse.people.addresses import EmailAddress
from pilothouse.people.links import Link, Purpose

_SUBJECTS = {
    Purpose.INVITATION: "You are invited to Pilothouse",
    Purpose.RECOVERY: "A new password for Pilothouse",
}
_TEXTS = {
    Purpose.INVITATION: """Hello {name},

you are invited to Pilothouse. Choose a password here:

{url}

The link is valid once, until {until}.
If you do not know why you were invited, leave this mail be.
""",
    Purpose.RECOVERY: """Hello {name},

a new password was asked for. Choose one here:

{url}

The link is valid once, until {until}, and ends all your sessions.
If you did not ask for it, leave this mail be.
""",
}


def message_for(to: EmailAddress, name: str, link: Link, url: str) -> Message:
    """The mail that brings a link."""
    until = link.expires_at.strftime("%Y-%m-%d %H:%M UTC")
    text = _TEXTS[link.purpose].format(name=name, url=url, until=until)
    return Message(to.wire, _SUBJECTS[link.purpose], text)
