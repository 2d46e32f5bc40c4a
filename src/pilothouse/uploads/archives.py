"""Looks into archives without unpacking them: bombs, names that climb, passwords and macros.

What an archive says of itself is bounded before it is read: the directory of a ZIP is loaded only where it is
small. Python's zipfile never yields more of an entry than the archive declares, so that declared sizes hold.
"""

from __future__ import annotations

import io
import itertools
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from pilothouse.uploads.errors import UnsafeArchive

MOST_ENTRIES = 10_000
LARGEST_DIRECTORY = 8 << 20
MOST_INFLATED = 8 << 30
"""Bytes of all entries together."""

RATIO = 200
"""How many times larger than the archive its entries may be, beyond `FREE` bytes."""

FREE = 10 << 20
NESTED = 1
"""How deep archives may lie in each other."""

LARGEST_NESTED = 64 << 20
"""Bytes of an archive inside another one that is looked into; a larger one is refused."""

_END, _END_SIZE = b"PK\x05\x06", 22
_ARCHIVES = (
    ".zip",
    ".jar",
    ".war",
    ".docx",
    ".docm",
    ".xlsx",
    ".xlsm",
    ".pptx",
    ".pptm",
    ".odt",
    ".ods",
    ".epub",
)
_DRIVE = re.compile(r"[A-Za-z]:")
_PIECE = 1 << 16
_SAMPLE = 64 << 20
_BAD = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    zlib.error,
)


class Looked:
    """What was found in an archive: names, and flags such as `encrypted` and `macros`."""

    def __init__(self) -> None:
        """Nothing was found yet."""
        self.names: set[str] = set()
        self.flags: set[str] = set()
        self.inflated = 0


def look_into(file: IO[bytes], size: int, depth: int = 0) -> Looked:
    """Look into a ZIP archive of `size` bytes. Raises `UnsafeArchive` that says what is wrong with it."""
    _check_directory(file, size)
    looked = Looked()
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_sizes(entries, size, looked)
            for entry in entries:
                _check_entry(entry, looked)
            for entry in _archives_in(archive, entries):
                _look_deeper(archive, entry, looked, depth)
    except _BAD as error:
        raise UnsafeArchive(f"The archive is damaged: {str(error)[:200] or type(error).__name__}.") from None
    return looked


def look_at_gzip(file: IO[bytes]) -> None:
    """Inflate the beginning of a gzip content. Raises `UnsafeArchive` where it grows beyond all measure."""
    file.seek(0)
    inflater, taken, given = zlib.decompressobj(wbits=31), 0, 0
    try:
        while given < _SAMPLE and not inflater.eof:
            piece = inflater.unconsumed_tail or file.read(_PIECE)
            if not piece:
                break
            given += len(inflater.decompress(piece, _PIECE))
            taken = file.tell() - len(inflater.unconsumed_tail)
            if given > FREE and given > RATIO * max(taken, 1):
                raise UnsafeArchive(f"The content inflates to more than {RATIO} times its size.")
    except zlib.error as error:
        raise UnsafeArchive(f"The compressed content is damaged: {error}.") from None


def scan_ole(file: IO[bytes]) -> set[str]:
    """The flags of an OLE container by the names of its streams: old Office documents, and encrypted ones."""
    marks = {
        "encrypted": "EncryptedPackage".encode("utf-16-le"),
        "macros": "_VBA_PROJECT".encode("utf-16-le"),
    }
    found: set[str] = set()
    file.seek(0)
    before = b""
    while piece := file.read(1 << 20):
        window = before + piece
        found |= {flag for flag, mark in marks.items() if mark in window}
        before = window[-64:]
    return found


def _check_directory(file: IO[bytes], size: int) -> None:
    """Bound the directory by what the end of the archive says of it, before anybody loads it."""
    reach = min(size, _END_SIZE + 65_535)
    file.seek(size - reach)
    tail = file.read(reach)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise UnsafeArchive("The archive has no directory: it is damaged, or was not sent whole.")
    entries, directory, start = struct.unpack_from("<HLL", tail, at + 10)
    if entries == 0xFFFF or 0xFFFFFFFF in {directory, start}:
        entries, directory = _large(file, tail, at)
    if entries > MOST_ENTRIES or directory > LARGEST_DIRECTORY:
        raise UnsafeArchive(f"The archive has {entries:,} entries; {MOST_ENTRIES:,} are accepted.")
    file.seek(0)


