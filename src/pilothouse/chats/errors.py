"""What goes wrong where a customer comes to chat."""

from __future__ import annotations

from pilothouse.errors import Forbidden, LimitExceeded, PilothouseError, Severity, Unauthenticated


class ChatLinkOver(PilothouseError):
    """This link is good no more: it was used, or it has expired."""

    code = "chat_link_over"
    status = 410
    severity = Severity.INFO


class NoChat(Unauthenticated):
    """You are not signed in to this chat."""

    code = "no_chat_session"


class ChatCsrfRefused(Forbidden):
    """A chat's session changes nothing without its CSRF token."""

    code = "chat_csrf_refused"


class TooManyConversations(LimitExceeded):
    """You have begun too many conversations."""

    code = "too_many_conversations"
    severity = Severity.INFO

    def __init__(self, most: int, retry_after: int) -> None:
        """Of `most` within an hour; another one may begin `retry_after` seconds from now."""
        super().__init__(
            f"You have begun {most} conversations within an hour, which is the most.",
            hint="Go on in one of them, or come again later.",
        )
        self.headers = {"retry-after": str(retry_after)}
