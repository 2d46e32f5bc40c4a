"""Says which entry of an export is wrong, and how, by the hashes that the log has of each place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from pilothouse.audit.tree import HASH_BYTES


class Flaw(StrEnum):
    """What can be wrong with a log."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    ROLLED_BACK = "rolled_back"
    FORKED = "forked"
    FORGED = "forged"
    UNSIGNED = "unsigned"
    FOREIGN = "foreign"
    HASHES = "hashes"


class Finding(NamedTuple):
    """Something that is wrong, and the place of the entry, where it is one."""

    flaw: Flaw
    position: int | None
    message: str


def diagnosed(
    positions: Sequence[int], hashes: bytes | bytearray, claimed: bytes | bytearray, first: int, size: int
) -> Iterator[Finding]:
    """What is wrong with entries, given with their places and hashes in the order in which they are found.

    `claimed` are the hashes of all places. Entries before `first` may be missing. An entry that is none of
    the log stands for the one that is missing where it stands; without a missing one it was inserted.
    """
    places: dict[bytes, list[int]] = {}
    for index in range(min(size, len(claimed) // HASH_BYTES)):
        places.setdefault(bytes(claimed[index * HASH_BYTES : (index + 1) * HASH_BYTES]), []).append(index)
    found = [bytes(hashes[at : at + HASH_BYTES]) for at in range(0, len(hashes), HASH_BYTES)]
    real = _real(found, positions, places)
    missing = set(range(first, size)).difference(place for place in real if place is not None)
    last, moved = -1, False
    place: int | None
    for place, said in zip(real, positions, strict=True):
        if place is None:
            lost = said if said in missing else last + 1
            if lost in missing:
                missing.discard(lost)
                last = max(last, lost)
                yield Finding(Flaw.ALTERED, lost, f"The entry {lost:,} was altered.")
            else:
                yield Finding(
                    Flaw.INSERTED,
                    said,
                    f"An entry that is none of the log was inserted as {said:,}, behind {last:,}.",
                )
        elif place < last:
            moved = True
            yield Finding(Flaw.REORDERED, place, f"The entry {place:,} stands behind the entry {last:,}.")
        else:
            last = place
    yield from (Finding(Flaw.REMOVED, gone, f"The entry {gone:,} was removed.") for gone in sorted(missing))
    if not moved and None not in real and not missing:
        for place, said in zip(real, positions, strict=True):
            if place != said:
                yield Finding(Flaw.REORDERED, place, f"The entry {place:,} was given the number {said:,}.")


def _real(
    found: Sequence[bytes], positions: Sequence[int], places: dict[bytes, list[int]]
) -> list[int | None]:
    """The place in the log of each entry that is found; None for what is none of it, or there once more."""
    used: set[int] = set()
    real: list[int | None] = []
    place: int | None
    for hashed, said in zip(found, positions, strict=True):
        free = [index for index in places.get(hashed, ()) if index not in used]
        place = said if said in free else next(iter(free), None)
        if place is not None:
            used.add(place)
        real.append(place)
    return real
