"""`pilothouse console`: a server of this machine, in the background if none runs, and a link to sign in."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import typer
from pydantic import BaseModel, ValidationError

from pilothouse.app import data_folder
from pilothouse.cli import opening
from pilothouse.cli.opening import Options
from pilothouse.cli.signing_in import credential_for, link
from pilothouse.errors import Category, Conflict, NotFound, PilothouseError
from pilothouse.kit.origin import is_local, origin_of
from pilothouse.settings import Settings

IDLE = 1_800
"""Seconds without a visitor after which a server that was started here ends by itself."""
PATIENCE = 60.0
"""Seconds in which it is to start, or to stop."""
KEPT, LOG = "console.json", "console.log"
LATEST = "latest"
"""Stands for the run that was submitted last."""
_SERVING = re.compile(r'"url":"([^"]+)","event":"serving"')
_START = "from pilothouse.cli import main; main()"


class NotStarted(PilothouseError):
    """The server could not be started."""

    code = "console_not_started"
    category = Category.SYSTEM


class Started(BaseModel):
    """A server that this command has started: its process, and where it answers."""

    pid: int
    url: str


def console(common: dict[str, Any], *, run: str | None, stop: bool) -> None:
    """Print where the console is and a link that signs in, starting a server if none runs; or stop it."""
    options = Options(**common)
    settings = options.settings()
    if not is_local(settings):
        where = f"{origin_of(settings)}/console/"
        raise Conflict("These settings are of a server on a network.", hint=f"Its console is at {where}")
    folder = data_folder(settings)
    if stop:
        typer.echo(_stop(folder))
        return
    url, is_ours = _found(folder, settings)
    if url is None:
        url, is_ours = _start(options, settings, folder), True
    path = "/console/" if run is None else f"/console/runs/{_latest(url, settings) if run == LATEST else run}"
    signed = opening.run(lambda: link(options, url, path))
    typer.echo(f"The console: {url}{path}")
    typer.echo(f"Sign in as the admin, once and within 15 minutes:\n    {signed}")
    if is_ours:
        minutes = IDLE // 60
        typer.echo(
            f"It stops after {minutes} minutes without a visitor; `pilothouse console --stop` stops it now."
        )


def _found(folder: Path, settings: Settings) -> tuple[str | None, bool]:
    """Where a server of this data folder answers, and whether this command has started it."""
    kept = _kept(folder)
    if kept is not None and _answers(kept.url, settings):
        return kept.url, True
    usual = origin_of(settings)
    return (usual, False) if _answers(usual, settings) else (None, False)


def _latest(url: str, settings: Settings) -> str:
    """The id of the run that was submitted last; raises `NotFound` where there is none."""
    asked = _asked(f"{url}/api/v1/runs?limit=1", settings)
    runs = asked.json()["items"] if asked is not None and asked.status_code == 200 else []
    if not runs:
        raise NotFound("There is no run yet.", hint="`pilothouse run` makes one.")
    return str(runs[0]["id"])


def _kept(folder: Path) -> Started | None:
    try:
        return Started.model_validate_json((folder / KEPT).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _answers(url: str, settings: Settings) -> bool:
    """Whether a server answers there that takes this machine's token: one of the same data folder."""
    asked = _asked(f"{url}/api/v1/me", settings)
    return asked is not None and asked.status_code == 200


def _asked(url: str, settings: Settings) -> httpx.Response | None:
    """What the server at `url` answers to whoever has this machine's token; None where nobody answers."""
    credential = opening.run(lambda: credential_for(url, settings))
    if credential is None:
        return None
    try:
        return httpx.get(url, headers={"authorization": f"Bearer {credential}"}, timeout=5)
    except httpx.HTTPError:
        return None


def _start(options: Options, settings: Settings, folder: Path) -> str:
    """Start a server that goes on when this command ends; raises `NotStarted`."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-c", _START, *_words(options), "serve", "--port", str(_port(settings))],
            env=os.environ | {"PILOTHOUSE_STOP_WHEN_IDLE": str(IDLE)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # where it shows a link that is to be in no file
            stderr=written,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        said = log.read_text("utf-8", "replace")
        if (found := _SERVING.search(said)) is not None:
            (folder / KEPT).write_text(Started(pid=process.pid, url=found[1]).model_dump_json())
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.terminate()
    last = "".join(log.read_text("utf-8", "replace").splitlines(keepends=True)[-3:]).strip()
    raise NotStarted(f"The server did not start: {last or 'it said nothing'}", hint=f"All it said: {log}")


def _words(options: Options) -> Sequence[str]:
    """The options that stand before a command, as this process was given them."""
    data = [] if options.data is None else ["--data", str(options.data)]
    return [*data, *(word for app in options.apps for word in ("--app", app))]


def _port(settings: Settings) -> int:
    """The port of the settings, or any where that one is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((settings.host, settings.port))
        except OSError:
            return 0
    return settings.port


def _stop(folder: Path) -> str:
    """End the server that was started here; what became of it."""
    kept = _kept(folder)
    (folder / KEPT).unlink(missing_ok=True)
    if kept is None or not _lives(kept.url):
        return "No server was started by this command, or it has stopped already."
    os.kill(kept.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while _lives(kept.url) and time.monotonic() < deadline:
        time.sleep(0.05)
    return f"Stopped {kept.url}."


def _lives(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
