from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.audit import tree
from pilothouse.audit.tree import EMPTY_ROOT, Edge, Span

LEAVES = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", b"\x50" * 8, b"\x60" * 16]


def naive(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + naive(leaves[:half]) + naive(leaves[half:])).digest()


def grown(leaves: list[bytes], steps: list[int] | None = None) -> tuple[Edge, dict[tree.Tile, bytes]]:
    """An edge and its tiles, grown in the given steps, through what is stored between them."""
    edge, tiles, done = Edge(), {}, 0
    for step in [*(steps or []), len(leaves)]:
        hashes = b"".join(tree.leaf_hash(leaf) for leaf in leaves[done : done + step])
        edge = Edge(edge.size, edge.peaks)
        for tile, part in edge.extend(hashes).items():
            tiles[tile] = tiles.get(tile, b"") + part
        done += step
    return edge, tiles


def path_of(spans: list[Span], tiles: dict[tree.Tile, bytes]) -> list[bytes]:
    wanted = {tile: tiles[tile] for tile in tree.tiles_of(spans)}
    return [tree.hash_of(span, wanted) for span in spans]


def test_roots_are_those_of_the_vectors_of_certificate_transparency() -> None:
    # of the reference implementation of certificate transparency, MerkleTreeTest
    wanted = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    }
    for size, root in wanted.items():
        assert grown(LEAVES[:size])[0].root().hex() == root


@given(size=st.integers(0, 700), steps=st.lists(st.integers(0, 300), max_size=5))
@settings(max_examples=25, deadline=None)
def test_a_tree_that_grows_in_any_steps_has_the_root_of_the_definition(size: int, steps: list[int]) -> None:
    leaves = [str(number).encode() for number in range(size)]
    edge, _ = grown(leaves, steps)
    assert edge.size == size
    assert edge.root() == naive(leaves)


@given(data=st.data(), size=st.integers(1, 1_200))
@settings(max_examples=40, deadline=None)
def test_every_leaf_is_proved_at_every_size_and_nothing_else_is(data: st.DataObject, size: int) -> None:
    leaves = [str(number).encode() for number in range(size)]
    _, tiles = grown(leaves)
    then = data.draw(st.integers(1, size), "size then")
    index = data.draw(st.integers(0, then - 1), "index")
    root = naive(leaves[:then])
    path = path_of(tree.inclusion_spans(index, then), tiles)
    leaf = tree.leaf_hash(leaves[index])
    assert tree.includes(root, then, index, leaf, path)
    other = data.draw(st.integers(0, then - 1).filter(lambda other: other != index) | st.just(then), "other")
    assert not tree.includes(root, then, other, leaf, path)
    assert not tree.includes(root, then, index, tree.leaf_hash(b"other"), path)
    assert not tree.includes(root, then, index, leaf, [*path, bytes(32)])
    if path:
        assert not tree.includes(root, then, index, leaf, path[:-1])
        assert not tree.includes(root, then, index, leaf, [*path[:-1], bytes(32)])


@given(data=st.data(), size=st.integers(1, 1_200))
@settings(max_examples=40, deadline=None)
def test_every_size_is_proved_to_go_on_from_every_former_one(data: st.DataObject, size: int) -> None:
    leaves = [str(number).encode() for number in range(size)]
    _, tiles = grown(leaves)
    second = data.draw(st.integers(1, size), "second")
    first = data.draw(st.integers(0, second), "first")
    roots = naive(leaves[:first]), naive(leaves[:second])
    path = path_of(tree.consistency_spans(first, second), tiles)
    assert tree.consistent(first, roots[0], second, roots[1], path)
    assert not tree.consistent(first, bytes(32), second, roots[1], path)
    assert not tree.consistent(first, roots[0], second, bytes(32), path) or first == 0
    assert not tree.consistent(first, roots[0], second, roots[1], [*path, bytes(32)])
    if path:
        assert not tree.consistent(first, roots[0], second, roots[1], path[:-1])
    if first < second:
        assert not tree.consistent(second, roots[1], first, roots[0], path)


def test_what_does_not_fit_together_is_said() -> None:
    with pytest.raises(ValueError, match="no leaf 3"):
        tree.inclusion_spans(3, 3)
    with pytest.raises(ValueError, match="does not go on"):
        tree.consistency_spans(4, 3)
    with pytest.raises(ValueError, match="has 2 hashes"):
        Edge(3, bytes(32))
    with pytest.raises(ValueError, match="too few"):
        tree.hash_of(Span(0, 2), {(0, 0): bytes(32)})
    assert not tree.consistent(2, bytes(32), 5, bytes(32), [])
    assert not tree.consistent(3, bytes(32), 5, bytes(32), [])
    assert naive([]) == EMPTY_ROOT


def test_a_proof_within_a_million_leaves_needs_few_tiles() -> None:
    for index in (0, 1, 255, 256, 65_536, 999_999):
        assert len(tree.tiles_of(tree.inclusion_spans(index, 1_000_000))) <= 6
