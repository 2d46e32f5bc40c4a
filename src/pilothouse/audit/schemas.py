"""What is recorded, and what crosses the API about the audit log."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from pilothouse.kit.moments import Moment
from pilothouse.kit.numbers import Whole
from pilothouse.kit.pagination import PageQuery

MOST_SIZE = (1 << 62) - 1
"""Entries of a log, at most."""


class Kind(StrEnum):
    """What an entry records."""

    DECISION = "decision"
    DISPATCH = "dispatch"
    OUTCOME = "outcome"
    APPROVAL = "approval"
    QUESTION = "question"
    POLICY = "policy"
    SWITCH = "switch"
    BUDGET = "budget"
    GUARD = "guard"
    PROMPT = "prompt"
    TRUST = "trust"
    MODEL = "model"
    SIGN_IN = "sign_in"
    ACCESS = "access"
    EXPORT = "export"
    KEY = "key"
    SECRET = "secret"  # noqa: S105 - a kind of entry
    TENANT = "tenant"
    PERSON = "person"
    RETENTION = "retention"
    SIGNING_KEY = "signing_key"
    EXPERIMENT = "experiment"


class EntryQuery(PageQuery):
    """Which entries are wanted; an entry has to fit everything that is given."""

    kind: Kind | None = None
    actor: str | None = Field(default=None, min_length=1, max_length=200, description="Who acted.")
    run_id: UUID | None = None
    since: Moment | None = Field(default=None, description="Recorded then or later.")
    until: Moment | None = Field(default=None, description="Recorded before.")
    text: str | None = Field(
        default=None, min_length=2, max_length=200, description="Stands anywhere in the entry, in any case."
    )


class EntrySummary(BaseModel):
    """An entry as it stands in a list. `position` is null until it has its place, at most a second later."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    position: int | None
    at: dt.datetime
    kind: str
    actor: str
    subject: str
    run_id: UUID | None
    step: str | None
    append: str | None


class Entry(EntrySummary):
    """An entry with the bytes that are hashed, `leaf`, and what these say in detail."""

    leaf: str
    details: dict[str, JsonValue]


class Head(BaseModel):
    """A signed tree head: that the log had `size` entries then, and that they have this root.

    `note` is what is signed, with its signature, as a C2SP checkpoint; `root` and `signature` are in base64.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    size: int
    root: str
    at: dt.datetime
    key_id: str
    signature: str
    note: str


class PublicKey(BaseModel):
    """The key with which tree heads are signed now, as PEM."""

    model_config = ConfigDict(frozen=True)

    key_id: str
    pem: str


class ProofQuery(BaseModel):
    """In which tree the entry is to be proved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int | None = Field(
        default=None, ge=1, le=MOST_SIZE, description="Entries of the tree; default: that of the newest head."
    )


class InclusionProof(BaseModel):
    """That a tree has an entry at a place: hashes in base64, from the leaf upwards (RFC 9162, 2.1.3)."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    position: int
    size: int
    leaf_hash: str
    path: list[str]
    root: str
    head: Head | None = Field(description="The signed head of that tree, if one was signed at this size.")


class ConsistencyQuery(BaseModel):
    """Which two trees are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: int = Field(ge=0, le=MOST_SIZE)
    second: int = Field(ge=0, le=MOST_SIZE)


class ConsistencyProof(BaseModel):
    """That the second tree begins with the first one: hashes in base64 (RFC 9162, 2.1.4)."""

    model_config = ConfigDict(frozen=True)

    first: int
    first_root: str
    second: int
    second_root: str
    path: list[str]


class Format(StrEnum):
    """How an export is written; JSON Lines can be verified, CSV is for tables."""

    JSONL = "jsonl"
    CSV = "csv"


class ExportQuery(BaseModel):
    """How the log is wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format = Format.JSONL


class KeepingEdit(BaseModel):
    """How long entries are kept."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[int, Field(ge=1, le=36_500), Whole] | None = Field(
        description="Days after which an exported entry may leave the table; null: never."
    )


class NewHold(BaseModel):
    """A legal hold to be made."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=500)


class Hold(BaseModel):
    """A legal hold: while one is not released, no entry of the tenant leaves the table."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    reason: str
    made_by: str
    made_at: dt.datetime
    released_by: str | None
    released_at: dt.datetime | None


class Keeping(BaseModel):
    """How long entries are kept, and how far that has come.

    Entries before the position `first` have left the table. `exported` is the size of the largest export:
    only what is in one may leave.
    """

    model_config = ConfigDict(frozen=True)

    days: int | None
    first: int
    exported: int
    holds: list[Hold]
