"""Queries on notifications: those of a tenant for the API, and those of the workers on every tenant's."""

from pilothouse.notifications.repository.outbox import Due, Notice, OutboxRepository
from pilothouse.notifications.repository.targets import TargetRepository

__all__ = ["Due", "Notice", "OutboxRepository", "TargetRepository"]
