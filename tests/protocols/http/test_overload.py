"""A real server under real load: it sheds, health and signing in answer, and it recovers by itself."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import psycopg
import pytest

from pilothouse.protocols.http.shedding import memory_used
from support.shell import Shell
from support.signed import signed_at

RUNS = "/api/v1/runs"
NOTHING = "/api/v1/uploads/00000000-0000-7000-8000-000000000000"
OLD = "update runs set changed_at = now() - interval '7 seconds' where id = %s and status = 'queued'"
LOAD = {
    "PILOTHOUSE_WORKER_SLOTS": "1",
    "PILOTHOUSE_DATABASE_CONNECTIONS": "2",
    "PILOTHOUSE_DATABASE_PATIENCE": "1",
    "PILOTHOUSE_SHED_LAG": "0.3",
    "PILOTHOUSE_SHED_QUEUE_AGE": "5",
    "PILOTHOUSE_SHED_MEMORY": "1",
    "PILOTHOUSE_LIMIT_ADDRESS": "0",
}
SIGNALS = {
    "queue": ("pilothouse_queue_age_seconds", 5.0),
    "exhausted": ("pilothouse_pool_exhausted_seconds", 1.0),
    "lag": ("pilothouse_loop_lag_seconds", 0.3),
    "memory": ("pilothouse_memory_fraction", 0.0),
}


@dataclass
class Overloaded:
    """A server process, and somebody with a credential for it."""

    client: httpx.Client
    process: subprocess.Popen[bytes]
    log: Path

    def submit(self, **load: float) -> str:
        answer = self.client.post(RUNS, json={"workflow": "load", "input": load})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def sheds_lists(self) -> bool:
        """Whether a list is refused, in the way that overload is told."""
        answer = self.client.get(RUNS)
        if answer.status_code != 503:
            assert answer.status_code == 200, answer.text
            return False
        assert answer.json()["code"] == "overloaded"
        assert answer.json()["retryable"] is True
        assert 1 <= int(answer.headers["retry-after"]) <= 7
        return True

    def until(self, shed: bool, patience: float) -> float:
        """The seconds until lists are refused, or served again."""
        began = time.monotonic()
        while self.sheds_lists() is not shed:
            assert time.monotonic() - began < patience, "nothing is shed" if shed else "it does not recover"
            time.sleep(0.05)
        return time.monotonic() - began

    def looked_after(self) -> None:
        """Health and metrics are served, and the page for signing in."""
        paths = ("/health/live", "/sign-in", "/metrics")
        with ThreadPoolExecutor(len(paths)) as threads:
            answers = list(threads.map(self.client.get, paths))
        assert [answer.status_code for answer in answers] == [200, 200, 200]

    def lets_in(self) -> None:
        """Signing in is served, which takes a connection of the pool: here a password is wrong."""
        wrong = {"email": "nobody@example.com", "password": "a quiet harbour at dusk"}
        assert self.client.post("/api/v1/auth/sign-in", json=wrong).status_code == 401

    def signal(self, name: str) -> float:
        """What the process has seen of a signal."""
        told = self.client.get("/metrics").text
        return float(re.search(rf"^{SIGNALS[name][0]} (\S+)$", told, re.MULTILINE)[1])

    def grow_old(self, run_id: str, conninfo: str) -> None:
        """Have a run wait for some seconds already."""
        with psycopg.connect(conninfo) as connection:
            done = connection.execute(OLD, (run_id,))
            assert done.rowcount == 1

    def told_of(self, reason: str, patience: float = 10.0) -> None:
        """Wait until the log has it that more is shed, for this reason."""
        ends = time.monotonic() + patience
        while not any(line["reason"] == reason for line in self.levels()):
            assert time.monotonic() < ends, self.levels()
            time.sleep(0.05)

    def levels(self) -> list[dict[str, object]]:
        """What the log has of levels that rose."""
        lines = [orjson.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == "shedding" and line["now"] > line["was"]]

    def seen(self, name: str, patience: float = 8.0) -> None:
        """Wait until a signal is beyond its threshold."""
        ends = time.monotonic() + patience
        while self.signal(name) < SIGNALS[name][1]:
            assert time.monotonic() < ends, name
            time.sleep(0.05)


@contextmanager
def overloaded(conninfo: str, folder: Path, **said: str) -> Iterator[Overloaded]:
    """A server process over a database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shell = Shell(folder / "data", folder, "burning:app")
    environment = shell.environment | LOAD | {"PILOTHOUSE_DATABASE_URL": conninfo_url(conninfo)} | said
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            shell.command("serve", "--port", str(port)), cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 30
            while not reached(url):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.05)
            with httpx.Client(base_url=url, headers=signed_at(folder / "data"), timeout=30) as client:
                server = Overloaded(client, process, folder / "log")
                server.until(shed=False, patience=15)  # a start keeps the loop busy, too
                yield server
        finally:
            process.terminate()
            process.wait(30)
    assert process.returncode == 0


