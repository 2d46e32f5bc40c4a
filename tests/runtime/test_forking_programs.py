"""Forks of random programs: with nothing changed they end as their parent did."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.runtime import cutting
from pilothouse.runtime.entries import VERBS, Entry, Kind
from pilothouse.runtime.history import Fork, History
from pilothouse.runtime.replaying import misfit
from pilothouse.runtime.store import Claim
from support.programs import PROGRAMS, Program, Programs
from support.rehearsal import Rehearsal

FORK = uuid.UUID("01900000-0000-7000-8000-0000000000f0")


def forked(parent: Rehearsal, step: str, **changes: Any) -> Rehearsal:
    """A fork of a run at a step, which has the parent's clock."""
    seq = cutting.before(parent.entries, step)
    origin = History(parent.entries).origin or parent.run_id
    run = Rehearsal(parent.workflow)
    run.run_id = FORK
    run.clock.time = parent.clock.time
    run.entries = list(parent.entries[:seq])
    fork = Fork(parent=parent.run_id, origin=origin, seq=seq, step=step, **changes)
    run._write([Entry(Kind.FORKED, "", fork.model_dump_json().encode())])
    return run


def steps(run: Rehearsal) -> list[str]:
    return list(dict.fromkeys(entry.key for entry in run.entries if entry.kind in VERBS))


def claim_of(run: Rehearsal) -> Claim:
    return Claim(run.run_id, "default", run.workflow.pin, 1, 0, "ada", cancel_requested=False)


def ending(run: Rehearsal) -> Any:
    if run.status == "completed":
        return run.output
    failure = run.failure
    return failure.code, failure.message, failure.error_type


def told_apart(value: Any, run: Rehearsal) -> Any:
    """A result without the times it tells and the keys of tools, which are each run's own."""
    if isinstance(value, list | tuple):
        return [told_apart(item, run) for item in value]
    if not isinstance(value, str):
        return value
    return "a moment" if value[:2] == "20" and "T" in value else value.replace(str(run.run_id), "RUN")


def without_keys(value: Any) -> Any:
    """A result in which a tool's idempotency key, the parent's or the fork's own, is one word."""
    text = repr(value)
    for run_id in (FORK, uuid.UUID("01900000-0000-7000-8000-000000000001")):
        text = text.replace(str(run_id), "RUN")
    return text


@settings(max_examples=40, deadline=None)
@given(PROGRAMS, st.data())
async def test_a_fork_with_nothing_changed_ends_as_its_parent_and_executes_only_what_lies_behind_the_cut(
    program: Program, data: st.DataObject
) -> None:
    programs = Programs(program)
    parent = await programs.finish()
    if not steps(parent):
        return
    step = data.draw(st.sampled_from(steps(parent)))
    fork = programs.run = forked(parent, step)
    seq = len(fork.entries)
    assert await misfit(programs.flow, fork.entries, claim_of(fork), fork.services) is None
    assert len(fork.entries) == seq
    await fork.finish(programs.answering(fork))
    assert without_keys(told_apart(ending(fork), fork)) == without_keys(told_apart(ending(parent), parent))
    assert programs.again == []
    again = forked(fork, data.draw(st.sampled_from(steps(fork))))
    programs.run = again
    await again.finish(programs.answering(again))
    assert without_keys(told_apart(ending(again), again)) == without_keys(told_apart(ending(parent), parent))
    assert programs.again == []
