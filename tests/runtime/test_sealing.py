"""What personal runs journal is unreadable in the database, and readable everywhere else."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from pilothouse import App, Context, agent, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.errors import DatabaseUnavailable, Unavailable
from pilothouse.kit.sealing import Erased, Place
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import Codec, Entry, Kind, PayloadErased, PayloadUnreadable, decode
from pilothouse.runtime.forking import ForkOrder
from pilothouse.runtime.payloads import Payloads
from pilothouse.runtime.sealing import SealingUnavailable, of_entry
from pilothouse.runtime.tail_pages import Line
from pilothouse.vault.service import Vault
from support.waiting import ended, output, rows, said, shown, status, submit

Open = Callable[..., Awaitable[Engine]]
Start = Callable[..., Awaitable[object]]

CANARY = "ada.lovelace@example.org"
STORED = """
select payload from journal union all select payload from questions union all select payload from schedules
"""


@agent
async def greet(_ctx: Context, who: str) -> str:
    """Greet a person at such length that it is kept beside the journal."""
    return f"Hello {who} {random.Random(1).randbytes(2_000).hex()}"


@workflow("greeting", personal=True)
async def greeting(ctx: Context, who: str) -> str:
    """Greet a person and ask about them."""
    hello = await ctx.call(greet, who)
    answer = await ctx.ask(f"Is {who} welcome?", key="welcome", choices=("yes", "no"))
    return f"{hello[:30]} {answer}"


@workflow("handover", personal=True)
async def handover(ctx: Context, who: str) -> str:
    """Go on as a new run, once."""
    if not who.startswith("again"):
        ctx.continue_as_new(f"again {who}")
    return who


@workflow("harmless")
async def harmless(_ctx: Context, who: str) -> str:
    """Nothing of this is personal."""
    return who


@workflow("harmless", version=2, personal=True)
async def not_harmless(_ctx: Context, who: str) -> str:
    """It is after all."""
    return who


def kept(conninfo: str) -> bytes:
    return b"".join(bytes(payload) for (payload,) in rows(conninfo, STORED))


def digests(conninfo: str, run_id: UUID) -> list[object]:
    return rows(conninfo, "select seq, sha256(payload) from journal where run_id = %s order by seq", run_id)


@pytest.fixture
async def waiting(open_engine: Open, start_worker: Start) -> tuple[Engine, UUID]:
    """An engine with a worker, and a personal run that waits for an answer."""
    engine = await open_engine(greeting, handover, harmless, inline=1_024)
    run_id = await submit(engine, greeting, CANARY)
    await start_worker(engine)
    await status(engine, run_id, "waiting")
    return engine, run_id


async def test_nothing_personal_is_stored_and_all_of_it_is_read_back(
    conninfo: str, waiting: tuple[Engine, UUID], tmp_path: Path
) -> None:
    engine, run_id = waiting
    assert await engine.answer(run_id, "ask:welcome", "YES") == "yes"
    assert await output(engine, run_id) == f"Hello {CANARY} "[:30].ljust(30) + " yes"
    assert CANARY.encode() not in kept(conninfo)
    codecs = rows(conninfo, "select distinct codec from journal where length(payload) > 0")
    assert codecs == [(Codec.ENCRYPTED,)]
    assert rows(conninfo, "select codec from questions") == [(Codec.ENCRYPTED,)]
    contents = [path.read_bytes() for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
    assert len(contents) == 1
    assert not any(b"Hello" in content for content in contents)
    entries = await engine.journal(run_id)
    assert said(entries[0]) == CANARY
    told = {entry.key: entry for entry in entries if entry.kind is Kind.COMPLETED}
    assert said(told["greet#0"])["value"].startswith(f"Hello {CANARY}")


async def test_what_is_not_personal_is_stored_as_ever(conninfo: str, waiting: tuple[Engine, UUID]) -> None:
    engine, _ = waiting
    run_id = await submit(engine, harmless, "anybody")
    assert await output(engine, run_id) == "anybody"
    found = rows(conninfo, "select distinct codec from journal where run_id = %s", run_id)
    assert found == [(Codec.PLAIN,)]


async def test_a_setting_makes_every_run_personal(
    conninfo: str, open_engine: Open, start_worker: Start
) -> None:
    engine = await open_engine(harmless, everything=True)
    await start_worker(engine)
    assert await output(engine, await submit(engine, harmless, CANARY)) == CANARY
    assert CANARY.encode() not in kept(conninfo)


async def test_a_fork_shares_sealed_entries_and_seals_its_own(
    conninfo: str, waiting: tuple[Engine, UUID]
) -> None:
    engine, run_id = waiting
    fork_id = await engine.fork(ForkOrder(run_id, "default", at="ask:welcome", answers={"welcome": "no"}))
    assert str(await output(engine, fork_id)).endswith(" no")
    assert said((await engine.journal(fork_id))[0]) == CANARY
    again = await engine.fork(ForkOrder(fork_id, "default", payload=b'"grace@example.org"'))
    await status(engine, again, "waiting")
    assert rows(conninfo, "select personal from runs") == [(True,)] * 3
    assert b"example.org" not in kept(conninfo)


async def test_the_run_that_follows_is_personal_too(conninfo: str, waiting: tuple[Engine, UUID]) -> None:
    engine, _ = waiting
    end = await ended(engine, await submit(engine, handover, CANARY))
    assert await output(engine, UUID(said(end)["run_id"])) == f"again {CANARY}"
    assert CANARY.encode() not in kept(conninfo)


async def test_a_run_that_is_moved_to_a_personal_version_is_personal_from_there_on(
    conninfo: str, open_engine: Open, start_worker: Start
) -> None:
    engine = await open_engine(harmless, not_harmless)
    run_id = await engine.submit(Order("harmless", b'"anybody"', version=1))
    assert await engine.move(run_id, 2) is None
    await start_worker(engine)
    assert await output(engine, run_id) == "anybody"
    codecs = rows(conninfo, "select codec from journal where run_id = %s order by seq", run_id)
    assert codecs[0] == (Codec.PLAIN,)
    assert codecs[-1] == (Codec.ENCRYPTED,)


async def test_people_see_it_all_in_the_api(
    conninfo: str,
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    reach: Callable[..., Awaitable[object]],
) -> None:
    client = await open_api(App("people", workflows=[greeting]))
    made = await client.post("/api/v1/runs", json={"workflow": "greeting", "input": CANARY})
    run_id = made.json()["id"]
    run = await reach(client, run_id, "waiting")
    assert run["input"] == CANARY
    (question,) = (await client.get("/api/v1/questions")).json()["items"]
    assert question["prompt"] == f"Is {CANARY} welcome?"
    assert run["questions"][0]["prompt"] == question["prompt"]
    answered = await client.post(f"/api/v1/questions/{question['id']}/answer", json={"answer": "no"})
    assert answered.status_code == 200, answered.text
    assert answered.json()["answer"] == "no"
    run = await reach(client, run_id, "completed")
    assert run["output"].endswith(" no")
    entries = (await client.get(f"/api/v1/runs/{run_id}/journal")).json()["items"]
    assert {entry["encoding"] for entry in entries} <= {"json", "none"}
    live = await client.get(f"/api/v1/runs/{run_id}/events")
    assert CANARY in live.text
    assert CANARY.encode() not in kept(conninfo)


async def test_a_schedule_of_a_personal_workflow_keeps_its_input_sealed(
    conninfo: str, open_api: Callable[..., Awaitable[httpx.AsyncClient]]
) -> None:
    client = await open_api(App("people", workflows=[greeting]))
    wanted = {"name": "daily", "workflow": "greeting", "input": CANARY, "cron": "0 6 * * *"}
    made = await client.post("/api/v1/schedules", json=wanted)
    assert made.json()["input"] == CANARY, made.text
    found = (await client.get(f"/api/v1/schedules/{made.json()['id']}")).json()
    assert found["input"] == CANARY
    run = await client.post(f"/api/v1/schedules/{made.json()['id']}/trigger")
    assert run.json()["input"] == CANARY, run.text
    assert CANARY.encode() not in kept(conninfo)


async def test_once_the_key_is_destroyed_a_run_cannot_be_answered_or_read_but_cancelled(
    conninfo: str, waiting: tuple[Engine, UUID], vault: Vault
) -> None:
    engine, run_id = waiting
    before = digests(conninfo, run_id)
    assert await vault.destroy("default") == 2
    with pytest.raises(PayloadErased):
        await engine.answer(run_id, "ask:welcome", "yes")
    assert ("submitted", "") in await shown(engine, run_id)
    with pytest.raises(PayloadErased):
        said((await engine.journal(run_id))[0])
    assert await engine.cancel(run_id) == "cancelled"
    assert (await ended(engine, run_id)).payload == b"{}"
    assert digests(conninfo, run_id)[: len(before)] == before
    with pytest.raises(Erased):
        await submit(engine, greeting, CANARY)


async def test_a_run_whose_key_is_destroyed_fails_and_says_why(
    open_engine: Open, start_worker: Start, vault: Vault
) -> None:
    engine = await open_engine(greeting)
    run_id = await submit(engine, greeting, CANARY)
    await vault.destroy("default")
    await start_worker(engine)
    end = await ended(engine, run_id)
    assert end.kind is Kind.RUN_FAILED
    assert said(end)["code"] == "payload_erased"


async def test_lists_and_runs_are_shown_where_the_key_is_destroyed(
    conninfo: str,
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    reach: Callable[..., Awaitable[object]],
    vault: Vault,
) -> None:
    client = await open_api(App("people", workflows=[greeting, harmless]))
    made = await client.post("/api/v1/runs", json={"workflow": "greeting", "input": CANARY})
    run_id = made.json()["id"]
    await reach(client, run_id, "waiting")
    await vault.destroy("default")
    assert (await client.get("/api/v1/runs")).json()["items"][0]["id"] == run_id
    assert "erased" in (await client.get("/api/v1/questions")).json()["items"][0]["prompt"]
    run = await client.get(f"/api/v1/runs/{run_id}")
    assert run.status_code == 200
    assert "erased" in run.json()["input"]
    entries = (await client.get(f"/api/v1/runs/{run_id}/journal")).json()["items"]
    assert {entry["encoding"] for entry in entries} <= {"unreadable", "none"}
    question = run.json()["questions"][0]["id"]
    refused = await client.post(f"/api/v1/questions/{question}/answer", json={"answer": "no"})
    assert (refused.status_code, refused.json()["code"]) == (410, "payload_erased")
    rows(conninfo, "update questions set status = 'answered'")
    closed = await client.get(f"/api/v1/questions/{question}")
    assert (closed.status_code, closed.json()["answer"]) == (200, None)
    plain = await client.post("/api/v1/runs", json={"workflow": "harmless", "input": "anybody"})
    assert (await reach(client, plain.json()["id"], "completed"))["output"] == "anybody"


async def test_a_sealed_payload_that_was_moved_or_changed_breaks_the_run(
    conninfo: str, open_engine: Open, start_worker: Start
) -> None:
    engine = await open_engine(greeting)
    one, two = [await submit(engine, greeting, CANARY) for _ in range(2)]
    rows(
        conninfo,
        "update journal set payload = (select payload from journal where run_id = %s) where run_id = %s",
        *(one, two),
    )
    await start_worker(engine)
    await status(engine, one, "waiting")
    end = await ended(engine, two)
    assert said(end)["code"] == "payload_unreadable"


class Faulty:
    """A sealer that is away, or has no key any more."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def seal(self, _place: Place, _value: bytes) -> bytes:
        raise self.error

    async def open(self, _place: Place, _sealed: bytes) -> bytes:
        raise self.error

    async def index(self, *_: str) -> bytes:
        raise self.error


