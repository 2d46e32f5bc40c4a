"""Which runs are meant: the filter that lists and bulk operations share, and the pages of a list."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from pilothouse.errors import InvalidInput
from pilothouse.kit.moments import Moment
from pilothouse.kit.pagination import DEFAULT_LIMIT, MAX_LIMIT
from pilothouse.runs.status import Name, RunStatus
from pilothouse.runtime import labels

MAX_VERSION = 2_147_483_647
OTHER_ORDER = "`cursor` belongs to a list in another order"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _id_start(text: str) -> str:
    if len(text.replace("-", "")) > 32:
        message = "is longer than an id"
        raise ValueError(message)
    return text


def _labels(items: list[str]) -> list[str]:
    try:
        labels.parse(items, ":")
    except InvalidInput as error:
        raise ValueError(str(error)) from None
    return items


IdPart = Annotated[str, Field(pattern=r"^[0-9A-Fa-f-]{4,36}$", examples=["5f0c2b9a"])]
IdStart = Annotated[IdPart, AfterValidator(_id_start)]


_LABEL = WithJsonSchema(
    {"type": "string", "format": "label", "pattern": f"{labels.KEY[:-1]}:", "maxLength": 319}
)
Labels = Annotated[list[Annotated[str, _LABEL]], AfterValidator(_labels)]


class Sort(StrEnum):
    """In which order runs are listed."""

    NEWEST = "newest"
    OLDEST = "oldest"
    CHANGED = "changed"


class RunFilter(BaseModel):
    """Which runs are meant; a run has to fit everything that is given. Without anything: all of them."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"dependentRequired": {"version": ["workflow"]}}
    )

    status: list[RunStatus] = Field(default_factory=list, description="Any of these states.")
    workflow: Name | None = None
    version: int | None = Field(
        default=None, ge=1, le=MAX_VERSION, description="Of the workflow, which is to be given as well."
    )
    principal: str | None = Field(default=None, max_length=255, description="Who submitted it.")
    schedule_id: UUID | None = Field(default=None, description="The schedule that made it.")
    forked_from: UUID | None = Field(default=None, description="The run that it is a fork of.")
    engagement_id: UUID | None = Field(default=None, description="The engagement that it is in.")
    label: Labels = Field(default_factory=list, description="`key:value`; all of these labels.")
    has_open_questions: bool | None = None
    id_prefix: IdStart | None = Field(default=None, description="How the id begins.")
    id_suffix: IdPart | None = Field(default=None, description="How the id ends.")
    created_after: Moment | None = None
    created_before: Moment | None = None
    finished_after: Moment | None = None
    finished_before: Moment | None = None

    @model_validator(mode="after")
    def _version_of_something(self) -> Self:
        if self.version is not None and self.workflow is None:
            message = "`version` is a workflow's: give `workflow` as well"
            raise ValueError(message)
        return self

    @property
    def has_moments(self) -> bool:
        """Whether a moment bounds what is meant."""
        given = (self.created_after, self.created_before, self.finished_after, self.finished_before)
        return any(moment is not None for moment in given)

    @property
    def labels(self) -> dict[str, str]:
        """The wanted labels by key."""
        return labels.parse(self.label, ":")

    @property
    def is_empty(self) -> bool:
        """Whether every run is meant."""
        return not any(value not in (None, []) for name, value in self if name in RunFilter.model_fields)


@dataclass(frozen=True)
class Place:
    """Where a page ended: the last run, and the moment that the list is ordered by if it is one."""

    id: UUID
    at: dt.datetime | None = None

    def text(self) -> str:
        """The cursor of the page that follows."""
        stamp = b""
        if self.at is not None:
            stamp = ((self.at - EPOCH) // dt.timedelta(microseconds=1)).to_bytes(8, "big", signed=True)
        return base64.urlsafe_b64encode(stamp + self.id.bytes).decode().rstrip("=")


_PLACE = r"^([A-Za-z0-9_-]{21}[AQgw]|A[A-Za-v][A-Za-z0-9_-]{30})$"
"""What a cursor looks like: 16 bytes in base64, or behind 8 bytes of a moment between 1970 and 8800."""


def read_place(text: object) -> Place | None:
    """The place that a cursor names; raises `ValueError` for anything that `Place.text` has not made."""
    if text is None or isinstance(text, Place):
        return text
    if isinstance(text, UUID):
        return Place(text)
    message = "is no cursor: pass `next_cursor` of the page before"
    try:
        data = base64.b64decode(f"{text}==", altchars=b"-_", validate=True)
        stamp, name = data[:-16], UUID(bytes=data[-16:])
        at = EPOCH + dt.timedelta(microseconds=int.from_bytes(stamp, "big", signed=True)) if stamp else None
    except (ValueError, OverflowError, binascii.Error):
        raise ValueError(message) from None
    found = Place(name, at)
    if found.text() != text:
        raise ValueError(message)
    return found


Cursor = Annotated[
    Place | None,
    BeforeValidator(read_place),
    WithJsonSchema({"type": "string", "pattern": _PLACE}),
]


class RunQuery(RunFilter):
    """Which runs are wanted, in which order, and which page of them.

    `newest` and `oldest` go by the moment of creation; with `finished_after` or `finished_before` by that of
    the end.
    """

    sort: Sort = Sort.NEWEST
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items on the page.")
    cursor: Cursor = Field(default=None, description="`next_cursor` of the page before.")

    @property
    def by_moment(self) -> bool:
        """Whether the list is ordered by a moment, and not by ids alone."""
        return self.sort is Sort.CHANGED or self.has_moments

    @model_validator(mode="after")
    def _cursor_of_this_order(self) -> Self:
        if self.cursor is not None and (self.cursor.at is not None) != self.by_moment:
            raise ValueError(OTHER_ORDER)
        return self
