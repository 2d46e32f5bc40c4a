"""Large payloads lie beside the journal, are read back unseen, and cost nobody else anything."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from obstore.store import MemoryStore

from pilothouse import Context, agent, workflow
from pilothouse.artifacts.store import ArtifactsUnavailable, ObjectArtifacts
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import Codec, Entry, Kind, PayloadUnreadable, decode
from pilothouse.runtime.payloads import Payloads, PayloadTooLarge, Reference
from pilothouse.runtime.worker import Worker
from support.signed import signed
from support.waiting import rows

LIMIT = 4_096
OpenEngine = Callable[..., Awaitable[Engine]]
StartWorker = Callable[..., Awaitable[Worker]]


def noise(size: int, seed: int = 1) -> str:
    return random.Random(seed).randbytes(size // 2).hex()


@agent
async def grow(_ctx: Context, size: int) -> str:
    """Return that many characters that cannot be compressed much."""
    return noise(size)


@workflow("growing")
async def growing(ctx: Context, text: str) -> str:
    """Take and return a large text, with a question between."""
    grown = await ctx.call(grow, len(text))
    await ctx.ask("Go on?", key="on")
    return f"{text[:5]} {hashlib.sha256(grown.encode()).hexdigest()} {noise(20_000, 2)}"


class Flaky(ObjectArtifacts):
    """A store that can be away, and counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.away = False
        self.reads = 0

    async def put(self, tenant_id: str, sha256: str, content: bytes) -> None:
        if self.away:
            raise ArtifactsUnavailable
        await asyncio.sleep(0.01)
        await super().put(tenant_id, sha256, content)

    async def read(self, *what: object, **how: object) -> object:
        self.reads += 1
        if self.away:
            raise ArtifactsUnavailable
        async for piece in super().read(*what, **how):
            yield piece


async def until(engine: Engine, run_id: UUID, status: str) -> None:
    async with asyncio.timeout(10):
        while await engine.status(run_id) != status:
            await asyncio.sleep(0.01)


def codecs(conninfo: str, run_id: UUID) -> dict[str, int]:
    return dict(rows(conninfo, "select kind, codec from journal where run_id = %s", run_id))


async def test_input_results_and_output_above_the_limit_are_referred_to_and_read_back(
    conninfo: str, open_engine: OpenEngine, start_worker: StartWorker
) -> None:
    engine = await open_engine(growing, inline=LIMIT)
    text = noise(10_000, 3)
    run_id = await engine.submit(Order("growing", f'"{text}"'.encode()))
    await start_worker(engine)
    await until(engine, run_id, "waiting")
    await engine.answer(run_id, "ask:on", "yes")
    await until(engine, run_id, "completed")
    stored = codecs(conninfo, run_id)
    assert {kind for kind, codec in stored.items() if codec == Codec.REFERENCE} == {
        "submitted",
        "completed",
        "run_completed",
    }
    assert max(rows(conninfo, "select length(payload) from journal"))[0] < 300
    named = rows(conninfo, "select run_id, size from payload_references where tenant_id = 'default'")
    assert [found for found, _ in named] == [run_id] * 3
    entries = await engine.journal(run_id)
    expected = f"{text[:5]} {hashlib.sha256(noise(10_000).encode()).hexdigest()} {noise(20_000, 2)}"
    assert decode(entries[-1].codec, entries[-1].payload) == b'{"output":"' + expected.encode() + b'"}'
    assert decode(entries[0].codec, entries[0].payload) == f'"{text}"'.encode()


async def test_what_compresses_below_the_limit_stays_in_the_journal(
    conninfo: str, open_engine: OpenEngine
) -> None:
    engine = await open_engine(growing, inline=LIMIT)
    run_id = await engine.submit(Order("growing", b'"' + b"a" * 50_000 + b'"'))
    assert codecs(conninfo, run_id) == {"submitted": Codec.ZLIB}


async def test_while_a_worker_of_an_older_release_lives_payloads_stay_in_the_journal(
    conninfo: str, open_engine: OpenEngine
) -> None:
    engine = await open_engine(growing, inline=LIMIT)
    rows(
        conninfo,
        "insert into workers (id, lock_key, pins, host, pid, heartbeat_at)"
        " values (gen_random_uuid(), 1, '{}', 'h', 1, now())",
    )
    run_id = await engine.submit(Order("growing", f'"{noise(10_000)}"'.encode()))
    assert codecs(conninfo, run_id)["submitted"] != Codec.REFERENCE


async def test_the_same_submission_again_is_the_same_run(conninfo: str, open_engine: OpenEngine) -> None:
    engine = await open_engine(growing, inline=LIMIT)
    order = Order("growing", f'"{noise(10_000)}"'.encode(), idempotency_key="once")
    assert await engine.submit(order) == await engine.submit(order)
    assert rows(conninfo, "select count(*) from payload_references") == [(1,)]


async def test_a_payload_above_the_greatest_is_refused_with_both_numbers(
    conninfo: str, open_engine: OpenEngine, start_worker: StartWorker
) -> None:
    engine = await open_engine(growing, inline=LIMIT, greatest=15_000)
    with pytest.raises(PayloadTooLarge, match=r"20,002 bytes, at most 15,000"):
        await engine.submit(Order("growing", f'"{noise(20_000)}"'.encode()))
    run_id = await engine.submit(Order("growing", f'"{noise(10_000)}"'.encode()))
    await start_worker(engine)
    await until(engine, run_id, "waiting")
    await engine.answer(run_id, "ask:on", "yes")
    await until(engine, run_id, "failed")
    failed = (await engine.journal(run_id))[-1]
    assert b"at most 15,000 are taken" in decode(failed.codec, failed.payload)


