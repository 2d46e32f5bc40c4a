"""What can go wrong with budgets."""

from __future__ import annotations

from uuid import UUID

from pilothouse.errors import LimitExceeded


class BudgetExhausted(LimitExceeded):
    """A budget has no room for this."""

    code = "budget_exhausted"

    def __init__(
        self,
        message: str | None = None,
        *,
        budget: str = "",
        budget_id: UUID | None = None,
        hint: str | None = None,
    ) -> None:
        """Name the `budget` that has no room."""
        super().__init__(message, hint=hint)
        self.budget, self.budget_id = budget, budget_id
