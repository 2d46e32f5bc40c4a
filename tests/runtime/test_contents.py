"""Texts of files on their way to a workflow, and out of it as bytes: what is masked, and what is not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from pilothouse import Context, Mark, StepFailed, Upload, workflow
from pilothouse.kit import textual
from pilothouse.kit.scope import Scope
from pilothouse.runtime import contents
from pilothouse.runtime.entries import Kind, decode
from pilothouse.runtime.guarding import Blocked, Fits, Inlet, Passage, Passed
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.turn import SEAL_RUN
from pilothouse.runtime.uploaded import Opened
from pilothouse.runtime.workflows import Workflow
from support.rehearsal import Rehearsal

WORD, MASKED = "s3cret", "<W:aaaa>"


class Marker:
    """Masks a word and says where; blocks `bomb`, marks `attack`; remembers what passed."""

    def __init__(self, *, personal: bool = True) -> None:
        self.personal = personal
        self.passed: list[tuple[Inlet, bool, str]] = []
        self.attacks: list[bool] = []

    async def check(self, passage: Passage, data: bytes, fits: Fits | None = None) -> Passed:
        told = [Statement("told", (passage.inlet.value, passage.step))]
        text = orjson.loads(data)
        if not isinstance(text, str):
            return Passed(data)
        self.passed.append((passage.inlet, passage.ours, text))
        self.attacks.append(passage.attacks)
        if "bomb" in text:
            raise Blocked("Kept out.", told=told)
        marks = frozenset({Mark.INJECTION} if "attack" in text else set())
        places = [(one.start(), one.end(), MASKED) for one in re.finditer(WORD, text)]
        if not places:
            return Passed(data, marks, told=told if marks else ())
        masked = orjson.dumps(text.replace(WORD, MASKED))
        return Passed(masked, marks, self.personal, [Statement("kept", ())], told, places)

    async def restored(self, tenant_id: str, run_id: UUID, data: bytes) -> bytes:
        return data

    def shows(self, tenant_id: str) -> bool:
        return True

    def carried(self, tenant_id: str, source: UUID, target: UUID) -> Sequence[Statement]:
        return ()


class Sent:
    """One upload, given in small pieces."""

    def __init__(self, content: bytes, media_type: str = "text/csv") -> None:
        self.content, self.media_type = content, media_type
        self.sha256, self.reads = hashlib.sha256(content).hexdigest(), 0

    async def find(self, scope: Scope, run_id: UUID, upload_id: UUID) -> Opened:
        size = len(self.content)
        return Opened(id=upload_id, name="n", media_type=self.media_type, size=size, sha256=self.sha256)

    async def read(
        self, tenant_id: str, sha256: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        self.reads += 1
        content = self.content[start:end]
        for at in range(0, len(content), 5):
            yield content[at : at + 5]


seen: list[Any] = []


@workflow("reads")
async def reads(ctx: Context, upload: Upload) -> None:
    opened = await ctx.open(upload)
    content = await opened.read()
    assert b"".join([piece async for piece in opened.pieces()]) == content
    parts = [
        b"".join([piece async for piece in opened.pieces(at, at + 7)]) for at in range(0, opened.size, 7)
    ]
    assert b"".join(parts) == content
    seen.append((content, set(ctx.marks)))
    await ctx.sleep(1)


def rehearsed(sent: Sent, flow: Workflow = reads) -> tuple[Rehearsal, Marker]:
    run, marker = Rehearsal(flow, {"id": str(uuid4())}), Marker()
    run.services = replace(run.services, guard=marker, uploads=sent)
    seen.clear()
    return run, marker


def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files looked at a few bytes at a time."""
    monkeypatch.setattr(contents, "WINDOW", 32)
    monkeypatch.setattr(contents, "OVERLAP", 10)
    monkeypatch.setattr(textual, "HEAD", 8)


def told(run: Rehearsal) -> list[tuple[object, ...]]:
    return [tuple(one.parameters) for one in run.statements if one.sql == "told"]


async def test_text_that_a_workflow_reads_is_masked_and_a_replay_reads_the_same() -> None:
    sent = Sent(f"a,{WORD},äb,{WORD}\n".encode())
    run, marker = rehearsed(sent)
    await run.finish()
    masked = f"a,{MASKED},äb,{MASKED}\n".encode()
    assert seen == [(masked, {Mark.UNTRUSTED})] * 2, "the first turn and the replay"
    assert [one[:2] for one in marker.passed if one[0] is Inlet.UPLOAD] == [(Inlet.UPLOAD, False)], "once"
    assert told(run) == [("upload", "open#0")]
    assert {"kept", SEAL_RUN} <= {one.sql for one in run.statements}
    assert WORD not in str([decode(one.codec, one.payload) for one in run.entries])


