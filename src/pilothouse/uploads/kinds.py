"""What a content is, by its first bytes: names and declared types are only claims.

Signatures are those of the formats' own specifications; where none fits, UTF-8 text is told from other bytes.
"""

from __future__ import annotations

import codecs
import re

from pilothouse.kit.textual import MARKUP, TEXTUAL

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
ZIP = "application/zip"
GZIP = "application/gzip"
OLE = "application/x-ole-storage"

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"\x1f\x8b\x08", GZIP),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"Obj\x01", "application/avro"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-executable"),
    (0, b"\xca\xfe\xba\xbe", "application/x-executable"),
    (0, b"\x00asm", "application/wasm"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
)
_TAG = re.compile(rb"(?i)<(!doctype\s{1,20}html|html|head|body|script|svg|\?xml)\b")

_OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
ZIPPED = frozenset({ZIP, *_OFFICE.values()})
"""Types whose contents are ZIP archives that are looked into."""

_FITS: dict[str, frozenset[str]] = {
    ZIP: frozenset({"application/java-archive", "application/epub+zip", "application/x-zip-compressed"}),
    OLE: frozenset({"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"})
    | frozenset({"application/vnd.ms-outlook", *_OFFICE.values()}),  # an encrypted document is such a file
    GZIP: frozenset({"application/x-gzip", "application/x-tar", "application/x-gtar"}),
    "image/tiff": frozenset({"image/tif"}),
    "image/jpeg": frozenset({"image/jpg"}),
    "audio/wav": frozenset({"audio/x-wav", "audio/wave"}),
    "video/mp4": frozenset({"audio/mp4", "image/heic", "image/avif", "video/quicktime", "audio/x-m4a"}),
    "video/webm": frozenset({"audio/webm", "video/x-matroska"}),
    "audio/ogg": frozenset({"video/ogg", "application/ogg"}),
    "application/x-executable": frozenset({"application/x-sharedlib", "application/x-mach-binary"}),
}


def sniffed(head: bytes) -> str:
    """The media type of a content that begins with `head`: at least `HEAD` bytes of it, or all."""
    for at, signature, kind in _SIGNATURES:
        if head.startswith(signature, at):
            return kind
    if head[:2] == b"MZ" and b"PE\x00\x00" in head:
        return "application/x-executable"
    if not _is_text(head):
        return UNKNOWN
    begin = head.lstrip()
    if begin.startswith(b"<!--"):
        begin = begin.partition(b"-->")[2].lstrip()
    found = _TAG.match(begin)
    if found is None:
        return TEXT
    tag = found[1].lower()
    if tag == b"?xml" and b"<svg" in head.lower():
        tag = b"svg"
    return {b"svg": "image/svg+xml", b"?xml": "application/xml"}.get(tag, "text/html")


def office(names: frozenset[str]) -> str:
    """The type of a ZIP archive by the names in it."""
    if "[Content_Types].xml" in names:
        for folder, suffix in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
            if any(name.startswith(folder) for name in names):
                return _OFFICE[suffix]
    return ZIP


def fits(declared: str, found: str) -> bool:
    """Whether a content that was found to be of one type may be declared as another."""
    if declared in {found, UNKNOWN, ""}:
        return True
    if found == TEXT or found in MARKUP:
        return TEXTUAL.fullmatch(declared) is not None or (declared in MARKUP and declared == found)
    if (
        found == UNKNOWN
    ):  # no format that is known here: the claim may be right, unless its signature is known
        known = {kind for _, _, kind in _SIGNATURES} | set(_OFFICE.values()) | MARKUP
        return declared not in known and TEXTUAL.fullmatch(declared) is None
    if found in ZIPPED:
        return declared == ZIP or (
            (found == ZIP and declared in _FITS[ZIP]) or _is_zip_based(declared, found)
        )
    return declared in _FITS.get(found, frozenset())


def settled(declared: str, found: str) -> str:
    """What to call a content: the declared type where it is more than what was found."""
    if declared in {"", UNKNOWN, ZIP} or found in MARKUP:
        return found
    return declared


def _is_zip_based(declared: str, found: str) -> bool:
    """Office and OpenDocument types that are ZIP archives, macros and templates among them."""
    if declared in _OFFICE.values():
        return declared == found
    return declared.startswith(
        ("application/vnd.oasis.opendocument.", "application/vnd.ms-", "application/vnd.openxmlformats")
    )


def _is_text(head: bytes) -> bool:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    if b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character that is cut at the end is no error
    except UnicodeDecodeError:
        return False
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return controls == 0
