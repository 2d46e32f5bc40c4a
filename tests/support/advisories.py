"""A database of advisories on this machine, which answers as OSV's does (https://google.github.io/osv.dev/api/)."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Advisories:
    """Where it answers, and about what it was asked."""

    url: str = ""
    asked: set[tuple[str, str]] = field(default_factory=set)


def _advisory(name: str) -> dict[str, object]:
    events = [{"introduced": "0"}, {"fixed": "99"}]
    package = {"name": name, "ecosystem": "PyPI"}
    affected = [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
    return {"id": "TEST-1", "summary": "It is broken.", "details": "", "affected": affected}


@contextmanager
def advisories(known: Collection[str]) -> Iterator[Advisories]:
    """A server that knows one advisory for every version of each of the packages `known`."""
    told = Advisories()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            name = asked["package"]["name"]
            told.asked.add((name, asked["version"]))
            body = json.dumps({"vulns": [_advisory(name)]} if name in known else {}).encode()
            self.send_response_only(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    told.url = f"http://127.0.0.1:{server.server_port}/v1/query"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
