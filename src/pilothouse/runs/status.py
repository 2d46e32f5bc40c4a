"""The states of a run, and how a workflow's name is written."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]{0,99}$", examples=["mlops"])]


class RunStatus(StrEnum):
    """The state of a run. The last three are final, but a failed run can be retried."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the run does nothing more by itself."""
        return self in {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED}
