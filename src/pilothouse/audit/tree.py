"""Merkle trees as RFC 6962 (section 2.1) and RFC 9162 define them: their hashes, edges and proofs.

A log is stored as tiles, as C2SP's tlog-tiles does it: tile `(level, index)` has up to 256 hashes of perfect
subtrees of 2^(8*level) leaves. Tiles only grow, so that a proof for any former size is found in them, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
TILE_BITS = 8
TILE = 1 << TILE_BITS
"""Hashes of a whole tile."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""

Tile = tuple[int, int]
"""Level and index of a tile."""


class Span(NamedTuple):
    """The leaves from `begin` to before `end`, which make a subtree."""

    begin: int
    end: int


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf's bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Edge:
    """The right edge of a tree: the hashes of its largest perfect subtrees, from left to right.

    That is all one needs to let a tree grow and to tell its root.
    """

    def __init__(self, size: int = 0, peaks: bytes = b"") -> None:
        """The edge of a tree of `size` leaves; raises `ValueError` where `peaks` is none of such a tree."""
        if len(peaks) != HASH_BYTES * size.bit_count():
            message = f"the edge of a tree of {size:,} leaves has {size.bit_count()} hashes"
            raise ValueError(message)
        self.size = size
        self._peaks = [peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)]

    @property
    def peaks(self) -> bytes:
        """The hashes, one after another."""
        return b"".join(self._peaks)

    def extend(self, hashes: bytes | memoryview) -> dict[Tile, bytes]:
        """Append leaves, given by their hashes one after another; returns what each tile grows by."""
        grown: dict[int, list[bytes]] = {0: []}
        begin, peaks, size = self.size, self._peaks, self.size
        for at in range(0, len(hashes), HASH_BYTES):
            node = bytes(hashes[at : at + HASH_BYTES])
            grown[0].append(node)
            rest, height = size, 0
            while rest & 1:
                node = sha256(b"\x01" + peaks.pop() + node).digest()
                rest >>= 1
                height += 1
                if not height % TILE_BITS:
                    grown.setdefault(height // TILE_BITS, []).append(node)
            peaks.append(node)
            size += 1
        self.size = size
        return {
            tile: part
            for level, nodes in grown.items()
            for tile, part in _split(level, begin >> TILE_BITS * level, nodes)
        }

    def root(self) -> bytes:
        """The root of the tree."""
        return _folded(self._peaks) if self._peaks else EMPTY_ROOT


def _split(level: int, begin: int, nodes: Sequence[bytes]) -> Iterable[tuple[Tile, bytes]]:
    done = 0
    while done < len(nodes):
        index, inside = divmod(begin + done, TILE)
        part = nodes[done : done + TILE - inside]
        yield (level, index), b"".join(part)
        done += len(part)


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The subtrees that prove that a tree of `size` leaves has the leaf `index`, from the leaf upwards.

    Raises `ValueError` where it has not so many leaves.
    """
    if not 0 <= index < size:
        message = f"a tree of {size:,} leaves has no leaf {index:,}"
        raise ValueError(message)
    begin, end = 0, size
    found: list[Span] = []
    while end - begin > 1:
        middle = begin + _half(end - begin)
        if index < middle:
            found.append(Span(middle, end))
            end = middle
        else:
            found.append(Span(begin, middle))
            begin = middle
    return found[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """The subtrees that prove that a tree of `second` leaves begins with the one of `first` leaves.

    Raises `ValueError` where it is not larger.
    """
    if not 0 <= first <= second:
        message = f"a tree of {second:,} leaves does not go on from one of {first:,}"
        raise ValueError(message)
    if first in {0, second}:
        return []
    begin, end, whole = 0, second, True
    found: list[Span] = []
    while first != end:
        middle = begin + _half(end - begin)
        if first <= middle:
            found.append(Span(middle, end))
            end = middle
        else:
            found.append(Span(begin, middle))
            begin, whole = middle, False
    if not whole:
        found.append(Span(begin, end))
    return found[::-1]


def tiles_of(spans: Iterable[Span]) -> set[Tile]:
    """The tiles in which the hashes of subtrees are found."""
    return {_place(begin, height)[0] for span in spans for begin, height in _perfect(span)}


def hash_of(span: Span, tiles: Mapping[Tile, bytes]) -> bytes:
    """The hash of a subtree; `tiles` are those that `tiles_of` names. Raises `KeyError`, `ValueError`."""
    parts = []
    for begin, height in _perfect(span):
        tile, offset, count = _place(begin, height)
        found = tiles[tile][offset * HASH_BYTES : (offset + count) * HASH_BYTES]
        if len(found) != count * HASH_BYTES:
            message = f"the tile {tile} has too few hashes"
            raise ValueError(message)
        nodes = [found[at : at + HASH_BYTES] for at in range(0, len(found), HASH_BYTES)]
        while len(nodes) > 1:
            nodes = [node_hash(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
        parts.append(nodes[0])
    return _folded(parts)


def includes(root: bytes, size: int, index: int, leaf: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that the tree has the leaf with the hash `leaf` (RFC 9162, 2.1.3.2)."""
    try:
        return root_of(size, index, leaf, path) == root
    except ValueError:
        return False


def root_of(size: int, index: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root to which a leaf and its path lead. Raises `ValueError` where the path does not fit them."""
    if len(path) != len(inclusion_spans(index, size)):
        message = f"a path of {len(path)} hashes does not lead from {index:,} to a root of {size:,} leaves"
        raise ValueError(message)
    node, at, last = leaf, index, size - 1
    for sibling in path:
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return node


def consistent(first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that the second tree begins with the first one (RFC 9162, 2.1.4.2)."""
    if first == second:
        return not path and first_root == second_root
    if not first:
        return not path and first_root == EMPTY_ROOT
    if first > second:
        return False
    nodes = list(path)
    if first & (first - 1) == 0:
        nodes.insert(0, first_root)
    if not nodes:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, node)
        at, last = at >> 1, last >> 1
    return not last and old == first_root and new == second_root


def _half(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _perfect(span: Span) -> Iterable[tuple[int, int]]:
    """Begin and height of the perfect subtrees that a subtree consists of, from left to right."""
    begin = span.begin
    while begin < span.end:
        height = (span.end - begin).bit_length() - 1
        yield begin, height
        begin += 1 << height


def _place(begin: int, height: int) -> tuple[Tile, int, int]:
    """The tile in which a perfect subtree is found, and which of its hashes: the first, and how many."""
    level, up = divmod(height, TILE_BITS)
    index, offset = divmod(begin >> TILE_BITS * level, TILE)
    return (level, index), offset, 1 << up


def _folded(parts: Sequence[bytes]) -> bytes:
    node = parts[-1]
    for left in reversed(parts[:-1]):
        node = node_hash(left, node)
    return node
