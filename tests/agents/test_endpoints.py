from __future__ import annotations

import httpx


async def test_agents_are_listed_by_application_and_name(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/agents")).json()["items"]
    assert [(item["app"], item["name"]) for item in listed] == [
        ("parcels", "judge"),
        ("parcels", "linger"),
        ("parcels", "look"),
    ]
    assert listed[0] == {
        "name": "judge",
        "app": "parcels",
        "summary": "Judge a text.",
        "prompt": None,
        "rungs": ["expert"],
        "timeout": None,
    }
