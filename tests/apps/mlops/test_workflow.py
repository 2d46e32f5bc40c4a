"""The architect as a durable workflow: steps, questions, the gate, artifacts, and kills in between."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import time
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pilothouse.apps.mlops.application import app
from pilothouse.apps.mlops.result import MlopsResult
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.kit.html import from_markdown
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import WrongType
from support.shell import Shell

FRAUD = "Design an MLOps system for real-time fraud detection with a budget of $5000/month"
STEPS = [
    "intake",
    "coverage",
    "questions",
    "planner",
    "tech_critic",
    "cost_critic",
    "policy_check",
    "final_gate",
    "codegen",
    "validators",
    "rationale",
    "publish",
]

OpenEngine = Callable[..., Awaitable[Engine]]
StartWorker = Callable[..., Awaitable[Any]]


async def finished(engine: Engine, prompt: str, answers: dict[str, str] | None = None) -> list[Entry]:
    """The run's journal once it has ended; questions get the given answers or their defaults."""
    given = answers or {}
    run_id = await engine.submit(Order("mlops", json.dumps(prompt).encode()))
    journal = []
    async for entry in engine.follow(run_id):
        journal.append(entry)
        if entry.kind is Kind.ASKED:
            await engine.answer(run_id, entry.key, given.get(entry.key.rpartition(":")[2], ""))
    return journal


def of_kind(journal: list[Entry], kind: Kind) -> list[Any]:
    return [json.loads(decode(entry.codec, entry.payload)) for entry in journal if entry.kind is kind]


def steps(journal: list[Entry]) -> list[str]:
    return [
        entry.key.partition("#")[0]
        for entry in journal
        if entry.kind is Kind.COMPLETED and "/" not in entry.key
    ]


async def test_the_fraud_prompt_becomes_a_design_within_its_budget_and_a_repository(
    open_engine: OpenEngine, start_worker: StartWorker, artifacts: ObjectArtifacts
) -> None:
    engine = await open_engine(*app.workflows)
    await start_worker(engine)
    journal = await finished(engine, FRAUD)
    assert journal[-1].kind is Kind.RUN_COMPLETED, journal[-1].payload
    assert steps(journal) == STEPS
    cards = [item["card"] for item in of_kind(journal, Kind.EMITTED) if "card" in item]
    assert len(cards) == len(STEPS)
    assert all(card["decision"] and 0 <= card["confidence"] <= 1 for card in cards)
    result = MlopsResult.model_validate(of_kind(journal, Kind.RUN_COMPLETED)[0]["output"])
    assert result.coverage >= 0.7
    assert float(result.cost.expected) <= 5000
    assert result.cost.within_budget is True
    assert result.checks["fail"] == 0
    names = [item.name for item in result.artifacts]
    assert names == ["fraud-detection.zip", "report.md", "report.html", "architecture.svg"]
    packed = b"".join([piece async for piece in artifacts.read("default", result.artifacts[0].sha256)])
    with zipfile.ZipFile(io.BytesIO(packed)) as repository:
        inside = {name.partition("/")[2] for name in repository.namelist()}
    assert {"README.md", "Makefile", "Dockerfile", "terraform/main.tf", "docs/validation.md"} <= inside


async def test_a_vague_prompt_asks_three_questions_and_takes_the_answers(
    open_engine: OpenEngine, start_worker: StartWorker
) -> None:
    engine = await open_engine(*app.workflows)
    await start_worker(engine)
    journal = await finished(engine, "I need some AI for my company", {"budget": "$2500 a month"})
    asked = of_kind(journal, Kind.ASKED)
    assert len(asked) == 4  # three about the design, one at the gate
    assert all(item["why"] and item["default"] and item["default_assumes"] for item in asked)
    result = MlopsResult.model_validate(of_kind(journal, Kind.RUN_COMPLETED)[0]["output"])
    budget = result.design.requirements.budget
    assert budget is not None
    assert budget.origin == "answered"
    assert result.cost.budget == "2500.00"


