"""How quick the audit log is: heads behind writers at full load, proofs and verification at 1,000,000.

`--entries N` fills another number; `--quick` fills 5,000 and writes nothing. Writers insert as the engine
does, in batches beside an append; the log is filled by the same leader that runs in workers.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import psycopg

from pilothouse.audit import sequencing
from pilothouse.audit.notes import from_pem
from pilothouse.audit.recording import entry, fingerprint
from pilothouse.audit.repository import Line, Sequencing
from pilothouse.audit.schemas import Format, Kind
from pilothouse.audit.sequencing import Sequencer
from pilothouse.audit.service import AuditBook, Exporting
from pilothouse.audit.verifying import verify
from pilothouse.kit import postgres
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.connecting import Connection, connect
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime import beside
from pilothouse.runtime.ports import Statement
from pilothouse.secrets.opening import open_secrets
from pilothouse.secrets.service import Secrets
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report

BEHIND, PROOF_MS, VERIFY_S = 1.0, 5.0, 20.0
"""Targets: seconds that a head may be behind, milliseconds of a proof, seconds to verify all entries."""

RATE = 1_800
"""Entries in a second at full load: 900 actions, each with a dispatch and an outcome."""

BATCH = 64
PROOFS = 400


class Writer:
    """Makes entries as actions would."""

    def __init__(self) -> None:
        self._ids, self._clock = Ids(), SystemClock()
        self._run, self._number = UUID(int=1), 0

    def entries(self, count: int) -> list[Statement]:
        """The next entries: dispatches and outcomes by turns."""
        made = []
        for _ in range(count):
            self._number += 1
            kind = Kind.DISPATCH if self._number % 2 else Kind.OUTCOME
            made.append(
                entry(
                    self._ids.new(),
                    "default",
                    self._clock.now(),
                    kind,
                    f"key:{self._number % 50}",
                    f"tool_{self._number % 20}",
                    run_id=self._run,
                    step=f"main/tool_{self._number % 20}/{self._number}",
                    append=kind.value,
                    details={
                        "arguments": fingerprint(b"%d" % self._number),
                        "verdict": "allow",
                        "policies": ["limit"],
                    },
                )
            )
        return made


async def write(connection: Connection, made: Sequence[Statement]) -> None:
    """Insert entries in one transaction, as an append with statements beside it does."""
    async with connection.transaction():
        await beside.execute(connection, list(enumerate(made)))


async def at_load(conninfo: str, made: Sequencer, database: Database, seconds: float) -> list[Measure]:
    """How far behind heads are, at the rate of full load and as fast as one writer can."""
    found = []
    for name, rate in (("full `act` load", RATE), ("as fast as one writer can", None)):
        behind, written = await _loaded(conninfo, made, database, seconds, rate)
        oldest = max(behind, default=0.0)
        target = BEHIND if rate else None
        met = None if target is None else oldest <= target
        found.append(Measure(f"entries written at {name}", written / seconds, "entries/s"))
        found.append(Measure(f"oldest entry without a head at {name}", oldest, "s", target, met=met))
    return found


async def _loaded(
    conninfo: str, made: Sequencer, database: Database, seconds: float, rate: int | None
) -> tuple[list[float], int]:
    stop, behind, writer = False, [], Writer()

    async def lead() -> None:
        while not stop:
            due = await made.tend(SystemClock().now())
            await asyncio.sleep(max((due - SystemClock().now()).total_seconds(), 0.001) if due else 0.1)

    async def watch() -> None:
        while not stop:
            async with database.maintenance() as session:
                behind.append(await Sequencing(session).behind())
            await asyncio.sleep(0.05)

    tasks = [asyncio.create_task(lead()), asyncio.create_task(watch())]
    written, since = 0, time.monotonic()
    async with await connect(conninfo, "writer", autocommit=True, prepare_threshold=0) as connection:
        while (passed := time.monotonic() - since) < seconds:
            if rate is not None and written > rate * passed:
                await asyncio.sleep(0.005)
                continue
            await write(connection, writer.entries(BATCH))
            written += BATCH
    stop = True
    await asyncio.gather(*tasks)
    await made.sign_now()
    return behind, written


async def fill(conninfo: str, made: Sequencer, count: int) -> float:
    """Write `count` entries more and give them places; entries placed in a second."""
    writer, spent = Writer(), 0.0
    columns = ", ".join(Line._fields)
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        for done in range(0, count, 20_000):
            some = writer.entries(min(20_000, count - done))
            async with connection.cursor().copy(f"copy audit_inbox ({columns}) from stdin".encode()) as copy:
                for statement in some:
                    await copy.write_row(list(dict(statement.parameters).values()))
            since = time.perf_counter()
            await made.sign_now()
            spent += time.perf_counter() - since
        await connection.execute("vacuum analyze audit_entries")
    return count / spent


async def prove(conninfo: str, book: AuditBook, rounds: int) -> list[Measure]:
    """Proofs of random entries in the newest tree and former ones, and of consistency, with the database."""
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        rows = await (await connection.execute("select max(position) from audit_entries")).fetchone()
        last, chosen = int(rows[0]) if rows else 0, random.Random(7)
        ids = []
        for position in (chosen.randint(0, last) for _ in range(rounds)):
            asked = await connection.execute(
                "select id from audit_entries where tenant_id = 'default' and position = %s", (position,)
            )
            ids.append((position, (await asked.fetchone() or ())[0]))
    took: dict[str, list[float]] = {"newest": [], "former": [], "consistency": []}
    for position, id_ in [*ids[:20], *ids]:
        then = chosen.randint(position + 1, last + 1)
        for name, work in (
            ("newest", book.proof(id_)),
            ("former", book.proof(id_, then)),
            ("consistency", book.consistency(position + 1, last + 1)),
        ):
            since = time.perf_counter()
            await work
            took[name].append((time.perf_counter() - since) * 1_000)
    return [
        Measure(f"proof, {name}, p95", p95, "ms", PROOF_MS, met=p95 < PROOF_MS)
        for name, values in took.items()
        for p95 in [statistics.quantiles(values[20:], n=20)[-1]]
    ]


async def exported(exports: Exporting, to: Path) -> float:
    """Export the log to a file; seconds."""
    since = time.perf_counter()
    with to.open("wb") as file:
        async for piece in await exports.begin(Format.JSONL):
            file.write(piece)
    return time.perf_counter() - since


def verified(file: Path, pem: str) -> tuple[float, int]:
    """Verify an export; seconds, and how many entries it has."""
    since = time.perf_counter()
    with file.open("rb") as lines:
        found = verify(lines, from_pem(pem.encode()))
    if found.findings:
        raise RuntimeError(found.findings)
    return time.perf_counter() - since, found.entries


async def measure(conninfo: str, folder: Path, entries: int, seconds: float) -> list[Measure]:
    """All of it, over an empty database."""
    secrets: Secrets = open_secrets(("files",), folder)
    database, clock, ids, scope = Database(conninfo), SystemClock(), Ids(), local_scope()
    try:
        made = Sequencer(database, secrets, clock, ids)
        found = await at_load(conninfo, made, database, seconds)
        found.append(
            Measure("entries placed by the leader", await fill(conninfo, made, entries), "entries/s")
        )
        book = AuditBook(database, scope, made, secrets)
        found += await prove(conninfo, book, min(PROOFS, entries))
        file = folder / "audit.jsonl"
        took = await exported(Exporting(database, scope, made, clock, ids), file)
        found.append(Measure("export", took, "s"))
        spent, count = verified(file, (await book.key()).pem)
        found.append(
            Measure(f"verify {count:,} entries", spent, "s", VERIFY_S, met=spent < VERIFY_S),
        )
        return found
    finally:
        await database.close()


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", help="taken by every benchmark, and of no use here")
    given = parser.parse_args()
    logs.configure("error", "readable")
    entries, seconds = (5_000, 1.0) if given.quick else (given.entries, given.seconds)
    with tempfile.TemporaryDirectory() as folder, postgres.attach(Path(folder) / "data") as server:
        conninfo = server.create_database("audit")
        upgrade(conninfo)
        found = asyncio.run(measure(conninfo, Path(folder), entries, seconds))
        notes = [f"{sequencing.EVERY.total_seconds():g} s between two rounds of the leader."]
        report("audit", found, Path(folder) if given.quick else RESULTS, notes)


if __name__ == "__main__":
    main()
