"""Archives that harm, made at test time."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile


def zipped(entries: dict[str, bytes], *, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=how)  # dated 1980, always
    return out.getvalue()


def flat_bomb(megabytes: int = 200) -> bytes:
    """One entry of zeros."""
    return zipped({"zeros": bytes(megabytes << 20)})


def lying_bomb() -> bytes:
    """An archive that declares gigabytes which it does not have."""
    data = bytearray(zipped({"a": bytes(1_000)}))
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<L", data, at + 24, 0xF0000000)
    return bytes(data)


def overlapping_bomb() -> bytes:
    """Entries that share one compressed body, as David Fifield's bombs do."""
    data = zipped({"a": bytes(1 << 20)})
    at, end = data.rindex(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    local, entry = data[:at], data[at:end]
    names = [bytes([97 + number]) for number in range(20)]
    directory = b"".join(entry[:-1] + name for name in names)
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 20, 20, len(directory), at, 0)
    return local + directory + tail


def crowded(entries: int = 10_001) -> bytes:
    return zipped({f"{number}": b"" for number in range(entries)}, how=zipfile.ZIP_STORED)


def huge_directory() -> bytes:
    """The end of an archive that says of itself that its directory has four gigabytes."""
    return b"PK\x03\x04" + bytes(100) + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 10, 10, 0xFFFFFFF0, 0, 0)


def symlink() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = 0xA1FF << 16
        archive.writestr(entry, "/etc/passwd")
    return out.getvalue()


def encrypted() -> bytes:
    data = bytearray(zipped({"a.txt": b"hello"}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + at] |= 1
    return bytes(data)


def document(*, macros: bool = False, more: dict[str, bytes] | None = None) -> bytes:
    entries = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>", **(more or {})}
    if macros:
        entries["word/vbaProject.bin"] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    return zipped(entries)


def gzip_bomb(megabytes: int = 100) -> bytes:
    return gzip.compress(bytes(megabytes << 20), mtime=0)


def quine() -> bytes:
    """A stored archive within an archive within an archive."""
    return zipped({"a.zip": zipped({"b.zip": zipped({"c.txt": b"x"})})})
