"""The gateway: plain answers and streams beside LiteLLM's proxy, with everything on that governs them.

`pilothouse serve` with its worker and its embedded database, an upstream that answers at once, the load and
the peer are processes of this machine. On are a key, limits, guards, a budget, usage, audit and the access
log; no two requests are alike. `--quick` takes seconds, leaves the peer out and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from api import PILOTHOUSE, UNLIMITED, Server, answers
from api_load import NUMBER
from gateway_load import Result, load
from gateway_peer import Peer, peer
from gateway_upstream import CHUNKS, MODEL, events_of, upstream
from live import free_port
from report import RESULTS, Measure, report

HERE = Path(__file__).parent
PATIENCE = 60.0
REQUESTS = 200_000
"""For the memory: what is measured before are the first tenth of them."""

Target = tuple[str, dict[str, str]]
"""An address without `/v1`, and the headers that it wants."""


@dataclass(frozen=True)
class Gateway:
    """A running server: its process, its address and a key."""

    pid: int
    server: Server

    @property
    def target(self) -> Target:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.server.port}", dict(self.server.headers)

    def memory(self) -> float:
        """What the process holds in memory, in MB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1_024


@contextmanager
def gateway(folder: Path, upstream_url: str) -> Iterator[Gateway]:
    """A server that asks `upstream_url`, with a budget and a key that may use its one model."""
    port = free_port()
    said = {
        "PILOTHOUSE_PROVIDERS": json.dumps({"up": {"url": f"{upstream_url}/v1", "keyless": True}}),
        "PILOTHOUSE_MODELS": json.dumps({"fast": [f"up:{MODEL}"]}),
        "PILOTHOUSE_MODEL_PRICES": json.dumps({f"up:{MODEL}": {"input": "0.4", "output": "1.6"}}),
        "PILOTHOUSE_LOG_FORMAT": "json",
        "PYTHONPATH": str(HERE),
        **UNLIMITED,
    }
    environment = {**os.environ, **said}
    before = [PILOTHOUSE, "--data", str(folder), "--app", "spine_workflows:app"]
    command = [*before, "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as started:
        try:
            _wait(started, port)
            dear = ["--unit", "money", "--currency", "USD", "--period", "month", "--hard", "1000000"]
            _made(before, environment, "budgets", "create", "models", *dear)
            key = _made(
                before, environment, *("keys", "create", "bench", "--role", "operator"),
                *("--rate", "1000000", "--models", "fast"),
            )  # fmt: skip
            yield Gateway(started.pid, Server(port, {"authorization": f"Bearer {key.strip()}"}))
        finally:
            started.terminate()


def _wait(started: subprocess.Popen[bytes], port: int) -> None:
    """Until the server is ready. Raises `SystemExit` where it does not become so."""
    import time

    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        if time.monotonic() > deadline or started.poll() is not None:
            raise SystemExit("pilothouse does not serve")
        time.sleep(0.1)


def _made(before: list[str], environment: dict[str, str], *command: str) -> str:
    return subprocess.run(
        [*before, *command], check=True, capture_output=True, text=True, env=environment
    ).stdout


def body_for(model: str, *, stream: bool = False) -> str:
    """A request of about 300 bytes; it carries its number."""
    said = f"Please answer question {NUMBER.decode()} about the delivery of a parcel in two short sentences."
    asked: dict[str, object] = {
        "model": model,
        "messages": [
            {"role": "system", "content": "You are a helpful assistant of a shop."},
            {"role": "user", "content": said},
        ],
        "temperature": 0.7,
        "max_tokens": 100,
    }
    if stream:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(asked)


def asked(
    target: Target, model: str, connections: int, seconds: float, *, rounds: int, stream: bool = False
) -> list[Result]:
    """Load on a target, so many rounds. Raises `SystemExit` where not all was answered."""
    url, headers = target
    events = events_of(CHUNKS) if stream else 0
    found = [
        load(
            f"{url}/v1/chat/completions",
            headers,
            body_for(model, stream=stream),
            connections,
            seconds,
            stream=events,
        )
        for _ in range(rounds)
    ]
    if wrong := [one for one in found if one.errors]:
        raise SystemExit(f"not all was answered at {url}: {wrong}")
    return found


def rate(found: list[Result]) -> float:
    """The middle of the rounds' rates."""
    return median(one.per_second for one in found)


def spread(found: list[Result]) -> float:
    """How far the rounds' rates are apart."""
    rates = [one.per_second for one in found]
    return max(rates) - min(rates)


def plain(ours: Gateway, bare: Target, other: Peer | None, seconds: float, rounds: int) -> Iterator[Measure]:
    """Plain answers: what is added to the time of one, and how many there can be."""
    alone = median(one.p50 for one in asked(bare, MODEL, 1, seconds, rounds=rounds))
    single = median(one.p50 for one in asked(ours.target, "fast", 1, seconds, rounds=rounds))
    yield Measure("plain, 1 connection, added p50", single - alone, "ms", 1.5, met=single - alone < 1.5)
    for connections in (16, 64):
        found = asked(ours.target, "fast", connections, seconds, rounds=rounds)
        value, name = rate(found), f"plain, {connections} connections"
        yield Measure(name, value, "requests/s", 1_200, met=value >= 1_200, spread=spread(found))
        yield Measure(f"{name}, p95", median(one.p95 for one in found), "ms")
        if other is not None:
            theirs = rate(asked((other.url, dict(other.headers)), MODEL, connections, seconds, rounds=rounds))
            yield _beside(f"{name}, beside LiteLLM", value, theirs, "requests/s", 10)


def streams(ours: Gateway, other: Peer | None, seconds: float, rounds: int) -> Iterator[Measure]:
    """Streams of 50 chunks from 16 connections."""
    found = asked(ours.target, "fast", 16, seconds, rounds=rounds, stream=True)
    value, name = rate(found), f"streams of {CHUNKS} chunks, 16 connections"
    yield Measure(name, value, "streams/s", 600, met=value >= 600, spread=spread(found))
    yield Measure(f"{name}, first event, p50", median(one.first_p50 for one in found), "ms")
    if other is not None:
        target = other.url, dict(other.headers)
        theirs = rate(asked(target, MODEL, 16, seconds, rounds=rounds, stream=True))
        yield _beside(f"{name}, beside LiteLLM", value, theirs, "streams/s", 15)


def _beside(name: str, ours: float, theirs: float, unit: str, times: float) -> Measure:
    ratio = ours / theirs if theirs else 0.0
    return Measure(name, ours, unit, times * theirs, "LiteLLM", theirs, ratio=ratio, met=ratio >= times)


def memory(ours: Gateway, requests: int) -> Iterator[Measure]:
    """What the server holds after a tenth of the requests, and after all of them."""
    answered, first = 0, 0.0
    while answered < requests:
        answered += asked(ours.target, "fast", 16, 10.0 if requests > 50_000 else 1.0, rounds=1)[0].requests
        if not first and answered >= requests / 10:
            first = ours.memory()
    grown = (ours.memory() / first - 1) * 100
    yield Measure(f"memory after {answered:,} requests, grown by", grown, "%", 5, met=grown < 5)
    yield Measure("memory of the server", ours.memory(), "MB")


def measure(folder: Path, seconds: float, rounds: int, requests: int, *, beside: bool) -> list[Measure]:
    """All measures: loads of `seconds` each."""
    with upstream() as url, gateway(folder / "data", url) as ours:
        asked(ours.target, "fast", 16, min(seconds, 3.0), rounds=1)  # what is made at first use
        if not beside:
            found = [*plain(ours, (url, {}), None, seconds, rounds), *streams(ours, None, seconds, rounds)]
        else:
            with peer(url) as other:
                asked((other.url, dict(other.headers)), MODEL, 16, 5.0, rounds=1)
                found = [
                    *plain(ours, (url, {}), other, seconds, rounds),
                    *streams(ours, other, seconds, rounds),
                ]
        return [*found, *memory(ours, requests)]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="some seconds, without the peer; nothing is written"
    )
    options = parser.parse_args()
    seconds, rounds, requests = (2.0, 1, 2_000) if options.quick else (10.0, 3, REQUESTS)
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name:
        folder = Path(name)
        measures = measure(folder, seconds, rounds, requests, beside=not options.quick)
        report("gateway", measures, folder if options.quick else RESULTS)


if __name__ == "__main__":
    main()