class Away:
    """A sealer that is away when it is to seal for the n-th time."""

    def __init__(self, sealer: Vault, at: int) -> None:
        self.open = sealer.open
        self._sealer, self._at, self.seals = sealer, at, 0

    async def seal(self, place: Place, value: bytes) -> bytes:
        self.seals += 1
        if self.seals == self._at:
            raise Unavailable("KMS is away")
        return await self._sealer.seal(place, value)


async def test_a_turn_is_lost_while_keys_cannot_be_had_and_the_run_goes_on_afterwards(
    conninfo: str, open_engine: Open, start_worker: Start
) -> None:
    engine = await open_engine(greeting)
    sealer = engine.store.payloads.sealing._sealer
    run_id = await submit(engine, greeting, CANARY)
    engine.store.payloads.sealing._sealer = Faulty(Unavailable("KMS is away"))
    await start_worker(engine)
    await asyncio.sleep(0.3)
    assert rows(conninfo, "select status from runs where id = %s", run_id)[0][0] in {"queued", "running"}
    engine.store.payloads.sealing._sealer = sealer
    await status(engine, run_id, "waiting")


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_key_that_cannot_be_had_when_something_is_written_costs_a_turn_and_nothing_else(
    open_engine: Open, start_worker: Start, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr("pilothouse.runtime.store.AGAIN_AFTER", 0.01)
    engine = await open_engine(greeting)
    run_id = await submit(engine, greeting, CANARY)
    engine.store.payloads.sealing._sealer = Away(engine.store.payloads.sealing._sealer, at)
    await start_worker(engine)
    await status(engine, run_id, "waiting")
    assert engine.store.payloads.sealing._sealer.seals > at


async def test_without_a_sealer_nothing_personal_is_submitted(open_engine: Open) -> None:
    engine = await open_engine(greeting, harmless, sealer=None)
    with pytest.raises(SealingUnavailable):
        await submit(engine, greeting, CANARY)
    await submit(engine, harmless, "anybody")


async def test_lines_that_cannot_be_opened_now_are_read_again_and_damaged_ones_are_shown_as_such(
    vault: Vault, artifacts: ObjectArtifacts
) -> None:
    run_id = uuid4()
    entry = Entry(Kind.COMPLETED, "step#0", b'{"value":1}')
    payloads = Payloads(artifacts, sealer=vault)
    codec, stored, _ = await payloads.packed("acme", entry.payload, of_entry("acme", run_id, entry))

    def line(payload: bytes) -> Line:
        return Line(1, run_id, "acme", "w", ("completed", "step#0", payload, None, codec, 1, None))

    away = line(stored)
    with pytest.raises(DatabaseUnavailable, match="away"):
        await Payloads(artifacts, sealer=Faulty(Unavailable("KMS is away"))).show([away])
    await payloads.show([away])
    assert decode(away.codec, away.payload) == entry.payload
    damaged = line(stored[:-1] + bytes((stored[-1] ^ 1,)))
    await payloads.show([damaged])
    with pytest.raises(PayloadUnreadable, match="damaged"):
        decode(damaged.codec, damaged.payload)


async def test_the_content_of_a_sealed_reference_is_under_a_key_of_its_own(
    vault: Vault, artifacts: ObjectArtifacts
) -> None:
    payloads = Payloads(artifacts, inline=64, sealer=vault)
    place = Place("acme", "journal", "1", "completed step#0")
    text = hashlib.shake_256(b"noise").hexdigest(4_000).encode()
    codec, stored, reference = await payloads.packed("acme", text, place)
    assert codec == Codec.ENCRYPTED
    await vault.rotate("acme")  # which leaves the content as it is
    assert decode(*await payloads.whole(codec, stored, place)) == text
    assert reference is not None
    damaged = reference.model_copy(update={"key": "AAAA"})
    with pytest.raises(PayloadUnreadable, match="does not open with its key"):
        await payloads.fetched(damaged.model_dump_json().encode())
