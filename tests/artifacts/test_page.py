# ruff: noqa: E501 - hostile texts are listed as they are
"""Markdown is shown as rich text that does nothing, and no content of an artifact acts in our origin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html.parser import HTMLParser

import httpx

Save = Callable[..., Awaitable[str]]

HOSTILE = """# Plan <script>alert(1)</script>

[a](javascript:alert(1)) [b](JaVaScRiPt&colon;alert(1)) [c](data:text/html;base64,PHNjcmlwdD4=)
[d](vbscript:x) <a href="jav&#x09;ascript:alert(1)">e</a> <javascript:alert(1)> ![f](https://evil.example/f.png)

<img src=x onerror=alert(1)><svg onload=alert(1)><script>alert(1)</script></svg>
<iframe srcdoc="<script>alert(1)</script>"></iframe><form action=//evil.example><button>x</button></form>
<style>@import "//evil.example";</style><base href=//evil.example><meta http-equiv=refresh content="0;url=//evil.example">

| a | b |
|---|---|
| <b onclick=alert(1)>bold</b> | ~~old~~ [fine](https://example.com/x) |

</body><script>alert(2)</script>
"""


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def test_markdown_is_shown_as_rich_text_in_which_nothing_acts_or_loads(
    idle: httpx.AsyncClient, save: Save
) -> None:
    name = 'plan"><script>alert(1)</script>.md'
    answer = await idle.get(f"{await save(HOSTILE.encode(), name, 'text/markdown')}/page")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    found = Elements(answer.text).found
    tags = [tag for tag, _ in found]
    assert {"h1", "table", "td", "b", "s", "a"} <= set(tags)
    assert not {"script", "img", "svg", "iframe", "form", "base", "object", "link", "button"} & set(tags)
    assert (tags.count("style"), tags.count("meta"), tags.count("body")) == (1, 2, 1), "the page's own"
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    links = [attributes["href"] for tag, attributes in found if tag == "a" and "href" in attributes]
    assert links == ["https://example.com/x"]
    assert "&lt;script&gt;" in answer.text.partition("</title>")[0]


async def test_what_cannot_be_shown_as_a_page_is_told(idle: httpx.AsyncClient, save: Save) -> None:
    cases = (
        (b"<h1>x</h1>", "text/html"), (b"\xff\xfe", "text/markdown"), (b"x" * 100_001, "text/markdown"),
        (b"x\n" * 5_002, "text/markdown"), (b"x" * 400_001, "text/markdown; charset=utf-8"),
    )  # fmt: skip
    for content, media_type in cases:
        path = await save(content, "a", media_type)
        answer = await idle.get(f"{path}/page")
        assert (answer.status_code, answer.json()["code"]) == (409, "no_page")
        assert (await idle.get(f"{path}/content")).content == content


async def test_another_tenants_page_is_not_there_and_other_types_are_not_made(
    idle: httpx.AsyncClient, save: Save
) -> None:
    foreign = await save(b"# secret", "a.md", "text/markdown", tenant="other")
    assert (await idle.get(f"{foreign}/page")).status_code == 404
    own = await save(b"# x", "a.md", "text/markdown")
    assert (await idle.get(f"{own}/page", headers={"accept": "application/json"})).status_code == 406


ACTIVE = {
    "text/html": b"<script>alert(document.domain)</script>",
    "image/svg+xml": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>",
    "application/xhtml+xml": b"<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>",
    "text/xml": b"<?xml-stylesheet href='data:text/xsl,x' type='text/xsl'?><x/>",
    "application/javascript": b"alert(1)",
    "text/javascript": b"alert(1)",
    "application/pdf": b"%PDF-1.7 /OpenAction",
    "application/x-shockwave-flash": b"CWS",
    "multipart/x-mixed-replace": b"--a\r\ncontent-type: text/html\r\n\r\n<script>alert(1)</script>",
    "text/html\r\nx-injected: 1": b"<script>alert(1)</script>",
    "text/html;charset=utf-7": b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "": b"<script>alert(1)</script>",
}
"""Types that a browser could run something of, with such a content."""

SHOWN = {"text/html", "image/svg+xml"}


async def test_no_content_can_act_in_our_origin_whatever_its_type(
    idle: httpx.AsyncClient, save: Save
) -> None:
    for media_type, content in ACTIVE.items():
        path = f"{await save(content, 'x', media_type)}/content"
        etag = (await idle.get(path)).headers["etag"]
        for asked in ({}, {"range": "bytes=0-3"}, {"if-none-match": etag}):
            answer = await idle.get(path, headers=asked)
            headers = answer.headers
            sent, how = headers["content-type"], headers["content-disposition"].partition(";")[0]
            policy = headers["content-security-policy"].split("; ")
            assert {"sandbox", "default-src 'none'"} <= set(policy), media_type
            assert headers["x-content-type-options"] == "nosniff"
            assert "x-injected" not in headers
            assert how == ("inline" if sent.partition(";")[0] in SHOWN else "attachment"), media_type
            if sent.startswith("text/"):
                assert sent.endswith("; charset=utf-8")
