"""The index file: what was read of each document, so that only changed ones are read again.

One JSON file with a checksum, replaced as a whole. A file that is damaged, or of another version of the
index, counts as absent: the articles are the truth, and the index is made anew from them.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from pilothouse.apps.support.knowledge.documents import Chunk

VERSION = b"pilothouse-knowledge-1"


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as it was read: its file's size in bytes and time of change in ns, and its chunks."""

    size: int
    changed: int
    chunks: list[Chunk]


ENTRIES = TypeAdapter(dict[str, Entry])


def load(path: Path) -> dict[str, Entry]:
    """What the index file holds by document; nothing where it is absent, damaged or of another version."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return {}
    if head != _head(body):
        return {}
    try:
        return ENTRIES.validate_json(body)
    except ValidationError:
        return {}


def save(path: Path, entries: Mapping[str, Entry]) -> None:
    """Replace the index file as a whole: a reader sees the old one or the new one, never a part."""
    body = orjson.dumps(entries)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_head(body) + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _head(body: bytes) -> bytes:
    return VERSION + f" {zlib.crc32(body):08x}".encode()
