"""The viewers of the live benchmark, in a process of their own: a line of JSON says what to do."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

EVENT = re.compile(rb'event: emitted\ndata: {"seq":(\d+),[^\n]*"message":"(\d+) ([0-9.]+)"')
ITEM = re.compile(r'"message":"(\d+) ([0-9.]+)"')


class Viewer(asyncio.Protocol):
    """Reads one stream of events: when each arrived, and whether its number was the next one."""

    def __init__(self, path: str, host: str, credential: str) -> None:
        """Follow `path`."""
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {credential}\r\n\r\n"
        self.request = head.encode()
        self.tenant = path.endswith("/v1/events")  # its stream begins with what comes
        self.rest = b""
        self.numbers: list[int] = []
        self.sent: list[float] = []
        self.received: list[float] = []
        self.seqs: list[int] = []
        self.begun = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        transport.write(self.request)  # type: ignore[attr-defined]  # a socket's transport can write
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Take note of what came."""
        present = time.monotonic()
        self.rest += data
        end = 0
        for found in EVENT.finditer(self.rest):
            self.seqs.append(int(found[1]))
            self.numbers.append(int(found[2]))
            self.sent.append(float(found[3]))
            self.received.append(present)
            end = found.end()
        if not self.begun.is_set() and (b"event: asked" in self.rest or self.tenant):
            self.begun.set()
        self.rest = self.rest[max(end, len(self.rest) - 8_192) :]

    @property
    def in_order(self) -> bool:
        """Whether every event came once and in order."""
        return self.numbers == list(range(len(self.numbers))) and self.seqs == sorted(set(self.seqs))


class Crowd:
    """All viewers of this process."""

    def __init__(self, url: str, credential: str) -> None:
        """Watch the server at `url`."""
        self.url = url
        self.credential = credential
        self.viewers: list[Viewer] = []
        self.sockets: list[ClientConnection] = []
        self.last: dict[int, list[float]] = {}

    async def watch(self, paths: list[str]) -> dict[str, Any]:
        """Open a stream for each path; seconds until all have seen the first entries."""
        parts, loop, since = urlsplit(self.url), asyncio.get_running_loop(), time.monotonic()
        for path in paths:
            make = partial(Viewer, path, parts.netloc, self.credential)
            _, viewer = await loop.create_connection(make, parts.hostname or "", parts.port or 80)
            self.viewers.append(viewer)
        await asyncio.gather(*(viewer.begun.wait() for viewer in self.viewers))
        return {"seconds": time.monotonic() - since}

    async def seen(self, events: int, patience: float) -> dict[str, Any]:
        """Wait until every viewer has seen so many events; then what they saw."""
        until = time.monotonic() + patience
        while any(len(viewer.numbers) < events for viewer in self.viewers) and time.monotonic() < until:  # noqa: ASYNC110 - waking it would cost what is measured
            await asyncio.sleep(0.05)
        pairs = [pair for viewer in self.viewers for pair in zip(viewer.sent, viewer.received, strict=True)]
        latencies = sorted((received - sent) * 1e3 for sent, received in pairs)
        first = self.viewers[0]
        return {
            "complete": all(len(viewer.numbers) == events for viewer in self.viewers),
            "in_order": all(viewer.in_order for viewer in self.viewers),
            "events": len(latencies),
            "p50": statistics.median(latencies),
            "p95": latencies[int(len(latencies) * 0.95)],
            "p99": latencies[int(len(latencies) * 0.99)],
            "received": dict(zip(first.numbers, first.received, strict=True)),
        }

    async def subscribe(self, run_id: str, sockets: int) -> dict[str, Any]:
        """Open WebSockets that follow a run; seconds until all are told that they do."""
        since = time.monotonic()
        url = self.url.replace("http", "ws", 1) + "/api/v1/ws"
        await asyncio.gather(*(self._socket(url, run_id) for _ in range(sockets)))
        return {"seconds": time.monotonic() - since}

    async def _socket(self, url: str, run_id: str) -> None:
        headers = {"authorization": f"Bearer {self.credential}"}
        socket = await connect(url, compression=None, proxy=None, additional_headers=headers)
        await socket.send(json.dumps({"type": "subscribe", "run_id": run_id}))
        while json.loads(await socket.recv())["type"] != "subscribed":
            pass
        self.sockets.append(socket)

    async def broadcast(self, events: int, patience: float) -> dict[str, Any]:
        """Wait until every WebSocket has seen so many events; when the last one had, and when all began."""
        found = await asyncio.gather(*(self._all(socket, events, patience) for socket in self.sockets))
        return {
            "complete": all(numbers == list(range(events)) for numbers, _, _ in found),
            "began": min(sent for _, sent, _ in found),
            "ended": max(received for _, _, received in found),
        }

    @staticmethod
    async def _all(socket: ClientConnection, events: int, patience: float) -> tuple[list[int], float, float]:
        numbers: list[int] = []
        sent: list[float] = []
        received = 0.0
        async with asyncio.timeout(patience):
            while len(numbers) < events:
                for number, moment in ITEM.findall(str(await socket.recv())):
                    numbers.append(int(number))
                    sent.append(float(moment))
                received = time.monotonic()
        return numbers, sent[0], received

    async def close(self) -> dict[str, Any]:
        """Close everything."""
        for viewer in self.viewers:
            viewer.transport.abort()  # type: ignore[attr-defined]  # as above
        for socket in self.sockets:
            await socket.close()
        self.viewers, self.sockets = [], []
        return {}


async def main() -> None:
    """Do what each line says, and answer with a line."""
    loop, crowd = asyncio.get_running_loop(), Crowd(sys.argv[1], sys.argv[2])
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        name, *arguments = json.loads(line)
        print(json.dumps(await getattr(crowd, name)(*arguments)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
