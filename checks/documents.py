"""Documentation that can be followed: links lead somewhere, and a decision fits on one page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from checks.tree import Finding, Source, Tree

ELSEWHERE = ("src/", "tests/")  # templates for other repositories, and made-up documents
LINK = re.compile(
    r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'][^\"']*[\"'])?\s*\)|^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)"
)
FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)

RECORDS = "docs/decisions"
RECORD_NAME = re.compile(r"(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md")
LONGEST_RECORD = 40  # lines


def prose(source: Source) -> Iterator[tuple[int, str]]:
    """The lines of a Markdown file outside fenced code, with their numbers from 1."""
    fence = ""
    for number, line in enumerate(source.text.splitlines(), start=1):
        mark = FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        elif not fence:
            yield number, line


def anchors(source: Source) -> set[str]:
    """The fragments that headings of a Markdown file can be linked by, as GitHub makes them."""
    found: set[str] = set()
    for _, line in prose(source):
        heading = HEADING.match(line)
        if not heading:
            continue
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = next(
            number for number in range(1000) if (f"{slug}-{number}" if number else slug) not in found
        )
        found.add(f"{slug}-{number}" if number else slug)
    return found


def broken(source: Source, target: str, tree: Tree) -> str | None:
    """What is wrong with a link of a file, or None."""
    path, _, fragment = unquote(target).partition("#")
    if path.startswith("/"):
        return "is absolute"
    full = normpath(join(dirname(source.path), path)) if path else source.path
    if full not in tree.paths and not (tree.root / full).is_file():
        return "leads to no file of the repository"
    document = next((other for other in tree.sources if other.path == full and full.endswith(".md")), None)
    if fragment and document and fragment not in anchors(document):
        return f"leads to no heading of {full}"
    return None


def broken_links(tree: Tree) -> Iterator[Finding]:
    """Every relative link of a Markdown document leads to a file, and to a heading where it names one."""
    for source in tree.under(suffix=".md"):
        if source.path.startswith(ELSEWHERE):
            continue
        for number, line in prose(source):
            for found in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
                target = found[1] or found[2]
                wrong = None if SCHEME.match(target) else broken(source, target, tree)
                if wrong:
                    yield source.finding(
                        number, f"the link {target} {wrong}", "correct the path or remove the link"
                    )


def decision_records(tree: Tree) -> Iterator[Finding]:
    """A decision record is called NNNN-words.md, has a number of its own, a title, and one page."""
    numbers: dict[str, str] = {}
    for source in tree.under(RECORDS, suffix=".md"):
        name = RECORD_NAME.fullmatch(source.name)
        if not name:
            yield source.finding(
                1, f"{source.name} is no name of a record", "call it NNNN-words-of-the-title.md"
            )
            continue
        if name[1] in numbers:
            yield source.finding(
                1, f"{numbers[name[1]]} has the number {name[1]} too", "take the next free number"
            )
        numbers.setdefault(name[1], source.name)
        if not source.text.startswith("# "):
            yield source.finding(
                1, "the record has no title", "begin with `# ` and the decision in a few words"
            )
        if source.length > LONGEST_RECORD:
            yield source.finding(
                LONGEST_RECORD + 1,
                f"{source.length} lines, at most {LONGEST_RECORD} are allowed",
                "keep what someone asking why needs",
            )
