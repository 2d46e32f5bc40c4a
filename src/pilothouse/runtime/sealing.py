"""Payloads of personal runs: sealed where they are stored, and opened where they are read.

What is sealed is the codec and the bytes that would be stored otherwise. A run is personal where its workflow
says so (or a setting says it of all), and stays so; its row tells. Digests are those of what was sealed.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from pilothouse.errors import DatabaseUnavailable, Unavailable
from pilothouse.kit.sealing import Erased, Place, SealedColumn, Sealer, Unreadable
from pilothouse.runtime.entries import FINAL, Codec, Entry, Kind, PayloadErased, PayloadUnreadable, encode
from pilothouse.runtime.errors import Failure

COLUMNS = (
    SealedColumn(
        "journal",
        "payload",
        key=("run_id", "seq"),
        walk=("runs.id", "journal.seq"),
        row="journal.run_id",
        field="journal.kind || ' ' || journal.key",
        where=f"runs.tenant_id = journal.tenant_id and runs.personal and journal.codec = {Codec.ENCRYPTED}",
        source="runs join journal on journal.run_id = runs.id",
    ),
    SealedColumn(
        "questions", "payload", row="run_id", field="key", where=f"questions.codec = {Codec.ENCRYPTED}"
    ),
)
"""Where sealed payloads stand in the engine's own tables."""

_TOLD = frozenset({Kind.CANCEL_REQUESTED, Kind.RUN_LOST, *FINAL}) - {Kind.RUN_COMPLETED, Kind.RUN_CONTINUED}
"""How a run ends, which is recorded also where nothing of it can be sealed any more."""


class SealingUnavailable(PayloadUnreadable):
    """Payloads are sealed, and there is no vault here."""

    code = "sealing_unavailable"


class KeysUnavailable(DatabaseUnavailable):
    """The keys of tenants cannot be had now."""

    code = "keys_unavailable"


class Standing(Protocol):
    """Where a journal entry stands, in whatever form it was read."""

    @property
    def kind(self) -> str:
        """What it says."""
        ...

    @property
    def key(self) -> str:
        """The step that it is of."""
        ...


def of_entry(tenant_id: str, run_id: UUID, entry: Standing) -> Place:
    """The place of a journal entry's payload; `run_id` is the run in whose journal it was written."""
    return Place(tenant_id, "journal", str(run_id), f"{entry.kind} {entry.key}")


def of_question(tenant_id: str, run_id: UUID, key: str) -> Place:
    """The place of a question's payload."""
    return Place(tenant_id, "questions", str(run_id), key)


class Sealing:
    """Seals payloads through a sealer; where there is none, nothing may be sealed."""

    def __init__(self, sealer: Sealer | None = None) -> None:
        """Use the keys of `sealer`."""
        self._sealer = sealer

    async def seal(self, place: Place, codec: int, stored: bytes) -> tuple[int, bytes]:
        """The codec and bytes to store at `place` for what would be stored as `codec` and `stored`.

        Raises `Erased` where the tenant's keys were destroyed, `KeysUnavailable`, and what else the sealer
        raises.
        """
        try:
            return Codec.ENCRYPTED, await self._has().seal(place, bytes((codec,)) + stored)
        except Unavailable as error:
            raise KeysUnavailable(error.message, hint=error.hint) from error

    async def open(self, place: Place, stored: bytes) -> tuple[int, bytes]:
        """The codec and bytes behind what is stored at `place`.

        Raises `PayloadErased` where their key was destroyed, `PayloadUnreadable` where they are damaged,
        `KeysUnavailable`, and what else the sealer raises where it cannot tell now.
        """
        try:
            opened = await self._has().open(place, stored)
        except Erased as error:
            raise PayloadErased(error.message) from None
        except Unreadable as error:
            raise PayloadUnreadable(error.message, hint=error.hint) from None
        except Unavailable as error:
            raise KeysUnavailable(error.message, hint=error.hint) from error
        return opened[0], opened[1:]

    def _has(self) -> Sealer:
        if self._sealer is None:
            raise SealingUnavailable(hint="Open the engine with a sealer.")
        return self._sealer


def unsealed(entry: Entry) -> tuple[int, bytes] | None:
    """What is stored of an entry that can be sealed no more: that a run ended, and nothing of what it did.

    None for an entry that cannot be written without its payload.
    """
    if entry.kind not in _TOLD:
        return None
    if entry.kind is not Kind.RUN_FAILED:
        return encode(b"{}")
    error = PayloadErased()
    return encode(Failure(code=error.code, message=error.message).model_dump_json().encode())
