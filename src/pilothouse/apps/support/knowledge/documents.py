"""Articles as chunks: Markdown (or JSON with title and content) cut at its headings, with line ranges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import orjson

SUFFIXES = frozenset({".md", ".markdown", ".json"})
HEADING = re.compile(r"^(#{1,6})\s(.+)$")
FENCE = re.compile(r"^\s*(```|~~~)")
LONGEST_CHUNK = 1800  # characters; a longer section is cut between paragraphs
FRONT_MATTER = "---"


class UnreadableDocument(ValueError):
    """A file of the knowledge base is not UTF-8 text, or is JSON without `title` and `content`."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document that stands under one heading.

    `heading` is the path of headings below the title, joined by " > " (empty before the first one);
    `first` and `last` are line numbers from 1. For JSON they count within `content`.
    """

    title: str
    heading: str
    text: str
    first: int
    last: int


def paths(folder: Path) -> dict[str, Path]:
    """The documents of a folder and those below it, by name: the path without suffix, in order.

    Where two files differ in their suffix only, the later one keeps its suffix in its name.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            name = relative.with_suffix("").as_posix()
            found[relative.as_posix() if name in found else name] = path
    return found


def read(path: Path) -> list[Chunk]:
    """The chunks of one document. Raises `UnreadableDocument` naming the file and what to mend."""
    data = path.read_bytes()
    try:
        if path.suffix.lower() != ".json":
            return cut(path.stem.replace("-", " ").replace("_", " "), data.decode("utf-8-sig"))
        value = orjson.loads(data)
        return cut(str(value["title"]), str(value["content"]))
    except UnicodeDecodeError as error:
        raise UnreadableDocument(f"{path.name} is not UTF-8 text: {error}. Save it as UTF-8.") from error
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        wanted = 'a JSON object with "title" and "content"'
        raise UnreadableDocument(f"{path.name} is not {wanted}: {error!r}. Mend or remove it.") from error


def cut(title: str, text: str) -> list[Chunk]:
    """Cut at headings, then at paragraphs; a first heading of level one replaces the title."""
    chunks: list[Chunk] = []
    trail: list[tuple[int, str]] = []
    block: list[str] = []
    start, fenced = 1, False
    lines = text.splitlines()
    skip = _front_matter(lines)

    def close() -> None:
        heading = " > ".join(name for _, name in trail)
        chunks.extend(_pieces(title, heading, block, start))

    for number, line in enumerate(lines, 1):
        if number <= skip:
            start = number + 1
            continue
        fenced ^= bool(FENCE.match(line))
        found = None if fenced else HEADING.match(line)
        heading = "" if found is None else found[2].rstrip().rstrip("#").strip()
        if found is None or not heading:
            block.append(line)
            continue
        close()
        level, name = len(found[1]), heading.replace("**", "")
        if level == 1 and not chunks and not trail:
            title = name
        else:
            trail = [*(above for above in trail if above[0] < level), (level, name)]
        block, start = [], number + 1
    close()
    return chunks or [Chunk(title, "", "", 1, max(1, len(lines)))]


def _front_matter(lines: list[str]) -> int:
    """How many lines at the top are YAML between two rules of dashes."""
    if lines and lines[0].strip() == FRONT_MATTER:
        for number, line in enumerate(lines[1:], 2):
            if line.strip() == FRONT_MATTER:
                return number
    return 0


def _pieces(title: str, heading: str, block: list[str], start: int) -> list[Chunk]:
    """One section as chunks of at most `LONGEST_CHUNK` characters, where its paragraphs allow it."""
    pieces: list[Chunk] = []
    held: list[str] = []
    first = start
    size = 0
    for number, line in enumerate([*block, ""], start):
        if not line.strip() and (size >= LONGEST_CHUNK or number == start + len(block)):
            text = "\n".join(held).strip("\n")
            if text.strip():
                lead = next(count for count, one in enumerate(held) if one.strip())
                pieces.append(Chunk(title, heading, text, first + lead, first + lead + text.count("\n")))
            held, first, size = [], number + 1, 0
        else:
            held.append(line)
            size += len(line) + 1
    return pieces
