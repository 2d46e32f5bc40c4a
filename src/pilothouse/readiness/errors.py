"""What can go wrong with attestations."""

from __future__ import annotations

from pilothouse.errors import Conflict


class AlreadyWithdrawn(Conflict):
    """The statement was withdrawn before."""

    code = "already_withdrawn"
