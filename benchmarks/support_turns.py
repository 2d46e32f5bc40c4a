"""Conversations with the support desk through the engine: how long a customer waits for each reply.

One process with the embedded database, the shop that ships and its policies, as `pilothouse serve` runs it. A
turn is timed from the moment that the customer's message is handed in to the moment that the next question to
them, or the end of the run, is in the journal.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from uuid import UUID

from pilothouse.app import assembled, worker_settings
from pilothouse.apps.support.application import support_app
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import FINAL, Kind
from pilothouse.settings import Settings
from pilothouse.telemetry import logs
from report import Measure

TARGET_MS = 1_000.0
CONVERSATIONS = 20
TALKS: tuple[tuple[str, ...], ...] = (
    ("How long do I have to return an item?", "How much is express delivery?", "thanks, bye"),
    ("Where is my order H-10006?", "pieter.vermeer@example.com", "ok, thank you"),
    ("I would like to return the stove of H-10003", "elif.yilmaz@example.com", "no, keep it", "bye"),
    (
        "Ich möchte die Bestellung H-10005 stornieren",
        "nadia.haddad@example.com",
        "aus Versehen",
        "nein",
        "danke",
    ),
)


async def _turn(engine: Engine, run_id: UUID, after: int) -> tuple[int, str | None]:
    """Wait for the reply: the number of its entry, and the key of the question (None: the run has ended)."""
    async for entry in engine.follow(run_id, after):
        if entry.kind is Kind.ASKED:
            return entry.seq, entry.key
        if entry.kind in FINAL:
            return entry.seq, None
    return after, None


async def _talk(engine: Engine, messages: tuple[str, ...]) -> list[float]:
    """The milliseconds of each turn of one conversation."""
    taken: list[float] = []
    started = perf_counter()
    run_id = await engine.submit(Order("support", json.dumps(messages[0]).encode()))
    seq, key = await _turn(engine, run_id, 0)
    taken.append((perf_counter() - started) * 1_000)
    for message in messages[1:]:
        if key is None:
            break
        started = perf_counter()
        await engine.answer(run_id, key, message)
        seq, key = await _turn(engine, run_id, seq)
        taken.append((perf_counter() - started) * 1_000)
    return taken


async def _measure(folder: Path, conversations: int) -> list[float]:
    logs.configure("error", "json")
    settings = Settings(_env_file=None, data=folder)
    async with assembled(settings, [support_app()]) as pilothouse:
        engine = pilothouse.engine
        worker = engine.worker(worker_settings(settings))
        working = asyncio.create_task(worker.run())
        try:
            for talk in TALKS:  # what is read and trained at the first message is not a turn's
                await _talk(engine, talk)
            return [
                one
                for number in range(conversations)
                for one in await _talk(engine, TALKS[number % len(TALKS)])
            ]
        finally:
            await worker.stop(drain=0)
            await working


def turns(conversations: int = CONVERSATIONS) -> list[Measure]:
    """The time of a turn over so many conversations, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        taken = asyncio.run(_measure(Path(folder), conversations))
    cut = quantiles(taken, n=20)
    return [
        Measure("conversation turn, median", cut[9], "ms"),
        Measure("conversation turn, p95", cut[-1], "ms", TARGET_MS, met=cut[-1] <= TARGET_MS),
        Measure("conversation turns measured", len(taken), "turns"),
    ]
