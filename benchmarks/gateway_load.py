"""Load on a gateway: requests over kept connections, made by a process of its own, and what came of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOADER = Path(__file__).parent / "api_load.py"


@dataclass(frozen=True)
class Result:
    """What came of a load. Times are in milliseconds, from asking to the last byte of the answer.

    `requests` were answered, `per_second` within the time of the load. `errors` are answers with another
    status than 200, requests without one, connections lost, and streams without the expected events.
    `first_p50` is until the first byte of a stream's first event. `statuses` says how many had which status.
    """

    requests: int
    per_second: float
    p50: float
    p95: float
    p99: float
    errors: int
    events: int
    first_p50: float
    statuses: Mapping[str, int]


def load(
    url: str,
    headers: Mapping[str, str],
    body: str,
    connections: int,
    seconds: float,
    *,
    stream: int = 0,
    rate: float = 0.0,
) -> Result:
    """Post `body` to `url` from as many connections, each again as soon as it is answered, for `seconds`.

    `stream` is how many events each answer is to have, where they are streams. With a `rate` requests are due
    at so many a second instead. Raises `CalledProcessError` where nobody listens at `url`.
    """
    parts = urlsplit(url)
    port = parts.port or 80
    said = {"host": f"{parts.hostname}:{port}", "content-type": "application/json", **headers}
    said["content-length"] = str(len(body.encode()))
    lines = [f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
    order = {
        "host": parts.hostname,
        "port": port,
        "request": "\r\n".join([*lines, "", body]),
        "connections": connections,
        "seconds": seconds,
        "rate": rate,
        "events": stream,
    }
    command = [sys.executable, str(LOADER), json.dumps(order)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    statuses: dict[str, int] = found["statuses"]
    streams = {int(number): times for number, times in found.get("events", {}).items()}
    short = sum(times for number, times in streams.items() if number != stream)
    return Result(
        requests=sum(times for status, times in statuses.items() if status.isdigit()),
        per_second=found["per_second"],
        p50=found["p50"],
        p95=found["p95"],
        p99=found["p99"],
        errors=short + sum(times for status, times in statuses.items() if status != "200"),
        events=sum(number * times for number, times in streams.items()),
        first_p50=found.get("first_p50", 0.0),
        statuses=statuses,
    )
