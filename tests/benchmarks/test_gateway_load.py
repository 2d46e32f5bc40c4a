"""What the gateway's benchmark is measured with: its upstream, its load, and what the peer is made of."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import openai
import pytest

from support.provider import Provider, sometimes, status, text

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PLAIN = '{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"Hello"}]}'
STREAM = PLAIN[:-1] + ',"stream":true}'


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.mark.parametrize("at_once", [False, True])
async def test_the_upstream_is_understood_by_the_official_client(at_once: bool) -> None:
    from gateway_upstream import MODEL, WORDS, upstream

    asked = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    with upstream(3, at_once=at_once) as url:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-test", max_retries=0) as client:
            plain = await client.chat.completions.create(**asked)
            chunks = [one async for one in await client.chat.completions.create(**asked, stream=True)]
            models = [model.id async for model in client.models.list()]
    assert (plain.choices[0].message.content or "").split() == [word.strip() for word in WORDS[:20]]
    assert plain.usage is not None
    said = [choice.delta.content for one in chunks for choice in one.choices if choice.delta.content]
    assert said == WORDS[:3]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3
    assert models == [MODEL]


def test_a_load_tells_how_many_were_answered_and_how_soon() -> None:
    from gateway_load import load
    from gateway_upstream import upstream

    with upstream() as url:
        found = load(f"{url}/v1/chat/completions", {"authorization": "Bearer x"}, PLAIN, 4, 0.3)
    assert found.errors == 0
    assert found.requests > 50
    assert set(found.statuses) == {"200"}
    assert 0 < found.p50 <= found.p95 <= found.p99
    assert found.per_second == pytest.approx(found.requests / 0.3, rel=0.5)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_load_of_streams_counts_their_events(at_once: bool) -> None:
    from gateway_load import load
    from gateway_upstream import events_of, upstream

    with upstream(20, at_once=at_once) as url:
        path = f"{url}/v1/chat/completions"
        found = load(path, {}, STREAM, 4, 0.3, stream=events_of(20))
        short = load(path, {}, STREAM, 2, 0.1, stream=events_of(50))
    assert found.errors == 0
    assert found.events == found.requests * events_of(20)
    assert 0 < found.first_p50 <= found.p50
    assert short.errors == short.requests > 0


async def test_a_load_counts_what_is_answered_otherwise_as_errors() -> None:
    from gateway_load import load

    script = sometimes(0.5, status(503), text("hi"), seed=1)
    async with Provider(script) as provider:
        path = f"{provider.url}/v1/chat/completions"
        found = await asyncio.to_thread(load, path, {}, PLAIN, 2, 0.3)
    assert 0 < found.errors == found.statuses["503"] < found.requests


def test_the_peer_is_pinned_by_hash_and_is_none_of_the_stolen_versions() -> None:
    import gateway_peer

    locked = gateway_peer.LOCKED.read_text()
    pins = re.findall(r"^([a-z0-9-]+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}", locked, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z]", locked, re.MULTILINE)) > 100
    assert dict(pins)["litellm"] == gateway_peer.VERSION
    assert gateway_peer.VERSION not in {"1.82.7", "1.82.8", "1.107.0"}
    assert "://" not in locked


def test_an_environment_of_the_peer_is_made_once_and_only_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gateway_peer

    installed: list[Path] = []

    def install(folder: Path) -> None:
        installed.append(folder)
        if len(installed) == 1:
            raise SystemExit("the index was not reached")

    monkeypatch.setattr(gateway_peer, "user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(
        gateway_peer.venv, "create", lambda folder, **_: folder.mkdir(parents=True, exist_ok=True)
    )
    monkeypatch.setattr(gateway_peer, "_install", install)
    with pytest.raises(SystemExit):
        gateway_peer.environment()
    made = gateway_peer.environment()
    assert gateway_peer.environment() == made
    assert installed == [made, made]
    assert tmp_path in made.parents
