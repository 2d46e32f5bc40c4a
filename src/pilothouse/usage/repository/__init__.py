"""Queries on usage: rows that are written, and reports and pages of a tenant's."""

from pilothouse.usage.repository.reading import UsageRepository
from pilothouse.usage.repository.writing import INSERT, forget, write

__all__ = ["INSERT", "UsageRepository", "forget", "write"]
