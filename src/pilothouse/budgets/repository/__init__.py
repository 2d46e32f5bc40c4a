"""Queries on budgets: those of a tenant for the API, and those of the engine on every tenant's."""

from pilothouse.budgets.repository.books import BudgetRepository
from pilothouse.budgets.repository.ledger import Leased, Ledger, Used

__all__ = ["BudgetRepository", "Leased", "Ledger", "Used"]
