"""Queries of tenants: who they are, their engagements, their jobs, and all that the database has of one."""

from pilothouse.tenants.repository.accounts import EngagementRepository, TenantRepository
from pilothouse.tenants.repository.holdings import File, Held, Holdings
from pilothouse.tenants.repository.jobs import JobRepository, Jobs, Taken

__all__ = [
    "EngagementRepository",
    "File",
    "Held",
    "Holdings",
    "JobRepository",
    "Jobs",
    "Taken",
    "TenantRepository",
]
