"""What is told of secrets: everything but what they are."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict


class SecretVersion(BaseModel):
    """A version of a secret in use: where it is kept, and since when (None: nobody knows)."""

    model_config = ConfigDict(frozen=True)

    version: str
    where: str
    since: dt.datetime | None


class SecretState(BaseModel):
    """A secret: its versions, the newest first, and what is wrong with it (None: nothing).

    `due_at` is when a new version should be made; None where that is never, or not known.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    summary: str
    versions: tuple[SecretVersion, ...]
    due_at: dt.datetime | None
    strong: bool
    wrong: str | None


class Rotated(BaseModel):
    """A new version that was made, and what else was done for it."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    where: str
    done: str
