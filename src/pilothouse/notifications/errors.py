"""What goes wrong with messages."""

from __future__ import annotations

from pilothouse.errors import Category, PilothouseError, Severity, Unavailable


class MailUnavailable(Unavailable):
    """The mail server did not take the message."""

    code = "mail_unavailable"


class NotTaken(PilothouseError):
    """The target did not take the message.

    `answered` is the HTTP status that it answered with, `again_after` how many seconds it wants to be left
    alone. Where it is `final` no later attempt can succeed; where it is `gone` nobody is there any more.
    """

    code = "message_not_taken"
    category = Category.EXTERNAL
    severity = Severity.WARNING

    def __init__(
        self,
        message: str,
        *,
        answered: int | None = None,
        again_after: float | None = None,
        final: bool = False,
        gone: bool = False,
    ) -> None:
        """Say why in `message`, without anything of the address that is secret."""
        super().__init__(message)
        self.answered = answered
        self.again_after = again_after
        self.final = final or gone
        self.gone = gone
