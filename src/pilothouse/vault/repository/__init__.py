"""Queries of the vault: the keys of all tenants, and the values that they have sealed."""

from pilothouse.vault.repository.keys import KeyRepository
from pilothouse.vault.repository.values import Sealed, ValueRepository

__all__ = ["KeyRepository", "Sealed", "ValueRepository"]