async def test_hostile_words_that_say_nothing_are_asked_about_again_and_stay_text(
    open_engine: OpenEngine, start_worker: StartWorker, artifacts: ObjectArtifacts
) -> None:
    engine = await open_engine(*app.workflows)
    await start_worker(engine)
    hostile = "purple </title><script>alert(1)</script><svg onload=alert(1)>[a](javascript:alert(1))"
    journal = await finished(engine, f"I need some AI for my company named {hostile}", {"budget": hostile})
    again = [item["prompt"] for item in of_kind(journal, Kind.ASKED) if "not understood" in item["prompt"]]
    assert len(again) == 1
    assert "purple" in again[0]
    result = MlopsResult.model_validate(of_kind(journal, Kind.RUN_COMPLETED)[0]["output"])
    made = {
        item.name: b"".join([piece async for piece in artifacts.read("default", item.sha256)]).decode()
        for item in result.artifacts
        if not item.name.endswith(".zip")
    }
    assert all(re.fullmatch(r"[a-z0-9-]+\.(zip|md|html|svg)", item.name) for item in result.artifacts)
    page, drawing = made["report.html"], made["architecture.svg"]
    assert "purple &lt;/title&gt;&lt;script&gt;alert(1)" in page
    assert "purple &lt;/title&gt;&lt;script&gt;alert(1)" in made["report.md"]
    for text in (page, drawing, from_markdown(made["report.md"])):
        tags = re.findall(r"<[^>]*>", text.lower())
        assert not [tag for tag in tags if re.search(r"<script|\son\w+\s*=|javascript:", tag)]
    assert (page.lower().count("<svg"), drawing.lower().count("<svg")) == (1, 1), "the diagram alone"


async def test_a_design_that_is_rejected_at_the_gate_is_not_built(
    open_engine: OpenEngine, start_worker: StartWorker
) -> None:
    engine = await open_engine(*app.workflows)
    await start_worker(engine)
    journal = await finished(engine, FRAUD, {"approval": "reject"})
    assert of_kind(journal, Kind.RUN_FAILED)[0]["code"] == "refused"
    assert "codegen" not in steps(journal)


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("x" * 10_001, "10,000"),
        ("1234 5678", "no words"),
        ("Fraud detection with a budget of -5000$", "negative"),
        ("bell \x07 in it", "control"),
    ],
)
async def test_a_prompt_that_cannot_be_designed_from_is_refused_at_submission(
    open_engine: OpenEngine, prompt: str, told: str
) -> None:
    engine = await open_engine(*app.workflows)
    with pytest.raises(WrongType, match=rf"(?i){told}") as refused:
        await engine.submit(Order("mlops", json.dumps(prompt).encode()))
    assert refused.value.status == 400


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("mlops")
    with postgres.attach(folder / "data"):
        yield Shell(folder / "data", folder)


def made(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_two_designs_are_compared(shell: Shell) -> None:
    runs = [
        shell("run", "mlops", prompt, "--yes", "--json", "--no-save").document["run_id"]
        for prompt in (FRAUD, f"{FRAUD} on Azure, 500 rps")
    ]
    differences = shell("diff", *runs, "--json").document
    sections = {item["section"] for item in differences}
    assert {"constraints", "design", "choices", "cost", "files", "artifacts"} <= sections
    assert {"section": "design", "item": "cloud", "before": "aws", "after": "azure"} in differences


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.long)])
def test_killed_anywhere_it_goes_on_and_makes_the_same_bytes(shell: Shell, kills: int) -> None:
    undisturbed = shell("run", "mlops", FRAUD, "--yes", "--out", "undisturbed")
    assert undisturbed.code == 0, undisturbed.err
    seconds = random.Random(kills)
    for number in range(kills):
        process = subprocess.Popen(
            shell.command("run", "mlops", FRAUD, "--yes", "--no-save"),
            cwd=shell.folder, env=shell.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(seconds.uniform(0.4, 3.5))
        process.kill()
        process.wait()
        run = shell("runs", "--limit", "1", "--json").document[0]["id"]
        again = shell("watch", run, "--yes", "--out", f"again-{number}")
        assert again.code == 0, again.err
        assert made(shell.folder / f"again-{number}") == made(shell.folder / "undisturbed")
