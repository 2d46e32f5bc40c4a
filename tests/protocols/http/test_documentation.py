"""Every page of this server brings all it needs, runs nothing inline, and shows what it is given as text."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from pilothouse import App
from pilothouse.policies.permissions import PUBLIC

FOREIGN = re.compile(r"(?:https?:)?//(?!\s)[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
HOSTILE = "\"'></title></main><script src=//evil.example/x>alert(1)</script><img src=x onerror=alert(1)>"
PARAMETERS = (
    *("token", "next", "error", "error_description", "state", "code", "email", "tenant", "tenant_id"),
    *("name", "url", "message", "q", "redirect_uri", "hint"),
)
"""What a page could take from its query and show."""


class Page(HTMLParser):
    """What a page loads, where it leads, what is inline in it, and the text that stands in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.inline: list[str] = []
        self.tags: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.tags.append(tag)
        self._script = tag in {"script", "style"}
        self.loads += [said[name] or "" for name in ("src", "srcset", "data", "poster") if name in said]
        if href := said.get("href"):
            (self.loads if tag in {"link", "base", "image", "use"} else self.leads).append(href)
        self.leads += [said[name] or "" for name in ("action", "formaction", "ping") if name in said]
        self.inline += [name for name in said if name.startswith("on") or name in {"style", "srcdoc"}]

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)


@pytest.fixture
async def visitor(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a credential."""
    client = await open_api(sample_app, execute=False, limit_address=0, limit_costly=0)
    async with httpx.AsyncClient(transport=client._transport, base_url=client.base_url) as found:
        yield found


async def pages_of(client: httpx.AsyncClient, query: str = "") -> dict[str, httpx.Response]:
    """The answers that are pages, by the path of each public operation that has no parameter."""
    routes = list(iter_route_contexts(client._transport.app.routes))
    paths = {str(route.path) for route in routes if route.name in PUBLIC and "GET" in (route.methods or ())}
    found = {}
    for path in sorted(path for path in paths if "{" not in path):
        answer = await client.get(f"{path}{query}")
        if answer.headers.get("content-type", "").startswith("text/html"):
            found[path] = answer
    return found


async def test_pages_bring_all_they_need_and_nothing_inline(visitor: httpx.AsyncClient) -> None:
    found = await pages_of(visitor)
    assert {"/api/docs", "/sign-in", "/join", "/reset-password"} <= set(found)
    for path, answer in found.items():
        page, policy = Page(answer.text), answer.headers["content-security-policy"]
        assert (page.inline, FOREIGN.findall(answer.text)) == ([], []), path
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"https?:|\*", policy)
        for said in page.loads:
            if said == "data:,":  # an icon of no bytes, so that the browser asks for none
                continue
            part = await visitor.get(urljoin(path, said))
            assert part.status_code == 200, (path, said)
            kind = "text/css" if said.endswith(".css") else "text/javascript"
            assert part.headers["content-type"].startswith(kind)
            assert part.headers["x-content-type-options"] == "nosniff"
            assert FOREIGN.findall(part.text) == []
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", part.text
            )
            assert "@import" not in part.text
            assert "url(" not in part.text
            for asked in re.findall(r'fetch\("([^"]+)"', part.text):
                known = await visitor.request("OPTIONS", asked)
                assert known.status_code != 404, asked
        for said in page.leads:
            assert said.startswith(("/", "#")), (path, said)
            assert not said.startswith("//")


async def test_what_a_query_says_stays_text_on_every_page(visitor: httpx.AsyncClient) -> None:
    plain = await pages_of(visitor)
    for query in (
        urlencode(dict.fromkeys(PARAMETERS, HOSTILE)),
        urlencode({"token": HOSTILE}),
        urlencode({"next": HOSTILE}),
    ):
        for path, answer in (await pages_of(visitor, f"?{query}")).items():
            page = Page(answer.text)
            assert page.inline == [], path
            assert set(page.tags) - set(Page(plain[path].text).tags) <= {"p", "button", "input"}, path
            assert not [place for place in page.loads if "evil" in place], path
            assert all(place.startswith(("/", "#")) and not place.startswith("//") for place in page.leads), (
                path
            )
    away = await visitor.get("/sign-in", params={"next": "https://evil.example"})
    assert "evil.example" not in away.text
    for name in ("docs.html", "docs.css.map", "__init__.py", ".."):
        assert (await visitor.get(f"/api/docs/{name}")).status_code in {400, 404}
