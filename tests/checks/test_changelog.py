"""CHANGELOG.md follows Keep a Changelog."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.changelog import changelog

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py

GOOD = """\
# Changelog

What changed, for people who use it.

## [Unreleased]

### Added

- A thing.

## [1.10.0] - 2025-03-01 [YANKED]

### Fixed

- A fault,
  on two lines.

## [1.9.0] - 2025-01-31

[Unreleased]: https://example.com
"""


def test_a_changelog_in_the_common_form_passes(found: Found) -> None:
    assert found(changelog, {"CHANGELOG.md": GOOD}) == []


def test_a_missing_changelog_is_found(found: Found) -> None:
    assert found(changelog, {"docs/CHANGELOG.md": GOOD}) == [("CHANGELOG.md", 1)]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("# Changelog\n", "# Changes\n", 1),
        ("## [Unreleased]\n", "## Unreleased\n", 1),
        ("## [Unreleased]\n", "\n", 1),
        ("### Added", "### New", 7),
        ("### Added\n", "\n", 9),
        ("2025-01-31", "2025-02-30", 18),
        ("2025-01-31", "31.01.2025", 18),
        ("[1.9.0]", "1.9.0", 18),
        ("[1.9.0]", "[1.10.0]", 18),
        ("[1.9.0]", "[1.11.0]", 18),
    ],
)
def test_what_departs_from_the_form_is_found(found: Found, before: str, after: str, line: int) -> None:
    assert before in GOOD
    assert ("CHANGELOG.md", line) in found(changelog, {"CHANGELOG.md": GOOD.replace(before, after, 1)})
