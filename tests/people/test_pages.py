"""The page to which links lead."""

from __future__ import annotations

import re

import httpx
import pytest

from pilothouse.people.links import Purpose


async def test_every_link_leads_to_a_page_of_this_server_alone(client: httpx.AsyncClient) -> None:
    for purpose in Purpose:
        page = await client.get(f"/{purpose.page}")
        assert page.status_code == 200
        assert "'unsafe" not in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "no-referrer"
        named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(named) == 2
        for path in named:
            assert (await client.get(path)).status_code == 200
        assert not re.search(r"<script>|\son\w+=|style=", page.text)
    script = (await client.get("/links/link.js")).text
    for path in re.findall(r'"(/api/[^"]+)"', script):
        assert (await client.post(path, json={})).status_code == 400  # it is there, and lacks something


@pytest.mark.parametrize("name", ["link.html", "..%2fpages.py", "nothing"])
async def test_there_is_nothing_else(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/links/{name}")).status_code in {400, 404}
