"""The API of one process: reading and submitting runs with a key, beside a bare FastAPI endpoint.

`pilothouse serve` with its worker, its embedded database and the load are processes of this machine.
`--quick` takes a few seconds and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api_authorising import seconds_each
from live import free_port
from report import RESULTS, Measure, report

HERE = Path(__file__).parent
PILOTHOUSE = str(Path(sys.executable).parent / "pilothouse")
PATIENCE = 30.0
UNLIMITED = {"PILOTHOUSE_LIMIT_TENANT": "10000000"}
"""The limits are on, and wide enough to let the load through."""


@dataclass(frozen=True)
class Server:
    """A server under load: where it is, and what a request to it says besides its first line."""

    port: int
    headers: Mapping[str, str]

    def load(self, method: str, path: str, body: str = "", **order: Any) -> dict[str, Any]:
        """Put load on one endpoint; what came of it, with the times in milliseconds."""
        said = {"host": "127.0.0.1", **self.headers}
        if body:
            said |= {"content-type": "application/json", "content-length": str(len(body))}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
        request = "\r\n".join([*lines, "", body])
        given = {"host": "127.0.0.1", "port": self.port, "request": request, **order}
        done = subprocess.run(
            [sys.executable, str(HERE / "api_load.py"), json.dumps(given)],
            check=True,
            capture_output=True,
            text=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@contextmanager
def process(*command: str, port: int, **environment: str) -> Iterator[None]:
    """A process that serves at `port` while the block lasts."""
    with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as started:
        try:
            deadline = time.monotonic() + PATIENCE
            while not answers(port):
                if time.monotonic() > deadline or started.poll() is not None:
                    raise SystemExit(f"{command[0]} does not serve")
                time.sleep(0.1)
            yield
        finally:
            started.terminate()


def answers(port: int) -> bool:
    """Whether anybody answers at a port."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False


@contextmanager
def pilothouse(folder: Path) -> Iterator[Server]:
    """Pilothouse with its worker and its own database, and a key of an operator."""
    port = free_port()
    before = [PILOTHOUSE, "--data", str(folder), "--app", "spine_workflows:app"]
    where = {"PYTHONPATH": str(HERE), "PILOTHOUSE_LOG_LEVEL": "info", "PILOTHOUSE_LOG_FORMAT": "json"}
    with process(*before, "serve", "--port", str(port), port=port, **where, **UNLIMITED):
        made = subprocess.run(
            [*before, "keys", "create", "bench", "--role", "operator", "--rate", "1000000"],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, **where},
        )
        yield Server(port, {"authorization": f"Bearer {made.stdout.strip()}"})


def all_well(found: Mapping[str, Any], status: str) -> bool:
    """Whether every request was answered with `status`."""
    return set(found["statuses"]) == {status}


def reading(server: Server, bare: Server, path: str, seconds: float, rounds: int) -> list[Measure]:
    """Reads of one run: at a steady rate, and as many as there can be."""
    paced = [server.load("GET", path, connections=16, rate=200, seconds=seconds) for _ in range(rounds)]
    fast = [server.load("GET", path, connections=16, seconds=seconds) for _ in range(rounds)]
    peer = [bare.load("GET", path, connections=16, seconds=seconds) for _ in range(rounds)]
    if not all(all_well(found, "200") for found in (*paced, *fast, *peer)):
        raise SystemExit(f"not all reads were answered: {[found['statuses'] for found in (*paced, *fast)]}")
    p95, rates = middle(paced, "p95"), sorted(found["per_second"] for found in fast)
    rate, bare_rate = middle(fast, "per_second"), middle(peer, "per_second")
    return [
        Measure("GET of a run, 200 a second, p50", middle(paced, "p50"), "ms"),
        Measure("GET of a run, 200 a second, p95", p95, "ms", 20, met=p95 < 20),
        Measure(
            *("GET of a run, 16 connections", rate, "requests/s", 1_200, "bare FastAPI", bare_rate),
            ratio=rate / bare_rate,
            met=rate >= 1_200,
            spread=rates[-1] - rates[0],
        ),
        Measure("GET of a run, 16 connections, p95", middle(fast, "p95"), "ms"),
    ]


def submitting(server: Server, seconds: float, long: float) -> list[Measure]:
    """Submissions of runs that the same process executes: at a steady rate, and from 100 connections."""
    body = json.dumps({"workflow": "three", "input": 1})
    paced = server.load("POST", "/api/v1/runs", body, connections=16, rate=100, seconds=seconds)
    crowd = server.load("POST", "/api/v1/runs", body, connections=100, seconds=long)
    well = all_well(paced, "201") and all_well(crowd, "201")
    rate = crowd["per_second"]
    return [
        Measure("submit, 100 a second, p95", paced["p95"], "ms", 50, met=paced["p95"] < 50),
        Measure(f"submit, 100 connections, {long:g} s", rate, "requests/s", 300, met=rate >= 300),
        Measure(
            f"submit, 100 connections, {long:g} s, p95",
            crowd["p95"] / 1_000,
            "s",
            1,
            met=crowd["p95"] < 1_000,
        ),
        Measure("submissions answered otherwise than with 201", float(not well), "of 1", 0, met=well),
    ]


def middle(found: list[dict[str, Any]], name: str) -> float:
    """The median of the rounds."""
    return float(sorted(one[name] for one in found)[len(found) // 2])


def measure(folder: Path, seconds: float, rounds: int, long: float, times: int) -> list[Measure]:
    """All measures: loads of `seconds` each, `long` for the crowd, and `times` authorisations."""
    with pilothouse(folder / "data") as server:
        path = a_run(server, folder / "body.json")
        port = free_port()
        bare = [sys.executable, str(HERE / "api_bare.py"), str(folder / "body.json"), str(port)]
        with process(*bare, port=port):
            measures = reading(server, Server(port, {}), path, seconds, rounds)
        measures += submitting(server, seconds, long)
    cost = seconds_each(folder / "data", server.headers["authorization"], times) * 1_000
    name = "authentication and authorisation of a request"
    return [*measures, Measure(name, cost, "ms", 0.4, met=cost < 0.4)]


def a_run(server: Server, body: Path) -> str:
    """The path of a completed run, which is what is read; its JSON is written to `body`."""
    url = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=url, headers=server.headers, trust_env=False) as http:
        made = http.post("/api/v1/runs", json={"workflow": "three", "input": 1}).json()
        path = f"/api/v1/runs/{made['id']}"
        while http.get(path).json()["status"] != "completed":
            time.sleep(0.05)
        body.write_bytes(http.get(path).content)
    return path


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds; nothing is written")
    options = parser.parse_args()
    seconds, rounds, long, times = (2.0, 1, 3.0, 2_000) if options.quick else (10.0, 3, 60.0, 50_000)
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name:
        folder = Path(name)
        measures = measure(folder, seconds, rounds, long, times)
        report("api", measures, folder if options.quick else RESULTS)


if __name__ == "__main__":
    main()