def reached(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").is_success
    except httpx.TransportError:
        return False


def conninfo_url(conninfo: str) -> str:
    """A connection string as a URL."""
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    host = str(parts.pop("host")).replace("/", "%2F")
    name, user, password = parts.pop("dbname"), parts.pop("user"), parts.pop("password", "")
    login = f"{user}:{password}" if password else user
    return f"postgresql://{login}@{host}:{parts.pop('port')}/{name}"


@contextmanager
def pool_held(server: Overloaded, conninfo: str) -> Iterator[None]:
    """The time for which two requests wait for a lock, each with a connection of the pool."""
    with ThreadPoolExecutor(2) as threads:
        with psycopg.connect(conninfo) as connection:
            connection.execute("lock table uploads in access exclusive mode")
            waiting = [threads.submit(server.client.get, NOTHING) for _ in range(2)]
            yield
        assert [found.result().status_code for found in waiting] == [404, 404]


@pytest.mark.timed
def test_an_overloaded_process_sheds_and_recovers(conninfo: str, tmp_path: Path) -> None:
    with overloaded(conninfo, tmp_path) as server:
        server.submit(wait=1.0, burn=2.2)  # in the only slot, so that the others wait
        server.submit(wait=2.0)
        late = server.submit()
        server.told_of("lag")
        assert server.sheds_lists()
        server.grow_old(late, conninfo)
        server.looked_after()
        server.seen("queue")
        with pool_held(server, conninfo):
            server.seen("exhausted")
            assert server.sheds_lists()
            server.looked_after()
        server.lets_in()
        server.until(shed=False, patience=15)
        server.submit()
        assert server.process.poll() is None


@pytest.mark.long
def test_it_holds_under_every_kind_of_load_for_a_while(conninfo: str, tmp_path: Path) -> None:
    before = memory_used()
    bound = min(0.97, max(0.12, before + 0.04))
    with overloaded(conninfo, tmp_path, PILOTHOUSE_SHED_MEMORY=f"{bound:.3f}") as server:
        for _ in range(2):
            with burning(os.cpu_count() or 1):
                server.submit(wait=3.0, burn=8.0)
                server.submit(wait=8.0)
                late = server.submit()
                server.seen("lag", 30)
                server.grow_old(late, conninfo)
                server.looked_after()
                server.seen("queue", 30)
                with pool_held(server, conninfo):
                    server.seen("exhausted", 30)
                    server.looked_after()
                server.lets_in()
            server.until(shed=False, patience=90)
        with eaten(bound - before):
            server.until(shed=True, patience=20)
            assert server.signal("memory") >= bound
            server.looked_after()
            server.lets_in()
        server.until(shed=False, patience=30)


@contextmanager
def burning(processes: int) -> Iterator[None]:
    """The time for which so many processes want a core each."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@contextmanager
def eaten(part: float) -> Iterator[None]:
    """The time for which another process has a little more than this part of the memory."""
    host = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) * 1024
    limits = [Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory/memory.limit_in_bytes")]
    found = [int(text) for path in limits if path.exists() and (text := path.read_text().strip()).isdigit()]
    size = int((part + 0.02) * min(host, *found, 1 << 60))
    code = f"import time; held = bytearray({size}); held[::4096] = b'x' * len(held[::4096]); time.sleep(600)"
    eater = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield
    finally:
        eater.kill()
        eater.wait()
