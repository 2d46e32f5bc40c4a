"""`ctx.act`: the only way to a side effect. Decided, journalled as dispatched, called, journalled as done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import orjson

from pilothouse.errors import DatabaseUnavailable, InvalidInput
from pilothouse.kit import canonical
from pilothouse.runtime import approving, unknown_outcomes
from pilothouse.runtime.branch import NO_MARKS, Branch, current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import Declined, Denied, Failure, Fenced, Refused, StepFailed, TurnLost
from pilothouse.runtime.failures import as_error, failure_of, is_own, raised, read_failure
from pilothouse.runtime.governing import Action, Decision, Mark, Spent, Verdict, marks_of, names_of
from pilothouse.runtime.guarding import Blocked, Inlet, Passed
from pilothouse.runtime.history import Step
from pilothouse.runtime.intending import Intent, dispatched, edited, informed, intended
from pilothouse.runtime.passing import passed, passed_failure, taken_by
from pilothouse.runtime.ports import Actor, Statement
from pilothouse.runtime.turn import Turn

acting_on: ContextVar[Action | None] = ContextVar("pilothouse_action", default=None)
"""The action that the running tool performs."""


@dataclass
class Account:
    """What the running tool has told of its call: what it took, and what is written beside the outcome."""

    spent: Spent | None = None
    beside: list[Statement] = field(default_factory=list)


_account: ContextVar[Account | None] = ContextVar("pilothouse_account", default=None)


def account() -> Account:
    """The account of the running tool. Raises `InvalidInput` outside of one."""
    found = _account.get()
    if found is None:
        raise InvalidInput("ctx.spent is for tools: only what ctx.act calls has an account.")
    return found


_RESULT = b'{"result":'
_MARKED = b'{"marks":'
_AND_RESULT = b',"result":'


async def act(turn: Turn, tool: Actor[Any, Any], value: Any, ctx: Any, *, key: str | None = None) -> Any:
    """The tool's result. Raises `Denied` where the governor says so, `StepFailed` where the tool failed.

    Where the governor requires approvals, the turn is suspended until they are there; raises `Refused` where
    somebody refused, or nobody approved in time.
    """
    turn.check()
    branch = current.get()
    signature = tool.signature
    value, arguments = signature.read_input(value)
    step = turn.meet(branch, tool.name, "act", canonical.digest(signature.comparable(arguments)), key)
    if step.dispatches and not tool.idempotent:
        branch.has_acted()
    if step.outcome is not None:
        return _recorded(tool, step.outcome, branch)
    dispatch = dispatched(step)
    if (changed := dispatch.get("arguments")) is not None:  # it was somebody's edit that was dispatched
        intent = await edited(turn, branch, step, tool, changed)
    else:
        intent = await intended(turn, branch, step, tool, value, arguments)
    doing = _Doing(turn, branch, step, tool)
    if dispatch and not tool.idempotent:
        scope = branch.inside(f"{step.key}/{step.dispatches}")  # each lost call is asked about anew
        try:
            resolved = await unknown_outcomes.resolve(turn, tool, scope)
        except StepFailed as error:
            return await doing.fail(intent.action, error.failure)
        if resolved is not None:
            return await doing.succeed(intent.action, Passed(resolved))
        intent = await doing.dispatch(intent, edited_before=changed is not None)
    elif not dispatch:
        intent = await doing.dispatch(intent)
    return await doing.perform(intent.action, lambda: tool.perform(ctx, intent.value))


class _Doing:
    """One act on its way from intent to outcome."""

    def __init__(self, turn: Turn, branch: Branch, step: Step, tool: Actor[Any, Any]) -> None:
        self._turn, self._branch, self._step, self._tool = turn, branch, step, tool

    async def dispatch(self, intent: Intent, *, edited_before: bool = False) -> Intent:
        """Journal that it is called, once it may be; returns the action as people have left it.

        Where another action has taken meanwhile what this one was to reserve, it is decided once more.
        """
        try:
            return await self._dispatch(intent, edited_before=edited_before)
        except Declined:
            pass
        try:
            return await self._dispatch(intent, edited_before=edited_before)
        except Declined as error:
            found = await approving.standing(self._turn, self._branch, self._step, self._tool, intent)
            denial = Decision(verdict=Verdict.DENY, reasons=error.reasons, policies=error.sources)
            return await self._deny(found, denial)

    async def _dispatch(self, intent: Intent, *, edited_before: bool) -> Intent:
        turn, step = self._turn, self._step
        if self._branch.abandoned:  # it waited for an approval when its gather failed
            raise self._branch.suspend()
        _assert_lease(turn, intent.action)
        found = await approving.standing(turn, self._branch, step, self._tool, intent)
        intent = await informed(turn, self._tool, found.intent)
        action = intent.action
        if found.refusal is not None:
            await self._refused(found, Refused(found.refusal))
        decision = await self._decided(intent)
        needed = approving.missing(turn, found, decision)
        if needed and decision.verdict is Verdict.APPROVAL:
            waiting = await approving.ask(turn, self._branch, step, found, decision, needed)
            if isinstance(waiting, Refused):
                await self._refused(found, waiting)
            raise waiting
        if decision.verdict is Verdict.APPROVAL:
            decision = decision.model_copy(update={"verdict": Verdict.ALLOW})
        if not decision.allows:
            await self._deny(found, decision)
        try:
            beside = await self._recorded(action, decision)
        except Exception as error:  # noqa: BLE001 - recorded as the reason of the denial
            turn.check()
            await self._deny(found, _not_decided(error))
        withdrawn, closed = await approving.closing(turn, found)
        said: dict[str, Any] = {
            "decision": decision.model_dump(mode="json"),
            "idempotency_key": action.idempotency_key,
        }
        if found.is_edited or edited_before:
            said["arguments"] = intent.shown.decode()
        if used := [each for each in found.approved if each.digest == action.digest]:
            said["digest"] = action.digest
            said["approvals"] = [
                {"roles": sorted(each.roles), "by": each.by, "question": each.question} for each in used
            ]
        entry = Entry(Kind.DISPATCH, step.key, orjson.dumps(said), step.digest)
        beside = (*beside, *closed, *intent.guarded.beside)
        await turn.append(*withdrawn, entry, beside=beside, unless_woken=bool(closed))
        if not self._tool.idempotent:
            self._branch.has_acted()
        return intent

    async def _deny(self, found: approving.Standing, decision: Decision) -> NoReturn:
        """Journal the denial, and raise it."""
        await self._ended(found, decision, Denied(_denial(found.intent.action, decision)))

    async def _ended(
        self, found: approving.Standing, decision: Decision, error: Denied | Refused
    ) -> NoReturn:
        """Journal that it is not called, and raise why. A governor that cannot record it breaks the turn."""
        try:
            beside = await self._recorded(found.intent.action, decision)
        except Exception as broken:
            self._turn.breaks(broken)
            raise
        withdrawn, closed = await approving.closing(self._turn, found)
        failure, said = await passed_failure(self._turn, Inlet.OUTPUT, failure_of(error, self._step.key))
        entry = self._outcome(failure=failure)
        beside = (*beside, *closed, *found.intent.guarded.beside, *said.beside)
        await self._turn.append(*withdrawn, entry, beside=beside, unless_woken=bool(closed))
        raise raised(failure)

    async def _decided(self, intent: Intent) -> Decision:
        """The governor's decision; an error of its own is a denial."""
        if intent.undecidable:
            return Decision(verdict=Verdict.DENY, reasons=(intent.undecidable,))
        try:
            with self._turn.working():
                decision = await self._turn.services.governor.decide(intent.action)
        except DatabaseUnavailable as error:
            raise self._turn.breaks(TurnLost(str(error))) from error
        except Exception as error:  # noqa: BLE001 - recorded as the reason of the denial
            self._turn.check()
            return _not_decided(error)
        if decision.verdict is Verdict.APPROVAL and not decision.requirements:
            reason = "An approval is required, and no role is named that could give it."
            return decision.model_copy(
                update={"verdict": Verdict.DENY, "reasons": (*decision.reasons, reason)}
            )
        return decision

    async def _recorded(self, action: Action, decision: Decision) -> Sequence[Statement]:
        """What the governor wants written beside the append that the decision leads to."""
        try:
            with self._turn.working():
                return await self._turn.services.governor.record(action, decision)
        except DatabaseUnavailable as error:
            raise self._turn.breaks(TurnLost(str(error))) from error

    async def _refused(self, found: approving.Standing, error: Refused) -> NoReturn:
        """Journal that people refused, or that nobody approved in time: to the governor it is a denial."""
        await self._ended(found, Decision(verdict=Verdict.DENY, reasons=(error.message,)), error)

    async def perform(self, action: Action, perform: Callable[[], Awaitable[Any]]) -> Any:
        """Call the tool, and journal what comes of it."""
        turn, tool, step = self._turn, self._tool, self._step
        _assert_lease(turn, action)
        scope = self._branch.inside(step.key)
        scope.leaf = tool.name
        told = Account()
        in_branch, in_action, in_account = current.set(scope), acting_on.set(action), _account.set(told)
        try:
            result = await turn.timed(step.key, perform, tool.timeout, ("tool", tool.name))
            written = tool.signature.dump_output(result)
            tool.signature.parse_output(written)
            inlet = tool.inlet
            ours = inlet is not Inlet.TOOL_RESULT  # a model knows the run's placeholders
            found = await passed(turn, inlet, step.key, written, taken_by(tool.signature), ours=ours)
        except BaseException as error:
            if not is_own(error):
                raise
            turn.check()
            action = replace(action, spent=told.spent)
            return await self.fail(action, failure_of(as_error(error), step.key), error, beside=told.beside)
        finally:
            current.reset(in_branch)
            acting_on.reset(in_action)
            _account.reset(in_account)
        return await self.succeed(replace(action, spent=told.spent), found, beside=told.beside)

    async def succeed(self, action: Action, found: Passed, *, beside: Sequence[Statement] = ()) -> Any:
        """Journal the result, and what the governor settles with it."""
        beside = (*await self._settled(action, succeeded=True), *beside)
        outcome = self._outcome(result=found.data, marks=found.marks)
        await self._turn.append(outcome, beside=(*beside, *found.beside))
        return _recorded(self._tool, outcome, self._branch)

    async def fail(
        self,
        action: Action,
        failure: Failure,
        cause: BaseException | None = None,
        *,
        beside: Sequence[Statement] = (),
    ) -> Any:
        """Journal the failure, and what the governor settles with it."""
        failure, said = await passed_failure(self._turn, self._tool.inlet, failure)
        failure = failure.model_copy(update={"marks": self._marks(said.marks)})
        told = cause.told if isinstance(cause, Blocked) else ()
        beside = (*await self._settled(action, succeeded=False), *beside, *told, *said.beside)
        await self._turn.append(self._outcome(failure=failure), beside=beside)
        self._branch.consume(marks_of(failure.marks))
        raise raised(failure) from cause

    async def _settled(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        """What the governor writes beside the outcome. An error breaks the turn."""
        try:
            with self._turn.working():
                return await self._turn.services.governor.settle(action, succeeded=succeeded)
        except DatabaseUnavailable as error:
            raise self._turn.breaks(TurnLost(str(error))) from error
        except Exception as error:
            self._turn.breaks(error)
            raise

    def _marks(self, found: frozenset[Mark]) -> tuple[str, ...]:
        """The marks of what the tool has said."""
        return names_of(found | ({Mark.UNTRUSTED} if self._tool.from_outside else set()))

    def _outcome(
        self,
        *,
        result: bytes | None = None,
        failure: Failure | None = None,
        marks: frozenset[Mark] = NO_MARKS,
    ) -> Entry:
        if failure is not None:
            payload = b'{"failure":' + failure.model_dump_json().encode() + b"}"
        elif names := self._marks(marks):
            payload = b'{"marks":' + orjson.dumps(names) + _AND_RESULT + (result or b"null") + b"}"
        else:
            payload = _RESULT + (result or b"null") + b"}"
        return Entry(Kind.OUTCOME, self._step.key, payload, self._step.digest)


def _assert_lease(turn: Turn, action: Action) -> None:
    """The last moment at which another owner can be ruled out."""
    if not turn.services.lease.valid():
        raise turn.breaks(
            Fenced(f"The lease of run {action.run_id} ran out before {action.tool} was called.")
        )


def _recorded(tool: Actor[Any, Any], outcome: Entry, branch: Branch) -> Any:
    payload = decode(outcome.codec, outcome.payload)
    if payload.startswith(b'{"failure":'):
        failure = read_failure(outcome._replace(codec=0, payload=payload[11:-1]))
        branch.consume(marks_of(failure.marks))
        raise raised(failure)
    marks: Sequence[str] = ()
    written = payload[len(_RESULT) : -1]
    if payload.startswith(_MARKED):
        names, _, written = payload[len(_MARKED) : -1].partition(_AND_RESULT)
        marks = orjson.loads(names)
    value = tool.signature.output.validate_json(written)
    branch.consume(marks_of(marks))
    if not marks and Mark.UNTRUSTED not in branch.marks:
        branch.known |= tool.signature.ids_in(value)
    return value


def _not_decided(error: Exception) -> Decision:
    reason = f"The action could not be decided on ({type(error).__name__}: {error})."
    return Decision(verdict=Verdict.DENY, reasons=(reason,))


def _denial(action: Action, decision: Decision) -> str:
    return f"{action.tool} was denied: {' '.join(decision.reasons) or 'no reason was given.'}"
