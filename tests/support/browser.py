"""A real Chromium, told what to do by its DevTools protocol: what a page asks for, says and does is noted."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from websockets.sync.client import connect

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
    "--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-default-apps", "--disable-domain-reliability",
    "--disable-extensions", "--remote-debugging-port=0",
    # no name but loopback can be resolved: nothing leaves this machine, and a page that tries is seen
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip
PATIENCE = 30.0
"""Seconds for whatever is waited for."""


@dataclass
class Seen:
    """What happened since a page was opened: what was asked for and not blocked, complaints, dialogues."""

    requests: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    dialogues: list[str] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        """The addresses of other programs that were asked."""
        return [url for url in self.requests.values() if not url.startswith(("data:", "chrome-error:"))]


class Browser:
    """One window. `with Browser() as browser: browser.open(url)`."""

    def __init__(self) -> None:
        self.seen = Seen()
        self._number = 0
        self._session: str | None = None

    def __enter__(self) -> Self:
        assert PROGRAM is not None
        with ExitStack() as stack:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
            )
            process = stack.enter_context(
                subprocess.Popen(
                    [PROGRAM, *OPTIONS, f"--user-data-dir={folder}", "about:blank"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
            )  # fmt: skip
            stack.callback(process.terminate)
            self._process = process
            door = _door(process, Path(folder) / "DevToolsActivePort")
            self._line = stack.enter_context(connect(door, max_size=None, proxy=None))
            target = self._ask("Target.createTarget", url="about:blank")["targetId"]
            self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Network", "Runtime", "Log"):
                self._ask(f"{domain}.enable")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.send(json.dumps({"id": -2, "method": "Browser.close"}))  # its children end with it, too
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._stack.close()

    def headers(self, said: dict[str, str]) -> None:
        """Send these headers with every request from now on."""
        self._ask("Network.setExtraHTTPHeaders", headers=said)

    def open(self, url: str) -> Seen:
        """Open an address in the window, and wait until it has loaded."""
        self.seen = Seen()
        self._loaded = False
        self._ask("Page.navigate", url=url)
        deadline = time.monotonic() + PATIENCE
        while not self._loaded and time.monotonic() < deadline:
            self._take(0.1)
        return self.seen

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page, whatever the page's own policy forbids."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Wait until an expression is true in the page."""
        deadline = time.monotonic() + PATIENCE
        while not self.evaluate(expression):
            assert time.monotonic() < deadline, expression
            self._take(0.05)

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._line.send(json.dumps(message))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self._take(PATIENCE)
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])
        raise AssertionError(f"{method} was not answered")

    def _take(self, patience: float) -> dict[str, Any]:
        """The next message, noted; empty where none comes in time."""
        try:
            message = json.loads(self._line.recv(patience))
        except TimeoutError:
            return {}
        said = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.seen.requests[said["requestId"]] = said["request"]["url"]
            case "Network.loadingFailed" if said.get("blockedReason"):
                self.seen.requests.pop(said["requestId"], None)
            case "Runtime.exceptionThrown":
                self.seen.complaints.append(json.dumps(said["exceptionDetails"])[:500])
            case "Runtime.consoleAPICalled" if said["type"] in {"error", "warning"}:
                self.seen.complaints.append(json.dumps(said["args"])[:500])
            case "Log.entryAdded":
                self.seen.complaints.append(said["entry"]["text"])
            case "Page.javascriptDialogOpening":
                self.seen.dialogues.append(said["message"])
                self._line.send(
                    json.dumps(
                        {
                            "id": -1,
                            "method": "Page.handleJavaScriptDialog",
                            "params": {"accept": True},
                            "sessionId": self._session,
                        }
                    )
                )
            case "Page.loadEventFired":
                self._loaded = True
        return dict(message)


def _door(process: subprocess.Popen[bytes], written: Path) -> str:
    """The address at which a browser that has just started takes orders."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if written.is_file() and (lines := written.read_text().splitlines())[1:]:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.02)
    raise AssertionError("the browser did not start")