async def test_what_is_told_and_kept_goes_into_the_append_of_the_step() -> None:
    run, _ = rehearsed(Sent(WORD.encode()))
    run.lose_next(Kind.COMPLETED)
    await run.finish()
    assert told(run) == [("upload", "open#0")]
    assert [content for content, _ in seen] == [MASKED.encode()] * 2


@pytest.mark.parametrize("shift", range(0, 40, 3))
async def test_what_stands_across_windows_is_found(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch)
    text = "ä" * shift + f"{WORD}, öäü {WORD} and so on until the end, {WORD}"
    run, marker = rehearsed(Sent(text.encode()))
    await run.finish()
    assert seen[0][0].decode() == text.replace(WORD, MASKED)
    assert len([one for one in marker.passed if one[0] is Inlet.UPLOAD]) > 1


async def test_what_two_windows_have_both_is_replaced_once_in_every_range(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    narrow(monkeypatch)
    monkeypatch.setattr(contents, "OVERLAP", 22)
    run, _ = rehearsed(Sent(f"{WORD} ".encode() * 12))
    await run.finish()
    assert [content for content, _ in seen] == [f"{MASKED} ".encode() * 12] * 2
    (opened,) = [one for one in run.payloads(Kind.COMPLETED) if one["produced_by"] == "lookup"]
    places = opened["value"]["replaced"]["places"]
    assert places == [[at, at + 6, MASKED] for at in range(0, 84, 7)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1", "utf-8-sig"])
async def test_other_encodings_are_looked_at_too(encoding: str) -> None:
    text = f"Müller, {WORD}, übel"
    run, _ = rehearsed(Sent(text.encode(encoding), "text/plain"))
    await run.finish()
    assert seen[0][0].decode(encoding) == text.replace(WORD, MASKED)


async def test_attacks_in_a_file_mark_the_branch_that_reads_it() -> None:
    run, _ = rehearsed(Sent(b"an attack"))
    await run.finish()
    assert [marks for _, marks in seen] == [{Mark.UNTRUSTED, Mark.INJECTION}] * 2


async def test_attacks_are_looked_for_at_the_beginning_of_a_long_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    narrow(monkeypatch)
    monkeypatch.setattr(contents, "ATTACKS", 50)
    run, marker = rehearsed(Sent(b"-" * 120))
    await run.finish()
    assert marker.attacks == [True, True, True, False, False]


async def test_binary_files_are_left_as_they_are() -> None:
    content = b"\0\xff" + WORD.encode()
    sent = Sent(content, "application/octet-stream")
    run, marker = rehearsed(sent)
    await run.finish()
    assert seen[0][0] == content
    assert not [one for one in marker.passed if one[0] is Inlet.UPLOAD]


async def test_text_gives_nothing_that_has_passed_no_guard() -> None:
    @workflow("texts")
    async def texts(ctx: Context, upload: Upload) -> str:
        try:
            return await (await ctx.open(upload)).text()
        except Exception as error:
            return getattr(error, "code", "")

    run, _ = rehearsed(Sent(b"%PDF-1.7 " + WORD.encode(), "application/pdf"), texts)
    assert await run.finish() == "invalid_input"
    run, _ = rehearsed(Sent(WORD.encode(), "application/octet-stream"), texts)
    assert await run.finish() == MASKED


async def test_a_file_that_is_blocked_is_not_opened_and_that_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    narrow(monkeypatch)

    @workflow("opens")
    async def opens(ctx: Context, upload: Upload) -> str:
        try:
            await ctx.open(upload)
        except StepFailed as error:
            return error.message
        return "opened"

    run, _ = rehearsed(Sent(f"{WORD}{'.' * 80} a bomb".encode()), opens)
    assert await run.finish() == "Kept out."
    assert told(run) == [("upload", "open#0")] * 2, "of the first window, and of the one that is blocked"


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("x.csv", WORD.encode(), MASKED.encode()),
        ("x", f"ä {WORD}".encode(), f"ä {MASKED}".encode()),
        ("x.zip", b"PK\x03\x04\x14\0" + WORD.encode(), b"PK\x03\x04\x14\0" + WORD.encode()),
        ("x.png", b"\x89PNG " + WORD.encode(), b"\x89PNG " + WORD.encode()),
    ],
)
async def test_an_artifact_of_bytes_is_masked_where_it_is_text(
    name: str, content: bytes, kept: bytes
) -> None:
    @workflow("saves")
    async def saves(ctx: Context) -> int:
        return (await ctx.save(name, content)).size

    run = Rehearsal(saves)
    run.services = replace(run.services, guard=Marker(personal=False))
    assert await run.finish() == len(kept)
    digest = hashlib.sha256(kept).hexdigest()
    pieces = run.services.artifacts.read("default", digest)  # type: ignore[attr-defined]  # it is a store
    assert b"".join([piece async for piece in pieces]) == kept
    assert told(run) == ([] if kept == content else [("artifact", "save#0")])
