"""What telemetry costs: runs of three durable steps with it off, on, and on with the collector away.

The three take turns in one process, a short slice each, on databases of their own, so that what disturbs one
disturbs all; what counts is the median of the slices, in runs a second. CPU time, beside it, is that of the
event loop in the slice with that of the exporter's thread spread over all runs, without PostgreSQL, which has
a core of its own. Metrics are read every second. `--quick` takes fewer and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs
from pilothouse.telemetry.service import Telemetry
from report import RESULTS, Measure, report
from spine import Load
from spine_workflows import three

MOST = 8.0
"""Percent that telemetry may cost."""
AT_ONCE = 50
SCRAPED = 4
"""Every how many slices metrics are read: about every second."""
COLLECTOR = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


class Mode:
    """One way of running, with its engine, and what was measured: a value for each slice."""

    def __init__(self, name: str, conninfo: str, folder: Path, telemetry: Telemetry | None) -> None:
        """Wire the engine; nothing is opened yet."""
        self.name = name
        self.rates: list[float] = []
        self.cpu: list[float] = []  # microseconds a run
        self.runs = 0
        self.telemetry = telemetry
        observer = telemetry.observer if telemetry is not None else None
        self.engine = Engine(conninfo, Workflows([three]), ObjectArtifacts.local(folder), observer=observer)
        self.database = Database(conninfo, connections=1)
        if telemetry is not None:
            telemetry.watch(self.database, 15.0)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Open, with a worker, and warmed up."""
        await self.engine.open()
        worker, self._load = self.engine.worker(), Load(self.engine)
        worker.on_turn_ended = self._load.ended
        working = asyncio.create_task(worker.run())
        try:
            await self._load.measure(300, AT_ONCE)  # connections, prepared statements and plans
            self._exported = self._exporting()
            yield
        finally:
            await worker.stop()
            await working
            await self.engine.close()
            await self.database.close()

    async def slice(self, runs: int) -> None:
        """Some runs."""
        began = time.thread_time()
        rate, _ = await self._load.measure(runs, AT_ONCE)
        if self.telemetry is not None and len(self.cpu) % SCRAPED == 0:
            await self.telemetry.exposed()
        self.cpu.append((time.thread_time() - began) / runs * 1e6)
        self.rates.append(rate)
        self.runs += runs

    def exported(self) -> float:
        """Microseconds of the exporter's thread for each run."""
        return (self._exporting() - self._exported) / self.runs * 1e6

    def _exporting(self) -> float:
        exporter = self.telemetry.exporter if self.telemetry is not None else None
        return exporter.cpu_time() if exporter is not None else 0.0


@contextmanager
def collector() -> Iterator[str]:
    """A collector in a process of its own that takes everything; yields its address."""
    command = [sys.executable, "-c", COLLECTOR]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise SystemExit("The collector did not start.")
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def measures(off: Mode, others: Sequence[Mode]) -> list[Measure]:
    """The figures, those of telemetry against those without it in the same slices."""
    without, rate = statistics.median(off.cpu), statistics.median(off.rates)
    found = [Measure("CPU a run, telemetry off", without, "us"), Measure("telemetry off", rate, "runs/s")]
    for mode in others:
        exported = mode.exported()
        cpu = statistics.median(mode.cpu) + exported
        value = (cpu / without - 1) * 100
        quarters = statistics.quantiles((one + exported) / without * 100 for one in mode.cpu)
        others_rate = statistics.median(mode.rates)
        lost = (1 - others_rate / rate) * 100
        found += [
            Measure(
                f"runs/s lost, {mode.name}",
                *(lost, "%", MOST, "telemetry off", rate, others_rate / rate, lost <= MOST),
            ),
            Measure(
                f"CPU more, {mode.name}",
                *(value, "%", None, "telemetry off", without, cpu / without),
                spread=quarters[2] - quarters[0],
            ),
        ]
    return found


async def measured(modes: Sequence[Mode], rounds: int, runs: int) -> None:
    """Slices of all modes in turns."""
    async with AsyncExitStack() as stack:
        for mode in modes:
            await stack.enter_async_context(mode.working())
        for number in range(rounds):
            first = number % len(modes)
            for mode in (*modes[first:], *modes[:first]):
                await mode.slice(runs)
        await asyncio.sleep(2)  # what waits is sent


async def compare(server: postgres.Attachment, folder: Path, rounds: int, runs: int) -> list[Mode]:
    """The modes, measured."""

    def made(name: str, telemetry: Telemetry | None) -> Mode:
        conninfo = server.create_database(name.replace(" ", "_").replace(",", ""))
        upgrade(conninfo)
        return Mode(name, conninfo, folder, telemetry)

    with collector() as url:
        modes = [
            made("telemetry off", None),
            made("telemetry on", Telemetry(endpoint=url, workflows=["three"])),
            made("telemetry on, collector away", Telemetry(endpoint=nowhere(), workflows=["three"])),
        ]
        await measured(modes, rounds, runs)
        return modes


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs and rounds; nothing is written")
    parser.add_argument("--rounds", type=int, help="how many slices of each")
    options = parser.parse_args()
    logs.configure("error", "json")
    runs, rounds = (100, 4) if options.quick else (500, 60)
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name:
        folder = Path(name)
        with postgres.attach(folder / "telemetry") as server:
            modes = asyncio.run(compare(server, folder / "artifacts", options.rounds or rounds, runs))
            found = measures(modes[0], modes[1:])
            for mode in modes[1:]:
                if mode.telemetry is not None:
                    mode.telemetry.close()
    sent = modes[1].telemetry.exporter.sent if modes[1].telemetry and modes[1].telemetry.exporter else 0
    notes = [
        f"Spans that the collector took: {sent}; sampling at its default. The spread is between quartiles."
    ]
    report("telemetry", found, folder if options.quick else RESULTS, notes)


if __name__ == "__main__":
    main()
