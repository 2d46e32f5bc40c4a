"""A Pilothouse as a user starts it: one process with its own data, shipped applications and a port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import StorageStateCookie

PILOTHOUSE = str(Path(sys.executable).with_name("pilothouse"))
PASSWORD = "a quiet harbour at dawn"
UNLIMITED = {
    f"PILOTHOUSE_LIMIT_{whose}": "0" for whose in ("ADDRESS", "USER", "USER_HOUR", "TENANT", "COSTLY")
}
"""One browser asks in a minute what people ask in an hour."""
PATIENCE = 60.0
"""Seconds for whatever is waited for."""
_SERVING = re.compile(r'"url":"(http://127\.0\.0\.1:\d+)","event":"serving"')
_LINK = re.compile(r"http://\S+/sign-in\?token=\S+")


@dataclass
class Site:
    """Where it is, and a client with the token of this machine."""

    folder: Path
    url: str
    api: httpx.Client
    kept: list[StorageStateCookie] = field(default_factory=list)

    def command(self, *words: str) -> str:
        """What a command of the product prints."""
        told = [PILOTHOUSE, "--data", str(self.folder / "data"), *words]
        done = subprocess.run(told, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def link(self) -> str:
        """A link by which a browser signs in as the admin, once."""
        found = _LINK.search(self.command("sign-in", "--url", self.url))
        assert found is not None
        return found[0]

    def cookies(self) -> list[StorageStateCookie]:
        """What a browser keeps that has signed in as the admin: one session, made once, for all windows."""
        if not self.kept:
            token = self.link().partition("token=")[2]
            with httpx.Client(base_url=self.url) as browser:
                assert browser.post("/sign-in", data={"token": token}).status_code == 303
                for name, value in browser.cookies.items():
                    seen = {"domain": "127.0.0.1", "path": "/", "expires": -1, "secure": False}
                    self.kept.append(
                        {"name": name, "value": value, "httpOnly": False, "sameSite": "Lax", **seen}
                    )
        return self.kept

    def person(self, email: str, *roles: str, password: str = PASSWORD) -> str:
        """Invite somebody, who accepts; their password."""
        invited = self.post(
            "/api/v1/users", {"email": email, "name": email.partition("@")[0], "roles": roles}
        )
        token = re.search(r"#([\w.-]+)", invited["link"])
        assert token is not None, invited
        self.post("/api/v1/auth/accept-invitation", {"token": token[1], "password": password})
        return password

    def post(self, path: str, body: object) -> Any:
        """Change something by the API."""
        answer = self.api.post(path, json=body)
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def get(self, path: str, **query: str | int) -> Any:
        """Look something up by the API."""
        answer = self.api.get(path, params=query)
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json()

    def run(self, workflow: str, given: object, *, until: tuple[str, ...] = ("completed",)) -> dict[str, Any]:
        """Submit a run and wait until it has reached one of some states."""
        made = self.post("/api/v1/runs", {"workflow": workflow, "input": given})
        return self.reached(made["id"], *until)

    def reached(self, run_id: str, *until: str) -> dict[str, Any]:
        """The run, once it has reached one of some states."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found: dict[str, Any] = self.get(f"/api/v1/runs/{run_id}")
            if found["status"] in until:
                return found
            assert time.monotonic() < deadline, found["status"]
            time.sleep(0.05)


@contextmanager
def site(folder: Path, *options: str, **settings: str) -> Iterator[Site]:
    """Start one in `folder`, with settings by the names of their variables; it ends with the block."""
    told = [
        PILOTHOUSE,
        "--data",
        str(folder / "data"),
        *options,
        "serve",
        "--port",
        "0",
    ]
    log = folder / "serve.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            told, cwd=folder, env=os.environ | UNLIMITED | settings, stdout=subprocess.DEVNULL, stderr=written
        )
    try:
        url = _serving(process, log)
        token = (folder / "data" / "secrets" / "local_token").read_text()
        headers = {"authorization": f"Bearer ph_local_{token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE) as api:
            yield Site(folder, url, api)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _serving(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := _SERVING.search(log.read_text()):
            return found[1]
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"not serving within {PATIENCE} s: {log.read_text()}")
