"""Queries of retention: the rules of one tenant, and what applies the rules of all."""

from pilothouse.retention.repository.removal import Due, Removal, Removed
from pilothouse.retention.repository.rules import RuleRepository

__all__ = ["Due", "Removal", "Removed", "RuleRepository"]
