"""Queries on people: those of one tenant, and those that find out who comes."""

from pilothouse.people.repository.doors import Attempts, DoorRepository
from pilothouse.people.repository.people import PersonRepository

__all__ = ["Attempts", "DoorRepository", "PersonRepository"]
