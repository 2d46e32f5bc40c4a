"""Workers over HTTP: who executes, what, and how busy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from pilothouse import App

Reach = Callable[..., Awaitable[dict[str, Any]]]
Submit = Callable[..., Awaitable[str]]


async def test_workers_are_listed(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    sample_app: App,
    submit: Submit,
    reach: Reach,
    tmp_path: Path,
) -> None:
    without = await open_api(sample_app, execute=False)
    assert (await without.get("/api/v1/workers")).json() == {"items": []}
    client = await open_api(sample_app, worker_slots=3, worker_labels={"gpu": "a100"})
    run_id = await submit(client, "patient", path=str(tmp_path / "never"))
    await reach(client, run_id, "running")
    (worker,) = (await client.get("/api/v1/workers")).json()["items"]
    assert (worker["slots"], worker["busy"], worker["labels"]) == (3, 1, {"gpu": "a100"})
    assert (worker["alive"], worker["draining"]) == (True, False)
    assert worker["silent_for"] < 5
    assert "patient@1" in worker["workflows"]
    await client.post(f"/api/v1/runs/{run_id}/cancel")
