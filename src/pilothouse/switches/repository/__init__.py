"""Queries on switches: those of a tenant for the API, and what every process goes by."""

from pilothouse.switches.repository.book import SwitchRepository
from pilothouse.switches.repository.state import SwitchState

__all__ = ["SwitchRepository", "SwitchState"]
