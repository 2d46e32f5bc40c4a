"""Queries on budgets: those of a tenant for the API, and those of the engine on every tenant's."""

from pilothouse.budgets.repository.books import BudgetRepository
from pilothouse.budgets.repository.ledger import Ledger, Used

__all__ = ["BudgetRepository", "Ledger", "Used"]