def _large(file: IO[bytes], tail: bytes, at: int) -> tuple[int, int]:
    """Entries and directory size of a ZIP64 archive."""
    locator = tail.rfind(b"PK\x06\x07", 0, at)
    if locator < 0 or at - locator < 20:
        raise UnsafeArchive("The archive's directory is damaged.")
    file.seek(struct.unpack_from("<Q", tail, locator + 8)[0])
    record = file.read(56)
    if len(record) < 56 or not record.startswith(b"PK\x06\x06"):
        raise UnsafeArchive("The archive's directory is damaged.")
    entries, directory = struct.unpack_from("<QQ", record, 32)
    return int(entries), int(directory)


def _check_sizes(entries: list[zipfile.ZipInfo], size: int, looked: Looked) -> None:
    inflated = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if packed > size:
        raise UnsafeArchive("Entries of the archive overlap.")
    if len(entries) > MOST_ENTRIES:
        raise UnsafeArchive(f"The archive has {len(entries):,} entries; {MOST_ENTRIES:,} are accepted.")
    if inflated > MOST_INFLATED or inflated > max(FREE, RATIO * size):
        raise UnsafeArchive(f"The archive inflates from {size:,} to {inflated:,} bytes.")
    starts = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    for (start, length), (following, _) in itertools.pairwise(starts):
        if start + length > following:
            raise UnsafeArchive("Entries of the archive overlap.")
    looked.inflated = inflated


def _check_entry(entry: zipfile.ZipInfo, looked: Looked) -> None:
    name = entry.orig_filename  # `filename` has lost what follows a NUL
    parts = name.replace("\\", "/").split("/")
    if (
        name.startswith(("/", "\\"))
        or _DRIVE.match(name)
        or ".." in parts
        or "\0" in name
        or len(name) > 1_000
        or any(ord(character) < 32 for character in name)
    ):
        raise UnsafeArchive(f"The archive has an entry that leads out of its folder: {name[:100]!r}.")
    if entry.external_attr >> 28 == 0xA:
        raise UnsafeArchive(f"The archive has a symbolic link: {name[:100]!r}.")
    folded = name.casefold()
    if folded in looked.names:
        raise UnsafeArchive(f"The archive has two entries of one name: {name[:100]!r}.")
    looked.names.add(folded)
    if entry.flag_bits & 0x1:
        looked.flags.add("encrypted")
    if (
        folded.endswith(("vbaproject.bin", ".docm", ".xlsm", ".pptm"))
        or "/xlmacros/" in folded
        or "macrosheets/" in folded
    ):
        looked.flags.add("macros")


def _archives_in(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Iterator[zipfile.ZipInfo]:
    """Entries that are archives themselves, by name or by their first bytes."""
    for entry in entries:
        if entry.is_dir() or entry.flag_bits & 0x1 or entry.file_size < _END_SIZE:
            continue
        if entry.filename.lower().endswith(_ARCHIVES):
            yield entry
            continue
        with archive.open(entry) as opened:
            if opened.read(4) == b"PK\x03\x04":
                yield entry


def _look_deeper(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, looked: Looked, depth: int) -> None:
    name = entry.filename[:100]
    if depth >= NESTED:
        raise UnsafeArchive(f"The archive has archives within archives: {name!r}.")
    if entry.file_size > LARGEST_NESTED:
        raise UnsafeArchive(f"The archive has another one that is too large to look into: {name!r}.")
    with archive.open(entry) as opened:
        inner = opened.read(LARGEST_NESTED)
    if not inner.startswith(b"PK"):
        return
    found = look_into(io.BytesIO(inner), len(inner), depth + 1)
    looked.flags |= found.flags | {"archives"}
    looked.inflated += found.inflated
    if looked.inflated > MOST_INFLATED:
        raise UnsafeArchive("The archive inflates without measure.")
