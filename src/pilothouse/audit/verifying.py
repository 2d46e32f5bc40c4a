"""Verifies an export without any database: with the public key alone, and heads that were kept earlier."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from pilothouse.audit.diagnosing import Finding, Flaw, diagnosed
from pilothouse.audit.errors import NotAnExport
from pilothouse.audit.notes import SignedHead, key_id_of, origin_of
from pilothouse.audit.tree import HASH_BYTES, Edge

MOST_FINDINGS = 100
"""Findings that are told, at most."""


@dataclass
class Report:
    """What was looked at, and what is wrong with it: nothing, where `findings` is empty.

    Of `size` entries `entries` were there, the others by their hashes only. `signed` is the size of the
    largest tree whose head is proved, `keys` the ids of the keys that are believed, `kept` how many heads
    that were kept earlier were compared.
    """

    tenant_id: str
    size: int
    entries: int
    signed: int = 0
    heads: int = 0
    kept: int = 0
    keys: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass
class _Read:
    """What an export holds."""

    tenant_id: str = ""
    size: int = -1
    first: int = 0
    positions: array[int] = field(default_factory=lambda: array("q"))
    hashes: bytearray = field(default_factory=bytearray)
    claimed: bytearray = field(default_factory=bytearray)
    changes: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    heads: list[SignedHead] = field(default_factory=list)


def verify(lines: Iterable[bytes], public: bytes, kept: Sequence[str] = ()) -> Report:
    """Verify an export, line by line, with the `public` key (32 bytes) that is trusted.

    `kept` are notes of heads, as they were published. Raises `NotAnExport`.
    """
    read = _read(lines)
    notes = [read_note(text) for text in kept]
    own = _own(read)
    sizes = {head.size for head in (*read.heads, *notes) if head.size <= read.size} | {read.size}
    by_claimed, by_own = _roots(read.claimed, sizes), {} if own is None else _roots(own, sizes)
    report = Report(read.tenant_id, read.size, len(read.positions), kept=len(notes))
    trusted = {key_id_of(public): public}
    best = _Trust(read, trusted, by_claimed)
    if own is not None and own != read.claimed:
        other = _Trust(read, dict(trusted), by_own)
        best = other if other.signed > best.signed else best
    report.heads, report.signed, report.keys = len(best.good), best.signed, list(best.trusted)
    findings = [*_of_heads(read, best), *_of_entries(read, best, by_claimed), *_of_kept(read, notes, best)]
    report.findings = findings[:MOST_FINDINGS]
    return report


class _Trust:
    """Which heads are proved by a sequence of hashes, beginning with one trusted key.

    A key is believed if an entry names it as the next one, or the one before, and a proved head has the
    entry: whoever signed that head stood by it.
    """

    def __init__(self, read: _Read, trusted: dict[str, bytes], roots: Mapping[int, bytes]) -> None:
        self.roots, self.trusted = roots, trusted
        while True:
            self.good = [
                head for head in read.heads if self.signs(head) and roots.get(head.size) == head.root
            ]
            self.signed = max((head.size for head in self.good), default=0)
            more = [
                key
                for position, *keys in read.changes
                if position < self.signed
                for key in keys
                if key and key_id_of(key) not in trusted
            ]
            if not more:
                return
            trusted.update({key_id_of(key): key for key in more})

    def signs(self, head: SignedHead) -> bool:
        """Whether a believed key has signed a head, whatever it says."""
        public = self.trusted.get(head.key_id)
        return public is not None and head.is_signed_by(public)

    def signer_of(self, head: SignedHead) -> bool:
        """Whether any believed key has signed a note, which names no key by its whole id."""
        return any(head.is_signed_by(public) for public in self.trusted.values())


def read_note(text: str) -> SignedHead:
    """A head from the note that was published. Raises `NotAnExport`."""
    try:
        origin, size, root, at, empty, signature = text.strip("\n").split("\n")
        dash, _, signed_by = signature.split(" ")
        if empty or dash != "\u2014":
            signed_by = "-"  # which is no base64
        signed = base64.b64decode(signed_by, validate=True)[4:]
        moment, hashed = dt.datetime.fromisoformat(at), base64.b64decode(root, validate=True)
        return SignedHead(origin.removeprefix("pilothouse/"), int(size), hashed, moment, "", signed)
    except (ValueError, IndexError, binascii.Error):
        raise NotAnExport(
            "This is no tree head that was published.",
            hint="Keep what `pilothouse audit heads --note` prints.",
        ) from None


def _read(lines: Iterable[bytes]) -> _Read:
    read = _Read()
    for number, line in enumerate(lines, 1):
        try:
            said = orjson.loads(line)
            kind = said["type"]
            if kind == "entry":
                leaf = said["leaf"].encode()
                read.positions.append(said["position"])
                read.hashes += sha256(b"\x00" + leaf).digest()
                if b'"signing_key"' in leaf:
                    _note_change(read, said["position"], leaf)
            elif kind == "tile":
                read.claimed += base64.b64decode(said["hashes"], validate=True)
            elif kind == "head":
                read.heads.append(_head(read.tenant_id, said))
            elif kind == "log":
                read.tenant_id, read.size, read.first = str(said["tenant_id"]), said["size"], said["first"]
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise NotAnExport(
                f"Line {number:,} is none of an export of an audit log ({type(error).__name__}).",
                hint="Verify what `pilothouse audit export` writes as JSON Lines.",
            ) from error
    if read.size < 0:
        raise NotAnExport("The first line of an export is missing.", hint="Export the log once more.")
    return read


def _note_change(read: _Read, position: int, leaf: bytes) -> None:
    said = orjson.loads(leaf)
    if said["kind"] == "signing_key":
        details = said["details"]
        old, new = (base64.b64decode(details[name], validate=True) for name in ("old_public", "new_public"))
        read.changes.append((position, old, new))


def _head(tenant_id: str, said: Mapping[str, Any]) -> SignedHead:
    root, signature = (base64.b64decode(said[name], validate=True) for name in ("root", "signature"))
    at = dt.datetime.fromisoformat(said["at"])
    return SignedHead(tenant_id, int(said["size"]), root, at, str(said["key_id"]), signature)


def _own(read: _Read) -> bytearray | None:
    """The hashes as the entries themselves give them; those of entries that have left are believed.

    None where the entries are not one for each place.
    """
    begin = len(read.positions) - (read.size - read.first)
    behind = read.positions[max(begin, 0) :]
    if begin < 0 or behind != array("q", range(read.first, read.size)):
        return None
    made = read.claimed[: read.first * HASH_BYTES] + read.hashes[begin * HASH_BYTES :]
    for index in range(begin):  # what was kept of the part that has left
        at = read.positions[index] * HASH_BYTES
        if not 0 <= at < read.first * HASH_BYTES:
            return None
        made[at : at + HASH_BYTES] = read.hashes[index * HASH_BYTES : (index + 1) * HASH_BYTES]
    return made


def _roots(hashes: bytearray, sizes: Iterable[int]) -> dict[int, bytes]:
    """The roots of the trees of these sizes, as far as there are so many hashes."""
    edge, found = Edge(), {}
    whole = memoryview(hashes)
    for size in sorted(sizes):
        if size * HASH_BYTES > len(hashes):
            break
        edge.extend(whole[edge.size * HASH_BYTES : size * HASH_BYTES])
        found[size] = edge.root()
    return found


def _of_heads(read: _Read, trust: _Trust) -> Iterable[Finding]:
    """Forged signatures, heads that contradict each other, and what no head has."""
    seen: dict[int, bytes] = {}
    for head in sorted(read.heads, key=lambda head: head.size):
        if not trust.signs(head):
            known = head.key_id in trust.trusted
            yield Finding(
                Flaw.FORGED,
                None,
                f"The head of size {head.size:,} is not signed by the key {head.key_id} that it names."
                if known
                else f"The head of size {head.size:,} names {head.key_id}, a key to which nothing leads.",
            )
        elif seen.setdefault(head.size, head.root) != head.root or (
            head.size < trust.signed and trust.roots.get(head.size) != head.root
        ):
            yield Finding(
                Flaw.FORKED,
                None,
                f"The log has two pasts: the signed head of size {head.size:,} is of another.",
            )
    if not trust.good and read.size:
        yield Finding(Flaw.UNSIGNED, None, "No head that fits these entries is signed by the trusted key.")
    elif trust.signed < read.size:
        yield Finding(
            Flaw.UNSIGNED, trust.signed, f"No proved head has the entries from {trust.signed:,} on."
        )


def _of_entries(read: _Read, trust: _Trust, by_claimed: Mapping[int, bytes]) -> Iterable[Finding]:
    """What is wrong with which entry, where the hashes that the log has of them tell it."""
    if trust.good and trust.roots is not by_claimed:
        yield Finding(Flaw.HASHES, None, "The entries are those that were signed; their hashes were altered.")
    elif _own(read) != read.claimed:
        yield from diagnosed(read.positions, read.hashes, read.claimed, read.first, read.size)
    good = max((head.size for head in trust.good), default=0)
    wrong = [
        head.size for head in read.heads if trust.signs(head) and head.size > good and head not in trust.good
    ]
    if wrong:
        yield Finding(
            Flaw.ALTERED,
            good,
            f"What was signed is not this: the first difference is one of {good:,} to {min(wrong) - 1:,}.",
        )


def _of_kept(read: _Read, notes: Sequence[SignedHead], trust: _Trust) -> Iterable[Finding]:
    """Whether the log goes on from the heads that were kept."""
    for head in notes:
        if head.tenant_id != read.tenant_id:
            yield Finding(
                Flaw.FOREIGN, None, f"The kept head is of {origin_of(head.tenant_id)}, which is another log."
            )
        elif not trust.signer_of(head):
            yield Finding(
                Flaw.FORGED, None, f"The kept head of size {head.size:,} is signed by no known key."
            )
        elif head.size > read.size:
            yield Finding(
                Flaw.ROLLED_BACK,
                read.size,
                f"The log was rolled back: it had {head.size:,} entries and has {read.size:,}.",
            )
        elif trust.roots.get(head.size) != head.root:
            yield Finding(
                Flaw.FORKED,
                None,
                f"The log was forked: it does not go on from the kept head of size {head.size:,}.",
            )
