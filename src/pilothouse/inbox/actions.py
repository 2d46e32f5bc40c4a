"""An action as its approver sees it: arguments as far as they may be seen, what changed, what the run did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

from pydantic import JsonValue

from pilothouse.inbox.schemas import Change, IntendedAction, Past
from pilothouse.kit import canonical
from pilothouse.kit.scope import Scope
from pilothouse.runtime.entries import VERBS, Entry
from pilothouse.runtime.questions import Approval


class Mask(Protocol):
    """What somebody may see of the arguments of actions, and what is meant by what comes back."""

    def __call__(self, value: JsonValue, /) -> JsonValue:
        """The value as it may be seen."""
        ...

    def meant(self, value: JsonValue, original: JsonValue) -> JsonValue:
        """What is meant by `value`, which somebody sends who was shown `original` so."""
        ...


Masks = Callable[[Scope], Awaitable[Mask]]
"""What makes the mask for a scope."""

STEPS = 10
"""Things that a run did that are shown at most, the last ones."""


class Unmasked:
    """Everything is shown."""

    def __call__(self, value: JsonValue, /) -> JsonValue:
        """As it is."""
        return value

    def meant(self, value: JsonValue, original: JsonValue) -> JsonValue:
        """What it says."""
        return value


async def unmasked(_scope: Scope) -> Mask:
    """Everything is shown to everybody."""
    return Unmasked()


def shown(approval: Approval, mask: Mask, journal: Sequence[Entry] = ()) -> IntendedAction:
    """The action, with the last steps of the run in `journal`."""
    arguments = canonical.exact(approval.arguments)
    visible = mask(arguments)
    changes: list[Change] = []
    if approval.before is not None:
        before = canonical.exact(approval.before)
        changes = changed(before, arguments, mask(before), visible)
    return IntendedAction(
        digest=approval.digest,
        tool=approval.tool,
        step=approval.step,
        arguments=visible,
        cost=approval.cost,
        workflow=approval.workflow,
        agent=approval.agent,
        principal=approval.principal,
        marks=list(approval.marks),
        reasons=list(approval.reasons),
        policies=list(approval.policies),
        policy_version=approval.version,
        role=approval.requirement.role,
        not_requester=approval.requirement.not_requester,
        on_expiry=approval.requirement.on_expiry,
        escalated=approval.escalated,
        delegated_by=approval.delegated_by,
        edited_by=approval.edited_by,
        changes=changes,
        note=approval.note,
        so_far=[
            Past(step=entry.key, what=entry.kind.value, at=entry.at)
            for entry in [entry for entry in journal if entry.kind in VERBS][-STEPS:]
        ],
    )


def changed(
    before: JsonValue, after: JsonValue, shown_before: JsonValue, shown_after: JsonValue
) -> list[Change]:
    """Where two values differ, and what may be shown of both there. What is masked alike still differs."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    seen_old, seen_new = dict(_leaves(shown_before)), dict(_leaves(shown_after))
    differing = [where for where in {**old, **new} if _text(old, where) != _text(new, where)]
    return [
        Change(where=where, before=_visible(seen_old, old, where), after=_visible(seen_new, new, where))
        for where in differing
    ]


def _leaves(value: JsonValue, where: str = "") -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{where}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from _leaves(item, f"{where}/{place}")
    else:
        yield where, value


def _text(leaves: dict[str, JsonValue], where: str) -> bytes | None:
    return canonical.rfc8785(leaves[where]) if where in leaves else None


def _visible(seen: dict[str, JsonValue], leaves: dict[str, JsonValue], where: str) -> JsonValue:
    if where not in leaves:
        return None
    return seen.get(where, "(masked)")
