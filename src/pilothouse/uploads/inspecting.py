"""Looks at a whole file before it is kept: what it is, and whether that fits what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from pilothouse.kit.textual import HEAD
from pilothouse.uploads import archives, kinds
from pilothouse.uploads.errors import ContentMismatch


@dataclass(frozen=True)
class Verdict:
    """What a content is, and what whoever opens it should know: `encrypted`, `macros`, `executable`, ..."""

    media_type: str
    flags: tuple[str, ...] = ()


def inspected(file: IO[bytes], size: int, declared: str) -> Verdict:
    """Look at a file of `size` bytes that was declared as a media type ("": as none).

    Raises `ContentMismatch` where it is of another type, and `UnsafeArchive`.
    """
    file.seek(0)
    found, flags = kinds.sniffed(file.read(HEAD)), set[str]()
    if found == kinds.ZIP:
        looked = archives.look_into(file, size)
        flags |= looked.flags
        found = kinds.office(_names(looked.names))
    elif found == kinds.GZIP:
        archives.look_at_gzip(file)
    elif found == kinds.OLE:
        flags |= archives.scan_ole(file)
    if found in {"application/x-executable", "application/wasm"}:
        flags.add("executable")
    if found in {"text/html", "image/svg+xml"}:
        flags.add("active")
    if not kinds.fits(declared, found):
        raise ContentMismatch(
            f"The file was sent as {declared}, and its content is {found}.",
            hint="Send it with the type that it has, or with none.",
        )
    file.seek(0)
    return Verdict(kinds.settled(declared, found), tuple(sorted(flags)))


def _names(folded: set[str]) -> frozenset[str]:
    return frozenset(name if name != "[content_types].xml" else "[Content_Types].xml" for name in folded)
