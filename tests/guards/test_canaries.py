"""Personal data is planted at every inlet, and everything that is written is searched for it.

What may be stored is sealed; what is told to whoever may read the run is not searched, but for errors.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pilothouse.telemetry import logs
from support.charging import Outside, charging
from support.collector import collecting
from support.governing import Governed, governed
from support.searching import dump, forms
from support.waiting import rows

LYING = "select count(distinct sha256) from uploads join artifact_contents using (tenant_id, sha256)"
CASHIER = 20_000
"""Cents from which on somebody has to approve a charge."""


@dataclass
class Canaries:
    """What was planted, by where; and the answers to requests that were refused."""

    planted: dict[str, str] = field(default_factory=dict)
    errors: list[bytes] = field(default_factory=list)

    def mail(self, where: str) -> str:
        """An e-mail address that nobody else has."""
        self.planted[f"e-mail in {where}"] = found = f"canary{secrets.token_hex(8)}@engines.example"
        return found

    def card(self, where: str) -> str:
        """A number of a card that nobody else has, with its check digit."""
        number = "4539" + "".join(secrets.choice("123456789") for _ in range(11))
        total = sum(
            (int(one) * 2 - 9 if int(one) > 4 else int(one) * 2) if place % 2 == 0 else int(one)
            for place, one in enumerate(number)
        )
        self.planted[f"card in {where}"] = number = f"{number}{-total % 10}"
        return number

    def text(self, where: str) -> str:
        """A text that has both."""
        return f"mail {self.mail(where)}, card {self.card(where)}, thank you"

    def found(self, written: dict[str, bytes]) -> list[str]:
        """What was found where it must not be."""
        return [
            f"{name} in {place}"
            for name, value in self.planted.items()
            for place, text in written.items()
            if any(form in text for form in forms(value.encode()))
        ]


async def drive(process: Governed, outside: Outside, canaries: Canaries) -> None:
    """Put a canary into every inlet, and into what is refused."""

    async def ended(run: Any, status: str = "completed") -> dict[str, Any]:
        return await process.reach(run["id"], status)

    async def submit(workflow: str, wanted: Any, **said: Any) -> dict[str, Any]:
        found: dict[str, Any] = await process.ask(
            "POST", "/runs", json={"workflow": workflow, "input": wanted}, **said
        )
        return found

    async def refused(method: str, path: str, **said: Any) -> None:
        answer = await process.client.request(method, f"/api/v1{path}", **said)
        assert answer.is_client_error, (path, answer.text)
        canaries.errors.append(repr(answer.headers).encode() + answer.content)

    key = {"idempotency-key": canaries.mail("an idempotency key")}
    headers = {"user-agent": canaries.mail("a user agent"), "referer": canaries.mail("a referer")}
    order = {"text": canaries.text("an input"), "cents": CASHIER}
    run = await submit("charge", order, headers=key | headers)
    (asked,) = (await ended(run, "waiting"))["questions"]
    action = (await process.ask("GET", f"/questions/{asked['id']}"))["action"]
    edit = {"digest": action["digest"], "arguments": {"card": canaries.card("an edit"), "cents": 200}}
    await process.ask("POST", f"/questions/{asked['id']}/edit", json=edit)
    await ended(run)
    fork = {"input": {"text": canaries.text("a fork's input")}}
    await ended(await process.ask("POST", f"/runs/{run['id']}/fork", json=fork))
    run = await submit("listen", canaries.text("a prompt"))
    (asked,) = (await ended(run, "waiting"))["questions"]
    await process.ask("POST", f"/questions/{asked['id']}/answer", json={"answer": canaries.text("an answer")})
    await ended(run)
    outside.page = canaries.text("a tool's result")
    await ended(await submit("read", "somewhere"))
    outside.fails = canaries.text("a tool's error")
    await ended(await submit("read", "elsewhere"))
    await ended(await submit("charge", {"text": "card none, thanks"}), "failed")
    schedule = {"name": "nightly", "workflow": "tell", "cron": "0 0 1 1 *"}
    made = await process.ask(
        "POST", "/schedules", json=schedule | {"input": {"text": canaries.text("a schedule")}}
    )
    await ended(await process.ask("POST", f"/schedules/{made['id']}/trigger"))
    labels = {"who": canaries.mail("a label")}
    await refused("POST", "/runs", json={"workflow": "tell", "input": {"text": "x"}, "labels": labels})
    wrong = {"text": [canaries.text("a wrong field")], canaries.mail("a field's name"): 3}
    await refused("POST", "/runs", json={"workflow": "charge", "input": {"text": wrong}})
    await refused("POST", "/runs", json={"workflow": "tell", "input": {"text": "other"}}, headers=key)
    await process.ask("POST", "/guards/scan", json={"text": canaries.text("a scan")})


SAID = (
    "progress", "a card", "a delta", "an agent's error", "a reason to trust", "an artifact of bytes",
)  # fmt: skip


async def drive_code(process: Governed, outside: Outside, canaries: Canaries) -> None:
    """Have code say canaries in every way there is, each in a run of its own, and people answer with some."""

    async def say(where: str, status: str = "completed", said: str | None = None) -> dict[str, Any]:
        outside.words[where] = said or canaries.text(where)
        run = await process.ask("POST", "/runs", json={"workflow": "say", "input": where})
        return await process.reach(run["id"], status)

    for where in SAID:
        await say(where)
    await say("a name", said=canaries.mail("a name"))
    await say("a workflow's error", "failed")
    await say("a run that goes on")
    for where in ("a question", "a choice"):
        run = await say(where, "waiting")
        (asked,) = run["questions"]
        answer = outside.words[where] if where == "a choice" else "yes"
        await process.ask("POST", f"/questions/{asked['id']}/answer", json={"answer": answer})
        await process.reach(run["id"], "completed")
    assert outside.seen[-1] == outside.words["a choice"], "the code knows the choice by what it said"
    outside.fails = ""
    refused = await process.submit("charge", text="card none, thanks", cents=CASHIER)
    (asked,) = (await process.reach(refused, "waiting"))["questions"]
    action = (await process.ask("GET", f"/questions/{asked['id']}"))["action"]
    said = {"digest": action["digest"], "reason": canaries.text("a refusal")}
    await process.ask("POST", f"/questions/{asked['id']}/refuse", json=said)
    await process.reach(refused, "failed")


async def drive_files(process: Governed, canaries: Canaries) -> None:
    """Upload files whose names and contents have canaries; a workflow reads and keeps those of text."""
    name = {"name": f"{canaries.mail('a name of an upload')}.csv"}
    files = (
        ("text/csv", canaries.text("a table").encode()),
        ("message/rfc822", canaries.text("a mail").encode()),
        ("application/octet-stream", b"\0" + canaries.text("a file that is no text").encode()),
    )
    for kind, content in files:
        answer = await process.client.post(
            "/api/v1/uploads", params=name, content=content, headers={"content-type": kind}
        )
        assert answer.status_code == 201, answer.text
        upload_id = answer.json()["id"]
        if not content.startswith(b"\0"):
            await process.reach(await process.submit("file", id=upload_id), "completed")
        given = await process.client.get(f"/api/v1/uploads/{upload_id}/content")
        assert given.content == content, "who sent it gets it back"


def lying(folder: Path) -> dict[str, bytes]:
    """What every file below a folder has."""
    return {f"file {path.name}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_personal_data_of_any_inlet_is_in_nothing_that_is_written(
    conninfo: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("debug", "json")  # to what is captured now
    canaries = Canaries()
    app, outside = charging(tmp_path / "policies")
    with collecting() as collector:
        async with governed(conninfo, tmp_path, app, otlp_endpoint=collector.url) as process:
            await drive(process, outside, canaries)
            await drive_code(process, outside, canaries)
            await drive_files(process, canaries)
            metrics = await process.client.get("/metrics")
            written = {"a metric": metrics.content, "an error": b"\n".join(canaries.errors)}
        written["the database"] = dump(conninfo)
        written["a span"] = b"".join(request.SerializeToString() for request in collector.requests)
    told = capfd.readouterr()
    written["the log"] = f"{told.out}{told.err}".encode()
    written |= lying(tmp_path / "data")
    assert canaries.found(written) == []
    assert rows(conninfo, LYING) == [(3,)], "the bytes that were sent were looked through"
    assert b"guard_findings" in written["the log"], "the log was looked at"
    assert b"run_submitted" in written["the log"]
    assert b"charge" in written["a span"]
    assert b"nightly" in written["the database"]
    assert b"pilothouse" in metrics.content
    seen = str(outside.charged) + str(outside.sent)
    assert all(
        value in seen for name, value in canaries.planted.items() if name.startswith("card in an edit")
    )


async def test_what_was_uploaded_into_a_folder_is_in_no_file_there(
    conninfo: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("debug", "json")
    canaries, folder = Canaries(), tmp_path / "kept"
    app, _ = charging(tmp_path / "policies")
    async with governed(conninfo, tmp_path, app, artifacts_url=f"file://{folder}") as process:
        await drive_files(process, canaries)
    told = capfd.readouterr()
    written = lying(tmp_path)
    uploads = [digest for (digest,) in rows(conninfo, "select sha256 from uploads")]
    assert len(uploads) == 3
    assert {f"file {digest}" for digest in uploads} <= written.keys(), "and those were looked through"
    written |= {"the database": dump(conninfo), "the log": f"{told.out}{told.err}".encode()}
    assert canaries.found(written) == []


def test_the_search_finds_a_canary_that_is_written() -> None:
    canaries = Canaries()
    value = canaries.mail("a text")
    assert canaries.found({"a place": f"before {value}".encode(), "another": b"nothing"}) == [
        "e-mail in a text in a place"
    ]
