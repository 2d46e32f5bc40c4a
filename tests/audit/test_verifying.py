from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pilothouse.audit.diagnosing import Flaw
from pilothouse.audit.errors import KeyUnfit, NotAnExport
from pilothouse.audit.notes import Signer, as_base64, as_pem, from_pem
from pilothouse.audit.tree import Edge, leaf_hash
from pilothouse.audit.verifying import Report, verify

TENANT = "default"


def key() -> bytes:
    private = Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def leaf(number: int, **said: Any) -> str:
    return json.dumps({"kind": "access", "number": number, **said}, sort_keys=True)


class Book:
    """A log as it would be exported, with its heads, which a test then tampers with."""

    def __init__(self, signer: Signer, leaves: list[str], sizes: list[int]) -> None:
        import datetime as dt

        hashes = [leaf_hash(text.encode()) for text in leaves]
        self.signer = signer
        self.log = {"type": "log", "version": 1, "tenant_id": TENANT, "size": len(leaves), "first": 0}
        self.entries = [
            {"type": "entry", "position": number, "leaf": text} for number, text in enumerate(leaves)
        ]
        self.tiles = [
            {
                "type": "tile",
                "index": at // 256,
                "hashes": as_base64(b"".join(hashes[at : at + 256])),
            }
            for at in range(0, len(leaves), 256)
        ]
        self.heads = []
        self.notes = []
        for size in sizes:
            edge = Edge()
            edge.extend(b"".join(hashes[:size]))
            head = signer.head(TENANT, size, edge.root(), dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
            self.notes.append(head.note(signer.public))
            self.heads.append(
                {
                    "type": "head",
                    "size": size,
                    "root": as_base64(head.root),
                    "at": head.at.isoformat(),
                    "key_id": head.key_id,
                    "public_key": as_base64(signer.public),
                    "signature": as_base64(head.signature),
                }
            )

    def lines(self) -> list[bytes]:
        return [json.dumps(line).encode() for line in (self.log, *self.tiles, *self.entries, *self.heads)]

    def verified(self, public: bytes | None = None, kept: tuple[str, ...] = ()) -> Report:
        return verify(self.lines(), public or self.signer.public, kept)


@pytest.fixture
def book() -> Book:
    return Book(Signer(key()), [leaf(number) for number in range(600)], [100, 256, 600])


def found(report: Report) -> list[tuple[Flaw, int | None]]:
    return [(finding.flaw, finding.position) for finding in report.findings]


def test_a_log_that_nobody_touched_is_whole(book: Book) -> None:
    report = book.verified(kept=tuple(book.notes))
    assert report.findings == []
    assert (report.size, report.entries, report.signed, report.heads, report.kept) == (600, 600, 600, 3, 3)
    assert report.keys == [book.signer.key_id]


@pytest.mark.parametrize("number", [0, 255, 256, 599])
def test_an_altered_entry_is_named(book: Book, number: int) -> None:
    book.entries[number]["leaf"] = leaf(number, amount=1)
    assert found(book.verified()) == [(Flaw.ALTERED, number)]


@pytest.mark.parametrize("number", [0, 300, 599])
def test_a_removed_entry_is_named(book: Book, number: int) -> None:
    del book.entries[number]
    assert found(book.verified()) == [(Flaw.REMOVED, number)]


@pytest.mark.parametrize("number", [0, 300, 598])
def test_a_removed_entry_is_named_where_the_others_are_numbered_anew(book: Book, number: int) -> None:
    del book.entries[number]
    for place, entry in enumerate(book.entries):
        entry["position"] = place
    assert found(book.verified()) == [(Flaw.REMOVED, number)]


@pytest.mark.parametrize("renumbered", [False, True])
def test_an_inserted_entry_is_named(book: Book, renumbered: bool) -> None:
    book.entries.insert(300, {"type": "entry", "position": 300, "leaf": leaf(9_999)})
    if renumbered:
        for place, entry in enumerate(book.entries):
            entry["position"] = place
    assert found(book.verified()) == [(Flaw.INSERTED, 300)]


def test_an_entry_that_is_there_twice_is_named(book: Book) -> None:
    book.entries.insert(300, dict(book.entries[299]))
    assert [flaw for flaw, _ in found(book.verified())] == [Flaw.INSERTED]


def test_reordered_entries_are_named(book: Book) -> None:
    book.entries[10], book.entries[11] = book.entries[11], book.entries[10]
    assert found(book.verified()) == [(Flaw.REORDERED, 10)]
    book.entries[10]["position"], book.entries[11]["position"] = 10, 11
    assert found(book.verified()) == [(Flaw.REORDERED, 10)]
    book.entries[10], book.entries[11] = book.entries[11], book.entries[10]
    assert found(book.verified()) == [(Flaw.REORDERED, 10), (Flaw.REORDERED, 11)]


def test_several_things_are_all_named(book: Book) -> None:
    book.entries[5]["leaf"] = leaf(5, amount=1)
    del book.entries[400]
    assert found(book.verified()) == [(Flaw.ALTERED, 5), (Flaw.REMOVED, 400)]


def test_whoever_alters_the_hashes_too_is_caught_by_the_heads(book: Book) -> None:
    other = Book(book.signer, [leaf(number + 1_000 * (number == 300)) for number in range(600)], [])
    other.heads = book.heads
    report = other.verified()
    assert (Flaw.ALTERED, 256) in found(report)
    assert "256 to 599" in " ".join(finding.message for finding in report.findings)
    assert report.signed == 256


def test_altered_hashes_of_true_entries_are_told_apart(book: Book) -> None:
    book.tiles[1]["hashes"] = book.tiles[0]["hashes"]
    assert Flaw.HASHES in [flaw for flaw, _ in found(book.verified())]


def test_a_rolled_back_log_is_found_by_a_head_that_was_kept(book: Book) -> None:
    before = Book(book.signer, [leaf(number) for number in range(256)], [100, 256])
    assert before.verified().findings == []
    assert found(before.verified(kept=(book.notes[-1],))) == [(Flaw.ROLLED_BACK, 256)]


def test_a_forked_log_is_found_by_a_head_that_was_kept(book: Book) -> None:
    fork = Book(book.signer, [leaf(number + 1_000 * (number >= 200)) for number in range(700)], [700])
    assert fork.verified().findings == []
    assert found(fork.verified(kept=tuple(book.notes))) == [(Flaw.FORKED, None)] * 2  # not that of size 100


def test_two_pasts_within_one_export_are_a_fork(book: Book) -> None:
    fork = Book(book.signer, [leaf(number, fork=True) for number in range(100)], [100])
    book.heads.insert(1, fork.heads[0])
    assert (Flaw.FORKED, None) in found(book.verified())
    assert {flaw for flaw, _ in found(book.verified())} == {Flaw.FORKED}


def test_a_forged_signature_is_found(book: Book) -> None:
    forger = Signer(key())
    forged = Book(forger, [leaf(number) for number in range(600)], [600]).heads[0]
    book.heads[-1] = forged | {"key_id": book.signer.key_id}
    assert found(book.verified()) == [(Flaw.FORGED, None), (Flaw.UNSIGNED, 256)]
    book.heads[-1] = forged
    assert found(book.verified()) == [(Flaw.FORGED, None), (Flaw.UNSIGNED, 256)]


def test_a_whole_forged_log_is_found(book: Book) -> None:
    forged = Book(Signer(key()), [leaf(number, mine=True) for number in range(600)], [600])
    flaws = [flaw for flaw, _ in found(forged.verified(book.signer.public))]
    assert flaws == [Flaw.FORGED, Flaw.UNSIGNED]


def test_a_kept_head_has_to_be_genuine_and_of_this_log(book: Book) -> None:
    other = Book(Signer(key()), [leaf(number) for number in range(600)], [600])
    assert found(book.verified(kept=(other.notes[0],))) == [(Flaw.FORGED, None)]
    foreign = book.notes[0].replace("pilothouse/default", "pilothouse/other")
    assert found(book.verified(kept=(foreign,))) == [(Flaw.FOREIGN, None)]


def test_a_changed_key_is_believed_where_the_old_one_has_signed_that(book: Book) -> None:
    old, new, forger = Signer(key()), Signer(key()), Signer(key())

    def changed(one: Signer, other: Signer) -> str:
        details = {"old_public": as_base64(one.public), "new_public": as_base64(other.public)}
        return json.dumps({"kind": "signing_key", "details": details}, separators=(",", ":"))

    leaves = [leaf(number) for number in range(20)]
    leaves[10] = changed(old, new)
    first, second = Book(old, leaves, [11]), Book(new, leaves, [11, 20])
    second.heads = first.heads + second.heads
    for public in (old.public, new.public):
        report = second.verified(public)
        assert report.findings == []
        assert set(report.keys) == {old.key_id, new.key_id}
    assert [flaw for flaw, _ in found(second.verified(forger.public))] == [Flaw.FORGED] * 3 + [Flaw.UNSIGNED]
    leaves[10] = changed(old, forger)  # of which no head of the old key knows
    forged = Book(forger, leaves, [20])
    forged.heads = first.heads + forged.heads
    assert Flaw.FORGED in [flaw for flaw, _ in found(forged.verified(old.public))]


def test_entries_that_have_left_are_proved_by_their_hashes(book: Book) -> None:
    book.log["first"] = 300
    kept = book.entries[20]
    book.entries = [kept, *book.entries[300:]]
    report = book.verified()
    assert (report.findings, report.entries) == ([], 301)
    kept["leaf"] = leaf(20, amount=1)
    assert Flaw.INSERTED in [flaw for flaw, _ in found(book.verified())]
    kept["position"] = 299_999
    assert found(book.verified())


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"{}"],
        [b"nonsense"],
        [b'{"type":"entry","position":"x","leaf":1}'],
        [b'{"type":"tile","hashes":"?"}'],
    ],
)
def test_what_is_no_export_is_said_to_be_none(book: Book, lines: list[bytes]) -> None:
    with pytest.raises(NotAnExport):
        verify(lines, book.signer.public)


def test_what_is_no_note_or_key_is_said_to_be_none(book: Book) -> None:
    with pytest.raises(NotAnExport):
        book.verified(kept=("nonsense",))
    with pytest.raises(NotAnExport):
        book.verified(kept=(book.notes[0].replace("\u2014", "-"),))
    assert from_pem(as_pem(book.signer.public).encode()) == book.signer.public
    with pytest.raises(KeyUnfit):
        from_pem(b"nonsense")


def test_an_empty_log_is_whole() -> None:
    assert Book(Signer(key()), [], []).verified().findings == []
