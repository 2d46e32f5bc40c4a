from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.artifacts.names import disposition, media_type


@given(st.text(min_size=1, max_size=60))
def test_any_name_makes_one_safe_header_line_from_which_it_can_be_read(name: str) -> None:
    header = disposition(name, "application/zip", download=False)
    assert header.isascii()
    assert header.isprintable()
    plain = header.partition('filename="')[2].partition('"')[0]
    assert plain
    assert not set(plain) & set('"\\/%:*?<>|')
    _, found, encoded = header.partition("filename*=UTF-8''")
    read = unquote(encoded) if found else plain
    assert read == name.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("plan.zip", 'attachment; filename="plan.zip"'),
        (
            "Ü 1.pdf",
            "attachment; filename=\"_ 1.pdf\"; filename*=UTF-8''%C3%9C%201.pdf",
        ),
        ('a"; b.exe', "attachment; filename=\"a_; b.exe\"; filename*=UTF-8''a%22%3B%20b.exe"),
        ("..", "attachment; filename=\"artifact\"; filename*=UTF-8''.."),
        ("a\r\nb", "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"),
    ],
)
def test_a_name_is_spelt_for_old_clients_and_for_new_ones(name: str, header: str) -> None:
    assert disposition(name, "application/octet-stream", download=False) == header


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        ("text/plain", "inline"),
        ("image/svg+xml", "inline"),
        ("TEXT/HTML; charset=latin-1", "inline"),
        ("application/pdf", "attachment"),
        ("application/javascript", "attachment"),
        ("nonsense", "attachment"),
    ],
)
def test_only_what_cannot_act_in_the_sandbox_is_shown_in_place(stored: str, how: str) -> None:
    assert disposition("x", stored, download=False).startswith(how)
    assert disposition("x", stored, download=True).startswith("attachment")


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("application/zip", "application/zip"),
        ("text/markdown", "text/markdown; charset=utf-8"),
        ("Text/HTML; charset=utf-16", "text/html; charset=utf-8"),
        ("", "application/octet-stream"),
        ("a/b\r\nset-cookie: x=1", "application/octet-stream"),
        ("text", "application/octet-stream"),
    ],
)
def test_a_type_is_sent_only_if_it_is_one(stored: str, sent: str) -> None:
    assert media_type(stored) == sent