async def test_a_store_that_is_away_delays_its_run_and_no_other(
    conninfo: str, start_worker: StartWorker, open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilothouse.runtime.payloads.AGAIN_AFTER", 0.05)
    engine = await open_engine(growing, inline=LIMIT)
    store = Flaky()
    engine.store.payloads._artifacts = store
    large = await engine.submit(Order("growing", f'"{noise(10_000)}"'.encode()))
    small = await engine.submit(Order("growing", b'"small"'))
    store.away = True
    await start_worker(engine)
    await until(engine, small, "waiting")
    async with asyncio.timeout(5):
        while store.reads < 3:
            await asyncio.sleep(0.01)
    store.away = False
    await until(engine, large, "waiting")


async def test_a_content_that_is_gone_fails_the_run_and_shows_the_rest_of_its_journal(
    conninfo: str, start_worker: StartWorker, open_engine: OpenEngine
) -> None:
    engine = await open_engine(growing, inline=LIMIT)
    run_id = await engine.submit(Order("growing", f'"{noise(10_000)}"'.encode()))
    engine.store.payloads._artifacts = Flaky()  # where nothing was put
    await start_worker(engine)
    await until(engine, run_id, "failed")
    entries = await engine.journal(run_id)
    assert b"payload_unreadable" in entries[-1].payload
    with pytest.raises(PayloadUnreadable, match="not where artifacts are kept"):
        decode(entries[0].codec, entries[0].payload)


async def test_entries_of_a_run_keep_their_order_while_one_of_them_is_put_aside() -> None:
    store, written = Flaky(), list[str]()
    payloads = Payloads(store, inline=LIMIT)
    run_id = UUID(int=1)

    async def append(name: str, size: int) -> str:
        entries = [Entry(Kind.EMITTED, name, noise(size).encode())]

        async def work() -> str:
            await payloads.moved("default", run_id, entries)
            written.append(name)
            return "running"

        return await (payloads.in_order(run_id, work) if payloads.concern(run_id, entries) else work())

    await asyncio.gather(append("large", 10_000), append("small", 10), append("large too", 10_000))
    assert written == ["large", "small", "large too"]
    assert not payloads.concern(run_id, [])


async def test_a_damaged_reference_or_content_is_said_to_be_so() -> None:
    store = Flaky()
    payloads = Payloads(store, inline=LIMIT)
    with pytest.raises(PayloadUnreadable, match="reference is damaged"):
        await payloads.fetched(b"{}")
    _, stored, named = await payloads.packed("default", noise(10_000).encode())
    assert named == Reference.model_validate_json(stored)
    await store.put("default", named.sha256, b"something else")
    with pytest.raises(PayloadUnreadable, match="is damaged"):
        await payloads.fetched(stored)


async def test_who_watches_is_told_of_a_large_payload_and_reads_it_from_the_journal(
    conninfo: str, open_pilothouse: Callable[..., Awaitable[object]], artifacts: ObjectArtifacts
) -> None:
    import httpx

    from pilothouse import App
    from pilothouse.cli.local import LocalClient
    from pilothouse.cli.remote import RemoteClient
    from pilothouse.server import create_api

    pilothouse = await open_pilothouse(App("large", workflows=[growing]), drain_timeout=1)
    pilothouse.engine.store.payloads._inline = LIMIT
    api = create_api(pilothouse)
    transport, headers = httpx.ASGITransport(api), await signed(pilothouse.secrets)
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(
            transport=transport, base_url="http://localhost", timeout=20, headers=headers
        ) as http,
    ):
        client = RemoteClient(http)
        text = noise(10_000, 3)
        run_id = await client.submit("growing", f'"{text}"'.encode())
        await until(pilothouse.engine, UUID(run_id), "waiting")
        await client.answer(run_id, "ask:on", "yes")
        await until(pilothouse.engine, UUID(run_id), "completed")
        streamed = [event async for event in client.follow(run_id)]
        assert [event.payload for event in streamed] == [
            event.payload for event in await client.events(run_id)
        ]
        local = [event.payload async for event in LocalClient(pilothouse).follow(run_id)]
        assert local == [event.payload for event in streamed]
        assert streamed[0].payload == text
        shown = (await http.get(f"/api/v1/runs/{run_id}")).json()
        assert (shown["input"], len(shown["output"])) == (text, 20_071)
        raw = (await http.get(f"/api/v1/runs/{run_id}/events")).text
        assert '"encoding":"reference"' in raw
        assert text not in raw
        pilothouse.engine.store.payloads._artifacts = Flaky()  # where nothing was put
        gone = (await http.get(f"/api/v1/runs/{run_id}")).json()
        assert (gone["input"], gone["output"], gone["status"]) == (None, None, "completed")
        entry = (await http.get(f"/api/v1/runs/{run_id}/journal?limit=1")).json()["items"][0]
        assert (entry["encoding"], entry["payload"]["size"] > LIMIT) == ("reference", True)
