"""The one root of every error that Pilothouse raises on purpose.

Each class knows its code, HTTP status, category, severity and whether a retry can help, so that the
API, the CLI and the journal describe it alike. The class docstring is the default message.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, ClassVar


class Category(StrEnum):
    """Whose turn it is to act on an error."""

    USER = "user"
    SYSTEM = "system"
    EXTERNAL = "external"
    BUSINESS = "business"


class Severity(StrEnum):
    """How loudly an error is logged."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class PilothouseError(Exception):
    """Something went wrong in Pilothouse."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    category: ClassVar[Category] = Category.SYSTEM
    severity: ClassVar[Severity] = Severity.ERROR
    retryable: ClassVar[bool] = False

    _by_code: ClassVar[dict[str, type[PilothouseError]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" in cls.__dict__:
            PilothouseError._by_code.setdefault(cls.code, cls)

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        """Say what happened to what in `message`, and what to do about it in `hint`."""
        self.message = message or (type(self).__doc__ or self.code).strip().splitlines()[0]
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    @classmethod
    def of_code(cls, code: str) -> type[PilothouseError] | None:
        """The class that was declared with `code`, or None where there is none."""
        return cls._by_code.get(code)


class Faulty(PilothouseError):
    """Something is not valid.

    `found` says each thing that is wrong with it.
    """

    status = 400
    category = Category.USER
    severity = Severity.INFO

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, found: Sequence[str] = ()
    ) -> None:
        """Say each thing that was `found` wrong after the message."""
        said = message or (type(self).__doc__ or self.code).strip().splitlines()[0].rstrip(".") + ":"
        super().__init__(" ".join(filter(None, (said, "; ".join(found)))), hint=hint)
        self.found = tuple(found)


class InvalidInput(PilothouseError):
    """The input is not valid."""

    code = "invalid_input"
    status = 400
    category = Category.USER
    severity = Severity.INFO


class Unauthenticated(PilothouseError):
    """Nobody has signed in."""

    code = "unauthenticated"
    status = 401
    category = Category.USER
    severity = Severity.INFO


class Forbidden(PilothouseError):
    """The principal may not do this."""

    code = "forbidden"
    status = 403
    category = Category.USER
    severity = Severity.WARNING


class NotFound(PilothouseError):
    """There is no such thing here."""

    code = "not_found"
    status = 404
    category = Category.USER
    severity = Severity.INFO


class Conflict(PilothouseError):
    """The state of the thing does not allow this."""

    code = "conflict"
    status = 409
    category = Category.USER
    severity = Severity.INFO


class Outdated(PilothouseError):
    """The thing was changed since it was read."""

    code = "outdated"
    status = 412
    category = Category.USER
    severity = Severity.INFO


class LimitExceeded(PilothouseError):
    """A limit was reached."""

    code = "limit_exceeded"
    status = 429
    category = Category.USER
    severity = Severity.WARNING
    retryable = True


class Unavailable(PilothouseError):
    """A part that is needed does not answer."""

    code = "unavailable"
    status = 503
    category = Category.EXTERNAL
    severity = Severity.ERROR
    retryable = True


class SettingsInvalid(PilothouseError):
    """The settings are not usable."""

    code = "settings_invalid"
    category = Category.USER


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    code = "database_unavailable"
