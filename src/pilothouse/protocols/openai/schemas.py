"""What crosses the API about kept answers of models."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field


class ModelCache(BaseModel):
    """What is kept of a tenant's answers. Look-ups are those of the process that answers, since it began."""

    model_config = ConfigDict(frozen=True)

    kept: str = Field(description="Which requests' answers are kept: off, deterministic or all.")
    store: str
    seconds: int = Field(description="For how long.")
    answers: int
    bytes: int
    oldest: dt.datetime | None
    hits: int
    misses: int
    hit_rate: float | None = Field(description="Hits among look-ups; null where there were none.")


class ModelCacheCleared(BaseModel):
    """How many answers were let go."""

    model_config = ConfigDict(frozen=True)

    answers: int
