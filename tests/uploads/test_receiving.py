from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.uploads.errors import UploadIncomplete
from pilothouse.uploads.names import LONGEST, attachment, display_name
from pilothouse.uploads.receiving import Form, is_form, media_type

BOUNDARY = "edge"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def form(*parts: tuple[str, bytes], whole: bool = True) -> bytes:
    body = b"".join(
        b"--%b\r\n%b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), head.encode(), content) for head, content in parts
    )
    return body + (b"--%b--\r\n" % BOUNDARY.encode() if whole else b"")


def part(
    content: bytes, name: str = "file", filename: str = "a.txt", kind: str = "text/plain"
) -> tuple[str, bytes]:
    return (
        f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}',
        content,
    )


async def taken(body: bytes, size: int = 7, content_type: str = TYPE) -> tuple[bytes, Form]:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), size):
            yield body[at : at + size]

    found = Form(content_type)
    return b"".join([piece async for piece in found.file(pieces())]), found


@given(st.binary(max_size=200), st.integers(1, 60))
async def test_the_file_of_a_form_comes_out_as_it_went_in(content: bytes, size: int) -> None:
    other = ('Content-Disposition: form-data; name="note"', b"passed over")
    found, read = await taken(form(other, part(content)), size)
    assert found == content
    assert (read.name, read.declared) == ("a.txt", "text/plain")


@pytest.mark.parametrize(
    "body",
    [
        form(),
        form(part(b"x", name="other")),
        form(part(b"x"), part(b"y")),
        form(part(b"x"), whole=False),
        b"",
        b"no form at all",
        b"--edge\r\n" + b"a: b\r\n" * 5_000,
        b"--edge\r\nContent-Disposition: " + b"x" * 100_000,
    ],
)
async def test_a_form_without_one_whole_file_is_refused(body: bytes) -> None:
    with pytest.raises(UploadIncomplete):
        await taken(body)


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 100]
)
def test_a_form_needs_a_boundary(content_type: str) -> None:
    with pytest.raises(UploadIncomplete, match="boundary"):
        Form(content_type)


def test_media_types_are_read_without_their_parameters() -> None:
    assert media_type("Text/CSV; charset=utf-8") == "text/csv"
    assert media_type("nonsense") == media_type("a/b/c") == media_type("text/<script>") == ""
    assert is_form({"content-type": TYPE})
    assert not is_form({})


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("D:\\post\\Brief.docx", "Brief.docx"),
        ("/tmp/x.csv", "x.csv"),  # noqa: S108 - no file
        ("a\r\nSet-Cookie: x", "a__Set-Cookie_ x"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("", "upload"),
        ("..", "upload"),
        ("...   ", "upload"),
        ('con<>:"|?*.txt', "con_______.txt"),
        ("e\u0301.txt", "\u00e9.txt"),
    ],
)
def test_a_name_is_shown_without_what_could_mislead(sent: str, shown: str) -> None:
    assert display_name(sent) == shown


def test_a_long_name_keeps_its_ending() -> None:
    name = display_name("x" * 5_000 + ".pdf")
    assert len(name) == LONGEST
    assert name.endswith("x.pdf")


@given(st.text(max_size=300))
def test_any_name_becomes_one_plain_name_and_one_plain_header(sent: str) -> None:
    name = display_name(sent)
    assert name == display_name(name)
    assert not set(name) & set('/\\:*?"<>|\r\n\0')
    assert 1 <= len(name) <= LONGEST
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith('attachment; filename="')
