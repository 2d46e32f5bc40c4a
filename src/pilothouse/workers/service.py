"""Which workers there are, and how they are."""

from __future__ import annotations

from pilothouse.workers.repository import WorkerRepository
from pilothouse.workers.schemas import WorkerShown, WorkersShown


class WorkerRoster:
    """The workers of an installation."""

    def __init__(self, repository: WorkerRepository, *, lease: float) -> None:
        """Read through `repository`. A worker silent for `lease` seconds counts as gone."""
        self._repository = repository
        self._lease = lease

    async def all(self) -> WorkersShown:
        """The workers, those that started first at the top."""
        rows = await self._repository.all()
        return WorkersShown(
            items=[
                WorkerShown(
                    **{name: value for name, value in row.items() if name != "pins"},
                    workflows=row["pins"],
                    alive=row["silent_for"] < self._lease,
                )
                for row in rows
            ]
        )
