"""What people do by the API in a window of the console, and what is asked of them."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page

from support.site import PATIENCE, Site

_SEND = """async ([path, body]) => {
  const token = document.cookie.match(/ph_csrf=([^;]+)/)?.[1] ?? "";
  const headers = { "content-type": "application/json", "x-csrf-token": token };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return [answer.status, await answer.json()];
}"""


def send(page: Page, path: str, body: object) -> tuple[int, Any]:
    """Ask the API as whoever has signed in: the status and what it says."""
    status, said = page.evaluate(_SEND, [path, body])
    return status, said


def asked(site: Site, run_id: str, role: str) -> dict[str, Any]:
    """The open question of a run for a role, once there is one."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = site.get("/api/v1/questions", run_id=run_id, status="open", role=role)["items"]
        if found:
            return dict(found[0])
        assert time.monotonic() < deadline, f"nothing is asked of {role}"
        time.sleep(0.05)


def refund_asked(site: Site, page: Page, order: str, email: str) -> tuple[str, dict[str, Any]]:
    """A customer wants money back, by whoever has signed in: the run, and what managers are asked."""
    text = f"The item in order {order} arrived damaged, I want my money back. {email}"
    status, run = send(page, "/api/v1/runs", {"workflow": "support", "input": {"text": text}})
    assert status == 201, run
    offer = asked(site, run["id"], "customer")
    status, said = send(page, f"/api/v1/questions/{offer['id']}/answer", {"answer": "yes"})
    assert status == 200, said
    return run["id"], asked(site, run["id"], "support_manager")
