"""A journal entry: its kind, its key, and an opaque payload with the codec it is stored in."""

from __future__ import annotations

import datetime as dt
import zlib
from enum import IntEnum, StrEnum
from typing import NamedTuple
from uuid import UUID

from pilothouse.errors import PilothouseError, Severity

COMPRESS_FROM = 2_048
"""Payloads of at least this many bytes are compressed: below it, zlib costs more than it saves."""


class Kind(StrEnum):
    """What an entry says. The journal holds nothing else."""

    SUBMITTED = "submitted"
    ENTERED = "entered"  # an agent's scope began, and something happened inside it
    STARTED = "started"  # a step takes long enough to be shown; no part in replay
    COMPLETED = "completed"
    FAILED = "failed"
    GATHERED = "gathered"  # branches began
    SETTLED = "settled"  # a gather failed and left branches behind
    ASKED = "asked"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SLEPT = "slept"
    WOKE = "woke"
    SAVED = "saved"
    EMITTED = "emitted"
    NOTED = "noted"  # ctx.now()
    FLAGGED = "flagged"  # ctx.flag()
    TRUSTED = "trusted"  # ctx.trust
    DISPATCH = "dispatch"
    OUTCOME = "outcome"
    CANCEL_REQUESTED = "cancel_requested"
    RUN_RETRIED = "run_retried"
    RUN_LOST = "run_lost"
    RUN_COMPLETED = "run_completed"
    RUN_FAILED = "run_failed"
    RUN_CANCELLED = "run_cancelled"
    RUN_CONTINUED = "run_continued"
    FORKED = "forked"  # the first own entry of a fork: before it come another run's
    MOVED = "moved"  # to another version of the workflow
    UNKNOWN = "unknown"  # what a newer version wrote; never written


VERBS: dict[Kind, str] = {
    Kind.ENTERED: "call",
    Kind.COMPLETED: "call",
    Kind.FAILED: "save",  # of a call, its ENTERED stands before
    Kind.GATHERED: "gather",
    Kind.SETTLED: "gather",
    Kind.ASKED: "ask",
    Kind.ANSWERED: "ask",
    Kind.WITHDRAWN: "ask",
    Kind.EXPIRED: "ask",
    Kind.SLEPT: "sleep",
    Kind.WOKE: "sleep",
    Kind.SAVED: "save",
    Kind.NOTED: "now",
    Kind.FLAGGED: "flag",
    Kind.TRUSTED: "trust",
    Kind.DISPATCH: "act",
    Kind.OUTCOME: "act",
}
"""The verb of each kind that takes part in replay; where a step has several entries, that of its first."""

KINDS: dict[str, Kind] = {kind.value: kind for kind in Kind}
"""Each kind by the name it is stored under."""

FINAL = frozenset({Kind.RUN_COMPLETED, Kind.RUN_FAILED, Kind.RUN_CANCELLED, Kind.RUN_CONTINUED})
"""Kinds after which a run does nothing more (unless it is retried)."""


class Codec(IntEnum):
    """How a payload's bytes are stored."""

    PLAIN = 0
    ZLIB = 1
    ENCRYPTED = 2  # with a key of the tenant: see `sealing`
    REFERENCE = 3  # to a content beside the journal: see `payloads`
    BROKEN = 100  # never stored: what was sealed and does not open


class Entry(NamedTuple):
    """One line of a run's journal.

    `seq` is 0 until the entry is appended; `digest` identifies the arguments of the verb, so that
    replay can tell whether the code still asks for the same thing. `source` is the run in whose journal
    an entry was read: of a fork, that may be another one.
    """

    kind: Kind
    key: str
    payload: bytes = b""
    digest: bytes | None = None
    codec: int = Codec.PLAIN
    seq: int = 0
    at: dt.datetime | None = None
    source: UUID | None = None


class PayloadUnreadable(PilothouseError):
    """A journal entry is stored in a way that this version cannot read."""

    code = "payload_unreadable"


class PayloadErased(PayloadUnreadable):
    """A payload was erased: the key that it was sealed with is destroyed."""

    code = "payload_erased"
    status = 410
    severity = Severity.INFO


def encode(payload: bytes) -> tuple[int, bytes]:
    """The codec and the bytes to store for a payload."""
    if len(payload) < COMPRESS_FROM:
        return Codec.PLAIN, payload
    packed = zlib.compress(payload, 1)
    return (Codec.ZLIB, packed) if len(packed) < len(payload) else (Codec.PLAIN, payload)


def stored(entry: Entry) -> tuple[int, bytes]:
    """The codec and the bytes to store for an entry, which may be encoded already."""
    return encode(entry.payload) if entry.codec == Codec.PLAIN else (entry.codec, entry.payload)


def decode(codec: int, stored: bytes) -> bytes:
    """The payload behind stored bytes.

    Raises `PayloadUnreadable` for a codec from the future and for a reference whose content was not found,
    `PayloadErased` for what was sealed and not opened, because its key is destroyed.
    """
    if codec == Codec.PLAIN:
        return stored
    if codec == Codec.ZLIB:
        try:
            return zlib.decompress(stored)
        except zlib.error as error:
            raise PayloadUnreadable(
                f"A payload is damaged: {error}.", hint="Restore the database from a backup."
            ) from None
    if codec == Codec.REFERENCE:
        raise PayloadUnreadable(
            "A large payload is not where artifacts are kept.",
            hint="Set artifacts_url as it was when the run wrote it, or restore the artifacts.",
        )
    if codec == Codec.ENCRYPTED:
        raise PayloadErased
    if codec == Codec.BROKEN:
        raise PayloadUnreadable("A sealed payload is damaged.", hint="Restore the database from a backup.")
    raise PayloadUnreadable(
        f"A payload is stored with codec {codec}.", hint="A newer version of Pilothouse wrote it."
    )
