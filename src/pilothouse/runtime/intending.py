"""From a verb to an action: what a tool is about to be called with, as governors and approvers see it."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import orjson
from pydantic import ValidationError

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit import canonical
from pilothouse.kit.money import Money
from pilothouse.kit.sealing import Erased
from pilothouse.runtime.branch import Branch
from pilothouse.runtime.entries import Kind, decode
from pilothouse.runtime.errors import TurnLost, WrongType
from pilothouse.runtime.governing import Action, Mark
from pilothouse.runtime.guarding import Blocked, Inlet, Passed, Unguarded
from pilothouse.runtime.history import Step
from pilothouse.runtime.passing import passed, restored
from pilothouse.runtime.ports import Actor
from pilothouse.runtime.turn import Turn

T = TypeVar("T")


class Intent(NamedTuple):
    """An action, the value that its tool is called with, and why it cannot be decided on ("": it can).

    `shown` are the arguments as they may be journalled and shown, in canonical JSON: with placeholders where
    the action has what they stand for. `guarded` is what the guard said of them.
    """

    action: Action
    value: Any
    undecidable: str = ""
    shown: bytes = b""
    guarded: Passed = Passed(b"")


async def intended(
    turn: Turn, branch: Branch, step: Step, tool: Actor[Any, Any], value: Any, arguments: bytes
) -> Intent:
    """The action of calling `tool` with `value`, which is `arguments` as JSON.

    Placeholders in them are restored before anything is decided: the tool, the policies and the digest have
    what they stand for.
    """
    found, value, given, refused = await _guarded(turn, branch, step, tool, value, arguments)
    (cost, tokens), undecidable = _told(tool, value)
    written, without_form = _canonical(tool, given)
    shown = written if found.data is given else _canonical(tool, found.data)[0]
    claim = turn.claim
    action = Action(
        *(claim.run_id, claim.tenant_id, claim.pin.partition("@")[0], claim.principal, step.key, tool.name),
        arguments=written,
        idempotency_key=dispatched(step).get("idempotency_key", f"{claim.run_id}:{step.key}"),
        agent=branch.agent or None,
        engagement_id=claim.engagement_id,
        cost=cost,
        tokens=tokens,
        confidence=branch.confidence,
        marks=branch.marks | ({Mark.PERSONAL} if claim.personal else set()),
        at=turn.now(),
    )
    return Intent(action, value, refused or without_form or undecidable, shown, found)


async def _guarded(
    turn: Turn, branch: Branch, step: Step, tool: Actor[Any, Any], value: Any, arguments: bytes
) -> tuple[Passed, Any, bytes, str]:
    """What the guard says of the arguments; the value and the arguments restored; why they may not pass."""
    if isinstance(turn.services.guard, Unguarded):
        return Passed(arguments), value, arguments, ""
    try:
        found = await passed(turn, Inlet.TOOL_ARGUMENTS, step.key, arguments)
    except Blocked as error:
        kept_back = b'"kept back by a guard"'
        return Passed(kept_back, told=error.told), value, kept_back, error.message
    branch.consume(found.marks)
    try:
        given = await restored(turn, found.data)
        if given != arguments:
            value = tool.signature.parse_input(given)
    except (Erased, WrongType) as error:
        return found, value, found.data, f"The arguments could not be restored: {error.message}"
    return found, value, (found.data if given == found.data else given), ""


def _canonical(tool: Actor[Any, Any], arguments: bytes) -> tuple[bytes, str]:
    """Arguments in canonical JSON; as they are where there is none, and why."""
    try:
        return canonical.rfc8785(canonical.exact(tool.signature.comparable(arguments))), ""
    except ValueError as error:
        return arguments, f"The arguments have no canonical form ({error})."


async def informed(turn: Turn, tool: Actor[Any, Any], intent: Intent) -> Intent:
    """The intent with what trusted code knows now of the thing that it is about.

    Where that cannot be told, the action cannot be decided on.
    """
    if tool.facts is None or tool.facts_type is None or intent.undecidable:
        return intent
    try:
        with turn.working():
            async with asyncio.timeout(turn.services.step_timeout):
                if inspect.iscoroutinefunction(tool.facts):
                    found = await tool.facts(intent.action, intent.value)
                else:
                    found = await turn.in_thread(tool.facts, intent.action, intent.value)
        facts = tool.facts_type.dump_json(tool.facts_type.validate_python(found))
    except DatabaseUnavailable as error:
        raise turn.breaks(TurnLost(str(error))) from error
    except ValidationError as error:  # whose own words quote the facts
        places = {".".join(map(str, fault["loc"])) for fault in error.errors()}
        told = f"The facts about {tool.name} are not of their type: {', '.join(sorted(places))}."
        return intent._replace(undecidable=told)
    except Exception as error:  # noqa: BLE001 - recorded as the reason of the denial
        turn.check()
        told = f"The facts about {tool.name} could not be told ({type(error).__name__}: {error})."
        return intent._replace(undecidable=told)
    return intent._replace(action=replace(intent.action, facts=facts))


async def edited(turn: Turn, branch: Branch, step: Step, tool: Actor[Any, Any], arguments: str) -> Intent:
    """The action that somebody's `arguments` make of it; raises `WrongType` where the tool takes no such."""
    signature = tool.signature
    if not signature.takes_value:
        raise WrongType(f"{tool.name} takes no arguments.")
    value, written = signature.read_input(signature.parse_input(arguments.encode()))
    return await intended(turn, branch, step, tool, value, written)


def dispatched(step: Step) -> dict[str, Any]:
    """What the entry says by which a call was dispatched whose outcome is not known; {} where none was.

    In a fork it may be the parent's call, under the parent's idempotency key.
    """
    dispatch = step.entries.get(Kind.DISPATCH)
    return {} if dispatch is None else dict(orjson.loads(decode(dispatch.codec, dispatch.payload)))


def _told(tool: Actor[Any, Any], value: Any) -> tuple[tuple[Money | None, int], str]:
    """What the tool says of its cost and its tokens, and why that cannot be told."""
    try:
        cost = None if tool.cost is None else _checked(tool.cost(value), Money, f"The cost of {tool.name}")
        tokens = 0 if tool.tokens is None else _checked(tool.tokens(value), int, f"The tokens of {tool.name}")
    except WrongType as error:
        return (None, 0), error.message
    except Exception as error:  # noqa: BLE001 - recorded as the reason of the denial
        return (None, 0), f"The cost of {tool.name} could not be told ({type(error).__name__}: {error})."
    if tokens < 0:
        return (None, 0), f"The tokens of {tool.name} are {tokens}, less than none."
    return (cost, tokens), ""


def _checked(told: object, kind: type[T], what: str) -> T:
    if not isinstance(told, kind):
        raise WrongType(f"{what} is {type(told).__name__}, not {kind.__name__}.")
    return told
