"""Texts that are looked at while they are said: nothing slips through, and little waits."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from pilothouse.guards.exchanging import Clean, Exchange
from pilothouse.guards.findings import Act
from pilothouse.guards.passing import Guards
from pilothouse.guards.scanning import Scanner
from pilothouse.guards.streaming import MOST, Tail
from pilothouse.guards.table import Group, Table
from pilothouse.runtime.guarding import Blocked, Inlet

KEY = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3
CARD = "4532 0151 1283 0366"
BLOCK = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq\nx9T2m4\n-----END RSA PRIVATE KEY-----"


@dataclass
class Here:
    """The guards of a process without a database."""

    table: Table = field(default_factory=Table)
    scanner: Scanner = field(default_factory=Scanner)
    clean: Clean = field(default_factory=Clean)

    def observed(self, _tenant_id: str) -> frozenset[Group]:
        return frozenset()

    def told(self, *_: object) -> tuple[()]:
        return ()

    refusal = Guards.refusal

    async def key_of(self, _tenant_id: str) -> bytes:
        return bytes(32)

    async def worked(self, scan: Callable[[], Any], *, large: bool = False) -> Any:
        return scan()


def exchange(**acts: dict[str, Act]) -> Exchange:
    changes = {Inlet(name): said for name, said in acts.items()}
    here = Here(Table(changes))
    here.scanner.make()
    return Exchange(here, "default", UUID(int=1), dt.datetime.now(dt.UTC), "key:1")


async def streamed(looks: Exchange, text: str, sizes: random.Random) -> tuple[str, int]:
    """What is shown of a text that comes in pieces, and how many characters waited at most."""
    tail, shown, waited, at = Tail(looks), "", 0, 0
    while at < len(text):
        size = sizes.randint(1, 9)
        tail.push(text[at : at + size])
        at += size
        shown += await tail.take(tail.safe())
        waited = max(waited, tail.end - tail.base)
    return shown + await tail.take(tail.end), waited


@pytest.mark.parametrize("secret", [KEY, CARD, BLOCK, "password: hunter2-Zq81x"])
async def test_what_is_masked_is_masked_however_it_comes(secret: str) -> None:
    hidden = secret.removeprefix("password: ")
    for seed in range(12):
        shown, _ = await streamed(exchange(), f"Here it is, {secret} and no more.", random.Random(seed))
        assert hidden not in shown
        assert hidden[-12:] not in shown
        assert shown.startswith("Here it is, ")
        assert shown.endswith(" and no more.")


async def test_a_clean_text_is_shown_as_it_is_and_only_a_word_waits() -> None:
    text = "The Seine flows through Paris to the sea, slowly and in wide bends. " * 20
    shown, waited = await streamed(exchange(), text, random.Random(1))
    assert shown == text
    assert waited <= 16


async def test_placeholders_are_restored_however_they_come() -> None:
    looks = exchange()
    changed = await looks.asked(["Write to ada@example.com and to bob@example.org"])
    for seed in range(8):
        shown, _ = await streamed(
            looks, f"{changed[0]}. a < b, <X and <EMAIL:zzzz> stay", random.Random(seed)
        )
        assert shown == "Write to ada@example.com and to bob@example.org. a < b, <X and <EMAIL:zzzz> stay"


async def test_what_waits_is_bounded() -> None:
    looks = exchange()
    tail = Tail(looks)
    tail.push("x" * (MOST + 500))
    assert tail.safe() >= 500


async def test_names_wait_for_their_sentence_where_they_are_masked() -> None:
    looks = exchange(model_answer={"personal": Act.MASK})
    shown, _ = await streamed(looks, "My name is Ada Lovelace. Write to ada@example.com.", random.Random(3))
    assert "ada@example.com" not in shown


async def test_a_blocked_finding_ends_the_stream_before_it_is_shown() -> None:
    looks = exchange(model_answer={"secrets": Act.BLOCK})
    shown: list[str] = []

    async def show() -> None:
        tail = Tail(looks)
        for piece in ("The key is ", KEY[:20], KEY[20:], " now."):
            tail.push(piece)
            shown.append(await tail.take(tail.safe()))

    with pytest.raises(Blocked):
        await show()
    assert "".join(shown) == "The key is "
