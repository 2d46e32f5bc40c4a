"""What can be wrong with policies."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.errors import Category, PilothouseError, Severity


class PolicyInvalid(PilothouseError):
    """The policies are not valid."""

    code = "policy_invalid"
    status = 400
    category = Category.USER
    severity = Severity.INFO

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, found: Sequence[str] = ()
    ) -> None:
        """Say each thing that was `found` wrong after the message."""
        told = " ".join(filter(None, (message or "The policies are not valid:", "; ".join(found))))
        super().__init__(told, hint=hint)
        self.found = tuple(found)


class PolicyTestsFailed(PolicyInvalid):
    """Tests of the policies fail."""

    code = "policy_tests_failed"
    status = 409
