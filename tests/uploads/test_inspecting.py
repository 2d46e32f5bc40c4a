from __future__ import annotations

import gzip
import io
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.errors import PilothouseError
from pilothouse.uploads.errors import ContentMismatch, UnsafeArchive
from pilothouse.uploads.inspecting import inspected
from support import hostile_files as files

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def look(content: bytes, declared: str = "") -> tuple[str, tuple[str, ...]]:
    verdict = inspected(io.BytesIO(content), len(content), declared)
    return verdict.media_type, verdict.flags


@pytest.mark.parametrize(
    ("content", "declared", "found"),
    [
        (b"%PDF-1.7\n...", "", "application/pdf"),
        (b"%PDF-1.7\n...", "application/octet-stream", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "image/png", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpg", "image/jpg"),
        (b"RIFF\x00\x00\x00\x00WEBP", "", "image/webp"),
        (b"a,b\n1,2\n", "text/csv", "text/csv"),
        (b'{"a": 1}', "application/json", "application/json"),
        ("Grüße\n".encode(), "", "text/plain"),
        ("Grüße\n".encode("utf-16"), "text/plain", "text/plain"),
        (b"<!DOCTYPE html><p>x", "text/html", "text/html"),
        (b"<!DOCTYPE html><p>x", "text/plain", "text/html"),
        (b"<?xml version='1.0'?><svg/>", "image/svg+xml", "image/svg+xml"),
        (b"\x00\x01\x02\x03", "application/x-own", "application/x-own"),
        (gzip.compress(b"hello", mtime=0), "application/gzip", "application/gzip"),
        (files.document(), DOCX, DOCX),
        (files.document(), "", DOCX),
        (files.document(), "application/zip", DOCX),
        (files.zipped({"a.txt": b"x"}), "application/x-zip-compressed", "application/x-zip-compressed"),
        (
            files.zipped({"mimetype": b"x"}),
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.text",
        ),
        (b"\x7fELF" + bytes(60), "", "application/x-executable"),
    ],
)
def test_a_content_is_known_by_its_bytes(content: bytes, declared: str, found: str) -> None:
    assert look(content, declared)[0] == found


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (b"\x7fELF" + bytes(60), "image/png"),
        (b"MZ" + bytes(100) + b"PE\x00\x00", "application/pdf"),
        (b"<script>alert(1)</script>", "image/png"),
        (b"<svg onload=x>", "image/png"),
        (b"hello", "application/pdf"),
        (b"\x00\x01\x02", "text/plain"),
        (b"\x00\x01\x02", "application/pdf"),
        (b"%PDF-1.7", "text/html"),
        (files.document(), XLSX),
        (files.zipped({"a": b"x"}), DOCX),
        (files.document(), "image/jpeg"),
    ],
)
def test_a_content_of_another_type_than_was_said_is_refused(content: bytes, declared: str) -> None:
    with pytest.raises(ContentMismatch, match="was sent as"):
        look(content, declared)


@pytest.mark.parametrize(
    ("content", "flags"),
    [
        (files.encrypted(), ("encrypted",)),
        (files.document(macros=True), ("macros",)),
        (files.zipped({"in.zip": files.zipped({"a": b"x"})}), ("archives",)),
        (files.zipped({"in.dat": files.document(macros=True)}), ("archives", "macros")),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000_000) + "_VBA_PROJECT".encode("utf-16-le"),
            ("macros",),
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), ("encrypted",)),
        (b"<html>", ("active",)),
        (b"\x00asm\x01", ("executable",)),
        (files.zipped({"a.zip": b"this is none, whatever its name"}), ()),
    ],
)
def test_what_to_know_before_opening_is_flagged(content: bytes, flags: tuple[str, ...]) -> None:
    assert look(content)[1] == flags


@pytest.mark.timed
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (files.flat_bomb(), "inflates from"),
        (files.lying_bomb(), "inflates from"),
        (files.overlapping_bomb(), "overlap"),
        (files.crowded(), "10,001 entries"),
        (files.huge_directory(), "entries; 10,000 are accepted"),
        (files.symlink(), "symbolic link"),
        (files.quine(), "archives within archives"),
        (files.gzip_bomb(), "inflates to more than"),
        (files.zipped({"in.zip": files.flat_bomb(30)}), "inflates from"),
        (files.zipped({"A.txt": b"1", "a.TXT": b"2"}), "two entries"),
        (files.zipped({"x": b"1"})[:-30], "no directory|damaged"),
        (b"PK\x03\x04", "no directory"),
        (gzip.compress(b"x" * 1_000, mtime=0)[:10] + bytes([7]) * 50, "damaged"),
        *((files.zipped({name: b"x"}, how=zipfile.ZIP_STORED), "leads out of its folder") for name in
          ("../a", "a/../../b", "/etc/passwd", "..\\a", "C:\\a", "\\\\host\\a", "a\nb", "a" * 1_001, "x/..")),
    ],
)  # fmt: skip
def test_an_archive_that_harms_is_refused(content: bytes, told: str) -> None:
    began = time.perf_counter()
    with pytest.raises(UnsafeArchive, match=told):
        look(content)
    assert time.perf_counter() - began < 5


def test_an_archive_with_64_bit_sizes_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a", "w", force_zip64=True) as entry:
        entry.write(b"x")
    assert look(out.getvalue()) == ("application/zip", ())


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"<!--"])
)
def test_any_bytes_are_judged_or_refused(content: bytes, head: bytes) -> None:
    try:
        look(head + content)
    except PilothouseError:
        return


@given(st.data())
def test_a_damaged_archive_is_judged_or_refused(data: st.DataObject) -> None:
    content = bytearray(files.document(more={"a/b.xml": b"<x/>"}))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        look(bytes(content))
    except PilothouseError:
        return
