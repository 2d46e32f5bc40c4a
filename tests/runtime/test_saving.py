"""Artifacts: stored before they are named, under plain names, once."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from pilothouse import Context, StepFailed, workflow
from pilothouse.errors import InvalidInput
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.saving import INSERT_ARTIFACT, checked_name
from support.rehearsal import Rehearsal


@workflow("saves")
async def saves(ctx: Context) -> str:
    artifact = await ctx.save("plan.zip", b"bytes")
    return f"{artifact.sha256} {artifact.media_type} {artifact.size}"


async def test_the_bytes_are_stored_under_their_digest_before_the_journal_names_them() -> None:
    run = Rehearsal(saves)
    digest = hashlib.sha256(b"bytes").hexdigest()
    stored: list[bool] = []

    def look(item: Any) -> None:
        if any(entry.kind is Kind.SAVED for entry in item.entries):
            store = run.services.artifacts._store
            stored.append(bytes(store.get(f"default/{digest[:2]}/{digest}").bytes()) == b"bytes")

    run.while_appending = look
    assert await run.finish() == f"{digest} application/zip 5"
    assert stored == [True]
    (statement,) = run.statements
    assert statement.sql == INSERT_ARTIFACT
    assert statement.parameters[1:] == (
        "default", run.run_id, "save#0", "plan.zip", "application/zip", 5, digest, None, None,
    )  # fmt: skip


async def test_a_crash_after_storing_stores_again_and_makes_one_artifact() -> None:
    run = Rehearsal(saves, lose_before={1})
    await run.finish()
    assert run.kinds(Kind.SAVED) == ["save#0"]
    assert len(run.statements) == 1


class Full:
    """A store without space."""

    def __init__(self, store: Any) -> None:
        self.store, self.full = store, True

    async def put(self, *what: Any) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        await self.store.put(*what)


async def test_a_store_without_space_fails_the_step_and_a_retry_goes_on_from_there() -> None:
    run = Rehearsal(saves)
    full = Full(run.services.artifacts)
    object.__setattr__(run.services, "artifacts", full)
    await run.finish()
    failure = run.failure
    assert (failure.code, failure.step, failure.retryable) == ("not_saved", "save#0", True)
    assert "plan.zip" in failure.message
    assert "No space left on device" in failure.message
    assert "retry" in failure.hint
    full.full = False
    assert run.retry() == ("save#0",)
    assert (await run.finish()).endswith("application/zip 5")


async def test_a_failure_to_store_that_the_workflow_catches_is_the_same_at_replay() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.save("a.txt", "a")
        except StepFailed as error:
            return f"{error.failure.code} " + await ctx.ask("Go on?")
        return "saved"

    run = Rehearsal(flow)
    full = Full(run.services.artifacts)
    object.__setattr__(run.services, "artifacts", full)
    await run.until_waiting()
    full.full = False
    assert await run.finish() == "not_saved yes"
    assert await run.replay() == "not_saved yes"


@pytest.mark.parametrize("name", ["plan.zip", "Übersicht 2.md", ".gitignore", "a" * 200, "..a"])
def test_a_plain_file_name_is_accepted(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", " . ", "a/b", "a\\b", "../a", "a:b", "a*", "a?", 'a"', "a<", "a>", "a|", "a\x00", "a\nb",
     "a\u202eb", "\ud800", "a" * 201],
)  # fmt: skip
def test_a_path_or_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot name an artifact"):
        checked_name(name)


async def test_a_refused_name_fails_the_run_before_anything_is_stored() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.save("../../etc/passwd", "x")

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "invalid_input"
    assert run.services.artifacts._store.list().collect() == []
