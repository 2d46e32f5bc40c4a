"""What the console's own tests are given is what the server's code makes."""

from __future__ import annotations

import json

from support import cedar_vectors, tree_vectors


def test_the_browser_is_tested_with_trees_heads_and_proofs_of_the_server() -> None:
    assert json.loads(tree_vectors.STORED.read_text()) == tree_vectors.made()


def test_the_editor_is_tested_with_what_cedar_itself_reads_and_refuses() -> None:
    assert json.loads(cedar_vectors.STORED.read_text()) == cedar_vectors.made()
