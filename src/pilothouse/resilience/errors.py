"""What goes wrong before a dependency is asked, or because it takes too long."""

from __future__ import annotations

from pilothouse.errors import Severity, Unavailable


class Refused(Unavailable):
    """The dependency was not asked. `retry_after` is in seconds, where that is known."""

    code = "dependency_refused"
    severity = Severity.WARNING

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, retry_after: float | None = None
    ) -> None:
        """Say when to ask again in `retry_after`."""
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class BreakerOpen(Refused):
    """The dependency has failed too often lately: it is left alone for a while."""

    code = "breaker_open"


class BulkheadFull(Refused):
    """Too many calls of the dependency are under way or wait already."""

    code = "bulkhead_full"


class RateExceeded(Refused):
    """The dependency may not be asked that often, and there is no time to wait."""

    code = "rate_exceeded"


class DeadlineExceeded(Unavailable):
    """The time that the call was given is over."""

    code = "deadline_exceeded"
    severity = Severity.WARNING
