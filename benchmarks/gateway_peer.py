"""LiteLLM's proxy as the peer of the gateway's benchmark, in an environment of its own.

The version is 1.97.0 (August 2026), pinned with all it needs by hash in peers/litellm.txt. It was chosen as

- 1.82.7 and 1.82.8 (24 March 2026) stole credentials: https://github.com/BerriAI/litellm/issues/24512 and
  https://docs.litellm.ai/blog/security-update-march-2026;
- versions up to 1.83.6 have CVE-2026-42208 and CVE-2026-42271, and fixes of more came in May;
- no 1.107 is on the package index any more: the author of the package litellm-check calls 1.107.0 compromised
  (October 2026), so that what was made in the weeks before is not taken either;
- the wheel was looked through: no .pth file, no name of the hosts and files of March's malware, no decoded
  text that is executed. Its native part (litellm/rust_bridge) can only be trusted.

It starts with few variables and an empty home, so that there is nothing to be found, and is told to stay
offline: no telemetry, and its lists of prices and news are those of its own files. Without a database it
knows one key, the master key, and has no budgets, no record of usage and no guards: it does less for each
request than the gateway it is compared with.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from platformdirs import user_cache_path

from live import free_port

HERE = Path(__file__).parent
LOCKED = HERE / "peers" / "litellm.txt"
CONFIG = HERE / "peers" / "litellm.yaml"
VERSION = "1.97.0"
KEY = "sk-peer-of-the-benchmark"
PATIENCE = 120.0
"""Seconds to wait until it answers: its first start compiles all of it."""
OFFLINE = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
    "DO_NOT_TRACK": "1",
}
QUIET = {"LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION", "DISABLE_ADMIN_UI": "True", "NO_DOCS": "True"}
"""As its documentation has it for production."""


@dataclass(frozen=True)
class Peer:
    """A running proxy: `url` is without `/v1`, and every request needs `headers`."""

    url: str
    headers: Mapping[str, str]


def environment() -> Path:
    """The folder of the peer's environment, made where there is none yet.

    It is kept in the user's cache, by the digest of what is pinned and by this Python's version. Raises
    `SystemExit` where it cannot be made, for example without the package index.
    """
    digest = hashlib.sha256(LOCKED.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = user_cache_path("pilothouse") / "peers" / f"litellm-{VERSION}-{digest}"
    whole = folder / "whole"
    if whole.exists():
        return folder
    print(f"Installing LiteLLM {VERSION} into {folder}, which takes some minutes.", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    _install(folder)
    whole.touch()
    return folder


def _install(folder: Path) -> None:
    """Install what is pinned into an environment, from wheels alone: a source would run what it holds."""
    command = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
    ]
    command += ["--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCKED)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"LiteLLM {VERSION} could not be installed: {done.stderr[-2_000:]}")


@contextmanager
def peer(upstream: str, *, workers: int = 1) -> Iterator[Peer]:
    """A proxy towards `upstream` (an address without `/v1`) while the block lasts.

    `workers` are its processes; our server is one. Raises `SystemExit` where it does not begin to answer.
    """
    folder, port = environment(), free_port()
    with tempfile.TemporaryDirectory(prefix="pilothouse-peer-") as home:
        logs = Path(home) / "logs.json"
        logs.write_text(json.dumps({"version": 1, "disable_existing_loggers": True}))
        said = {"PATH": os.defpath, "HOME": home, "LANG": "C.UTF-8", **OFFLINE, **QUIET}
        said |= {"UPSTREAM_URL": f"{upstream}/v1", "UPSTREAM_KEY": "sk-upstream", "LITELLM_MASTER_KEY": KEY}
        command = [str(folder / "bin" / "litellm"), "--config", str(CONFIG), "--host", "127.0.0.1"]
        command += ["--port", str(port), "--num_workers", str(workers), "--telemetry", "False"]
        command += ["--log_config", str(logs)]  # without a line for each request, which costs it time
        with (Path(home) / "log").open("w+") as log:
            started = subprocess.Popen(command, env=said, cwd=home, stdout=log, stderr=subprocess.STDOUT)
            try:
                _wait(started, port, Path(log.name))
                yield Peer(f"http://127.0.0.1:{port}", {"authorization": f"Bearer {KEY}"})
            finally:
                _end(started)


def _wait(started: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until the proxy answers."""
    deadline = time.monotonic() + PATIENCE
    while not _answers(port):
        if time.monotonic() > deadline or started.poll() is not None:
            raise SystemExit(f"LiteLLM {VERSION} does not serve; it said: {log.read_text()[-2_000:]}")
        time.sleep(0.2)


def _answers(port: int) -> bool:
    try:
        found = httpx.get(f"http://127.0.0.1:{port}/health/liveliness", trust_env=False, timeout=5)
    except httpx.HTTPError:
        return False
    return found.status_code == 200


def _end(started: subprocess.Popen[bytes]) -> None:
    """End the proxy: asked first, forced after ten seconds."""
    started.terminate()
    try:
        started.wait(10)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()
