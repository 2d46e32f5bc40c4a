"""Words that say nothing in the names of classes and modules."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.names import empty_names, empty_words

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("RunManager", ["manager"]),
        ("http_utils", ["utils"]),
        ("HTTPHelper", ["helper"]),
        ("enhanced-view", ["enhanced"]),
        ("util", ["util"]),
        ("AdvancedOptimizedRun", ["advanced", "optimized"]),
        ("Management", []),
        ("utility_function", []),
        ("SecretsManagerPrice", []),
        ("gcp_secret_manager", []),
        ("runs", []),
    ],
)
def test_empty_words_are_found_as_whole_words_and_not_in_names_of_products(
    name: str, words: list[str]
) -> None:
    assert empty_words(name) == words


def test_modules_folders_and_classes_are_looked_at(found: Found) -> None:
    files = {
        "src/pilothouse/helpers/text.py": "x = 1\n",
        "console/src/utils.ts": "export {}\n",
        "docs/utils.md": "# Utils\n",
        "src/pilothouse/runs.py": "x = 1\n\nclass RunManager:\n    class EnhancedRun: ...\n",
    }
    assert sorted(found(empty_names, files)) == [
        ("console/src/utils.ts", 1),
        ("src/pilothouse/helpers/text.py", 1),
        ("src/pilothouse/runs.py", 3),
        ("src/pilothouse/runs.py", 4),
    ]
