"""What no text of the repository holds: emoji, and places of one machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.tree import Finding, Source, Tree

# Code points with the property Emoji of Unicode's emoji-data.txt (UTS #51) that are drawn as pictures, and
# the variation selector that asks for one. Arrows, box drawing, U+2713 and U+2717 stay allowed.
EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u26ff\u231a\u231b\u23e9-\u23f3\u2b1b\u2b1c\u2b50\u2b55\ufe0f"
    "\u2702\u2705\u2708-\u270d\u270f\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e"
    "\u2753-\u2755\u2757\u2763\u2764\u2795-\u2797\u27a1\u27b0\u27bf]"
)

NEUTRAL_HOMES = "app|nonroot|pilothouse|runner|user"  # accounts of containers and examples
WORKSTATION = re.compile(
    rf"(?<![\w.~$}})/-])/(?:(?:root|work)/|home/(?!(?:{NEUTRAL_HOMES})\b)\w|Users/[a-z]\w*/)|\b[A-Z]:\\+Users\\"
)
REGISTRY = re.compile(
    r"\b(?:pypi\.org|(?:files\.)?pythonhosted\.org|(?:registry\.)?npmjs\.(?:org|com)|deb\.debian\.org|crates\.io)\b"
    r"|://[^\s/\"'`>)]*(?:pypi|npm|artifactory|nexus|devpi|verdaccio)[^\s/\"'`>)]*",
    re.IGNORECASE,
)


def matches(source: Source, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Line and text of every match in a file."""
    for found in pattern.finditer(source.text):
        yield source.text.count("\n", 0, found.start()) + 1, found[0]


def emoji(tree: Tree) -> Iterator[Finding]:
    """No emoji in any text."""
    for source in tree.sources:
        for line, character in matches(source, EMOJI):
            yield source.finding(
                line, f"the emoji U+{ord(character):04X}", r"say it in words; a test may write it as \N{...}"
            )


def places_of_one_machine(tree: Tree) -> Iterator[Finding]:
    """No path of a workstation and no host of a package registry in any text."""
    root = tree.root.as_posix()
    here = re.compile(re.escape(root)) if root.count("/") > 2 else None  # a short one may be a container's
    for source in tree.sources:
        for pattern in (WORKSTATION, here):
            for line, path in matches(source, pattern) if pattern else ():
                yield source.finding(
                    line, f"{path} is a path of one machine", "use a relative path, or one every machine has"
                )
        for line, host in matches(source, REGISTRY):
            yield source.finding(
                line,
                f"{host.removeprefix('://')} is a package registry",
                "name the package, not where it is kept",
            )
