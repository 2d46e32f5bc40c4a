"""What crosses the API about workers."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class WorkerShown(BaseModel):
    """A worker that was heard of lately.

    `busy` of its `slots` are taken by runs of any tenant. `silent_for` is the age of its last heartbeat in
    seconds, by the database's clock; past the lease it is no longer `alive` and its runs are taken over. One
    that is `draining` claims nothing more.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    host: str
    pid: int
    version: str
    labels: dict[str, str]
    slots: int
    busy: int
    workflows: list[str]
    started_at: dt.datetime
    silent_for: float
    alive: bool
    draining: bool


class WorkersShown(BaseModel):
    """The workers, those that started first at the top."""

    model_config = ConfigDict(frozen=True)

    items: list[WorkerShown]
