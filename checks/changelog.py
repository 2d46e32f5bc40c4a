"""CHANGELOG.md follows Keep a Changelog 1.1.0 (keepachangelog.com), so that people and tools can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from checks.tree import Finding, Source, Tree

CHANGELOG = "CHANGELOG.md"
RELEASE = re.compile(r"## \[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d{2}-\d{2})( \[YANKED\])?")
KINDS = frozenset({"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"})
REMEDY = "see keepachangelog.com"


def is_date(text: str) -> bool:
    """Whether a text is a day of the calendar, as 2025-01-31."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def entries(source: Source) -> Iterator[Finding]:
    """What stands below the title: kinds of changes below versions, and items below kinds."""
    kind = ""
    versions: list[tuple[int, ...]] = []
    for number, line in enumerate(source.text.splitlines(), start=1):
        if line.startswith("## "):
            kind, release = "", RELEASE.fullmatch(line)
            if line == "## [Unreleased]":
                continue
            if not release or not is_date(release[4]):
                yield source.finding(number, f"{line!r} is no version", "write `## [1.2.3] - 2025-01-31`")
                continue
            version = tuple(map(int, release.groups()[:3]))
            if versions and version >= versions[-1]:
                yield source.finding(number, "a newer version stands below an older one", "newest first")
            versions.append(version)
        elif line.startswith("### "):
            kind = line.removeprefix("### ")
            if kind not in KINDS:
                yield source.finding(
                    number, f"{kind} is no kind of change", f"use {', '.join(sorted(KINDS))}"
                )
        elif line.startswith("- ") and not kind:
            yield source.finding(
                number, "a change of no kind", "put it below `### Added` or one of its siblings"
            )


def changelog(tree: Tree) -> Iterator[Finding]:
    """The changelog is there, has its title and an Unreleased section first, and parses."""
    source = next((source for source in tree.sources if source.path == CHANGELOG), None)
    if source is None:
        yield Finding(CHANGELOG, 1, "there is no changelog", REMEDY)
        return
    if not source.text.startswith("# Changelog\n"):
        yield source.finding(1, "the title is missing", "begin with `# Changelog`")
    sections = [line for line in source.text.splitlines() if line.startswith("## ")]
    if sections[:1] != ["## [Unreleased]"]:
        yield source.finding(
            1, "the first section is not Unreleased", "begin the list with `## [Unreleased]`"
        )
    yield from entries(source)
