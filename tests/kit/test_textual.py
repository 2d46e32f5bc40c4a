from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.kit import textual

PDF = b"%PDF-1.7 nothing but ASCII"


@pytest.mark.parametrize(
    ("media_type", "head", "encoding"),
    [
        ("text/csv", b"a,b", "utf-8"),
        ("application/json", b"{}", "utf-8"),
        ("application/ld+json", b"{}", "utf-8"),
        ("application/x-yaml", b"a: 1", "utf-8"),
        ("message/rfc822", b"From: a", "utf-8"),
        ("image/svg+xml", b"<svg/>", "utf-8"),
        ("text/plain", "ä".encode("latin-1"), "utf-8"),
        ("text/plain", "ä".encode("utf-16"), "utf-16-le"),
        ("text/plain", b"\xfe\xff\0a", "utf-16-be"),
        ("text/plain", "ä".encode("utf-32"), "utf-32-le"),
        ("application/octet-stream", b"a text", "utf-8"),
        ("application/octet-stream", b"\x01 a text", "utf-8"),
        ("application/octet-stream", "ä text".encode("latin-1"), "utf-8"),
        ("application/x-tex", rb"\begin{document}", "utf-8"),
        ("application/octet-stream", b"a\0b", None),
        ("application/octet-stream", b"\xff\x01", None),
        ("application/zip", b"PK\x03\x04\x14\0\0\0", None),
        ("application/pdf", PDF, None),
        ("image/png", b"\x89PNG\r\n\x1a\n", None),
    ],
)
def test_what_is_text_and_in_which_encoding(media_type: str, head: bytes, encoding: str | None) -> None:
    assert textual.encoding_of(media_type, head) == encoding


def test_a_character_that_the_head_cuts_does_not_make_a_text_binary() -> None:
    content = b"\x01" + b"a" * (textual.HEAD - 2) + "ä".encode()
    assert textual.encoding_of("application/octet-stream", content[: textual.HEAD]) == "utf-8"


@given(st.binary())
def test_any_bytes_come_back_and_json_holds_as_many_characters(content: bytes) -> None:
    text = textual.decoded(content, "utf-8")
    assert textual.encoded(text, "utf-8") == content
    assert len(textual.readable(text).encode().decode()) == len(text)


@given(st.text(min_size=1), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"]), st.data())
def test_a_cut_is_between_characters(text: str, encoding: str, data: st.DataObject) -> None:
    content = text.encode(encoding, "replace") + b"    "
    at = data.draw(st.integers(0, len(content) - 4))
    cut = textual.cut(content, at, encoding)
    assert at - 4 < cut <= at
    before, after = content[:cut].decode(encoding), content[cut:-4].decode(encoding)
    assert before + after == content[:-4].decode(encoding)
