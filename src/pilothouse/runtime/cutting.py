"""Where a fork leaves its parent's journal: the cut, and what of the parent lies behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.runtime.entries import VERBS, Entry, Kind, decode
from pilothouse.runtime.history import History
from pilothouse.runtime.questions import Question

SHOWN = 100
"""Steps that are named at most where some are left out or to be chosen from."""


def step_named(journal: Sequence[Entry], name: str) -> str:
    """The key of the recorded step that `name` names: its key, or the end of it that no other has.

    Raises `NotFound` where there is none, `InvalidInput` where there are several.
    """
    keys = _keys(journal)
    if name in keys:
        return name
    found = [key for key in keys if key.rpartition("/")[2] == name or _own(key) == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput(f"{name[:80]!r} names several steps.", hint=f"Choose one: {_listed(found)}.")
    raise NotFound(f"The run has no step {name[:80]!r}.", hint=f"It has: {_listed(keys)}.")


def before(journal: Sequence[Entry], step: str) -> int:
    """The number of the last entry before anything of `step` was recorded. Raises `NotFound`."""
    inside = f"{step}/"
    for entry in journal:
        if entry.kind in VERBS and (entry.key == step or entry.key.startswith(inside)):
            return entry.seq - 1
    raise NotFound(f"The run has no step {step!r}.")


def dropped(journal: Sequence[Entry], seq: int, step: str) -> tuple[str, ...]:
    """Steps that had ended in other branches of a gather than that of `step`, and lie behind the cut.

    The cut is one by time: such a step does not depend on `step`, but is executed anew all the same.
    """
    shared = {key for key, each in History(journal[:seq]).steps.items() if each.outcome is not None}
    ended = [key for key, each in History(journal).steps.items() if each.outcome is not None]
    return tuple(key for key in ended if key not in shared and _is_beside(key, step))[:SHOWN]


def answers_by_key(journal: Sequence[Entry], seq: int, answers: Mapping[str, str]) -> dict[str, str]:
    """Answers by the keys of their questions, each as its question understands it.

    Raises `NotFound` for a question that the run has not asked, `Conflict` for one that was answered before
    entry `seq`, and `InvalidInput` for an answer that is none of the choices.
    """
    asked = {entry.key: entry for entry in journal if entry.kind is Kind.ASKED}
    closed = {entry.key: entry.seq for entry in journal[:seq] if entry.kind is Kind.ANSWERED}
    found = {}
    for name, text in answers.items():
        key = question_named(asked, name)
        if key in closed:
            raise Conflict(
                f"The question {key} is answered by entry {closed[key]}, which the fork shares.",
                hint=f"Fork at {key} or before it.",
            )
        entry = asked[key]
        question = Question.model_validate_json(decode(entry.codec, entry.payload))
        if question.approval is not None:
            raise InvalidInput(
                f"The question {key} is about an action of the parent: a fork's action is approved by itself."
            )
        found[key] = question.accept(text)
    return found


def roles_of(journal: Sequence[Entry], keys: Collection[str]) -> dict[str, str]:
    """The roles that the questions `keys` name, by their keys; questions without one are left out."""
    asked = {entry.key: entry for entry in journal if entry.kind is Kind.ASKED and entry.key in keys}
    named = {
        key: Question.model_validate_json(decode(entry.codec, entry.payload)).role
        for key, entry in asked.items()
    }
    return {key: role for key, role in named.items() if role is not None}


def question_named(asked: Collection[str], name: str) -> str:
    """The key of the question that `name` names. Raises `NotFound`, and `InvalidInput` where several are."""
    if name in asked:
        return name
    found = [key for key in asked if name in {key.rpartition("/")[2], _own(key)}]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput(f"{name[:80]!r} names several questions: {_listed(found)}.")
    known = _listed(asked) or "nothing"
    raise NotFound(f"The run does not ask {name[:80]!r}.", hint=f"It asks: {known}.")


def _own(key: str) -> str:
    """The explicit part of a key (`ask:cloud` is cloud); "" where it has none."""
    return key.rpartition("/")[2].partition(":")[2]


def _keys(journal: Sequence[Entry]) -> list[str]:
    """Every recorded step. An act that waits for its approvals has no entry of its own yet."""
    keys: dict[str, None] = {}
    for entry in journal:
        if entry.kind in VERBS:
            around, _, last = entry.key.rpartition("/")
            keys |= {around: None, entry.key: None} if last.startswith("approval#") else {entry.key: None}
    return list(keys)


def _is_beside(one: str, other: str) -> bool:
    """Whether two steps lie in different branches of the same gather."""
    differing: Iterator[tuple[str, str]] = (
        pair for pair in zip(one.split("/"), other.split("/"), strict=False) if pair[0] != pair[1]
    )
    first = next(differing, None)
    return first is not None and first[0].isdigit() and first[1].isdigit()


def _listed(keys: Collection[str]) -> str:
    shown = list(keys)[:SHOWN]
    return ", ".join(shown) + (f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else "")
