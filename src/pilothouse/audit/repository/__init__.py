"""Queries on the audit log."""

from pilothouse.audit.repository.keeping import Due, KeepingRepository, Leaving
from pilothouse.audit.repository.log import AuditRepository, Placed
from pilothouse.audit.repository.sequencing import Grown, Sequencing, Tree
from pilothouse.audit.repository.writing import INSERT, Line, insert

__all__ = [
    "INSERT",
    "AuditRepository",
    "Due",
    "Grown",
    "KeepingRepository",
    "Leaving",
    "Line",
    "Placed",
    "Sequencing",
    "Tree",
    "insert",
]
