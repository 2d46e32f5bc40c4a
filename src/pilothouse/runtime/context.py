"""The context: the verbs that a workflow and its agents use."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import uuid
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any, TypeVar, overload

from pilothouse.errors import InvalidInput
from pilothouse.kit import canonical
from pilothouse.kit.money import Money
from pilothouse.runtime import acting, asking, calling, gathering, noting, opening, saving, sleeping, trusting
from pilothouse.runtime.branch import current, fallen, producing
from pilothouse.runtime.cards import Progress, ReasonCard
from pilothouse.runtime.emitting import Unread, written
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.errors import ContinuedAsNew
from pilothouse.runtime.governing import Mark, Spent
from pilothouse.runtime.guarding import Unguarded
from pilothouse.runtime.ports import Actor, Artifact, Callee
from pilothouse.runtime.questions import Question, approvers
from pilothouse.runtime.signature import Answer
from pilothouse.runtime.turn import Turn
from pilothouse.runtime.uploaded import Upload

I = TypeVar("I")  # noqa: E741 - the input of an agent
O = TypeVar("O")  # noqa: E741 - its output
T = TypeVar("T")


class Emitted:
    """Something that was put on the record. Awaiting it waits until it is committed; nothing has to."""

    def __init__(self, turn: Turn) -> None:
        """What was emitted lies in the turn's pending entries."""
        self._turn = turn

    def __await__(self) -> Generator[Any, None, None]:
        return self._turn.flush().__await__()


class Context:
    """What a workflow, an agent or a tool may do. The same object throughout a turn.

    Everything that comes from outside passes through it, and is journalled, so that a run that is
    executed again from the top takes the same way.
    """

    def __init__(self, turn: Turn) -> None:
        """The context of one turn of a run."""
        self._turn = turn

    @property
    def run_id(self) -> uuid.UUID:
        """The run's id."""
        return self._turn.run_id

    @property
    def tenant_id(self) -> str:
        """The tenant the run belongs to."""
        return self._turn.claim.tenant_id

    @property
    def principal(self) -> str:
        """Who submitted the run."""
        return self._turn.claim.principal

    @property
    def idempotency_key(self) -> str:
        """Inside a tool: a key for its call, the same at every attempt. Raises `InvalidInput` elsewhere."""
        action = acting.acting_on.get()
        if action is None:
            raise InvalidInput("ctx.idempotency_key is for tools: only ctx.act gives one.")
        return action.idempotency_key

    @overload
    async def call(
        self, agent: Callee[None, O], /, *, key: str | None = None, timeout: float | None = None
    ) -> O: ...
    @overload
    async def call(
        self, agent: Callee[I, O], value: I, /, *, key: str | None = None, timeout: float | None = None
    ) -> O: ...
    async def call(
        self,
        agent: Callee[Any, Any],
        value: Any = None,
        /,
        *,
        key: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """The agent's output for `value`. `timeout` is in seconds.

        Raises `StepFailed` where every rung failed, alike at each replay.
        """
        return (await self.answer_of(agent, value, key=key, timeout=timeout)).value

    async def answer_of(
        self,
        agent: Callee[I, O],
        value: I,
        /,
        *,
        key: str | None = None,
        timeout: float | None = None,
    ) -> Answer[O]:
        """As `call`, with what produced the output: the rung, and the rungs that failed before it."""
        turn = self._turn
        return await calling.call(
            turn, agent, value, lambda given: agent.perform(self, given), key=key, limit=timeout
        )

    @overload
    async def act(self, tool: Actor[None, T], /, *, key: str | None = None) -> T: ...
    @overload
    async def act(self, tool: Actor[I, T], value: I, /, *, key: str | None = None) -> T: ...
    async def act(self, tool: Actor[Any, Any], value: Any = None, /, *, key: str | None = None) -> Any:
        """The tool's result, once the governor has allowed the action.

        Where it takes approvals, the run waits for them, holding nothing. Raises `Denied` where it was not
        allowed, `Refused` where a person refused or nobody approved in time, `StepFailed` where the tool
        failed.
        """
        self._turn.check()
        current.get().insist_on_acting(tool.name)
        return await acting.act(self._turn, tool, value, self, key=key)

    def spent(self, *, cost: Money | None = None, tokens: int | None = None) -> None:
        """Inside a tool: what its call took indeed, in the place of what the tool said before.

        It is settled so also where the tool fails afterwards. Raises `InvalidInput` elsewhere.
        """
        acting.account().spent = Spent(cost, tokens)

    async def ask(
        self,
        prompt: str,
        *,
        choices: Sequence[str] = (),
        free: bool = False,
        default: str | None = None,
        why: str = "",
        default_assumes: str = "",
        expires_after: dt.timedelta | None = None,
        role: str | None = None,
        untrusted: bool = False,
        key: str | None = None,
    ) -> str:
        """A person's answer: one of `choices`, or any text where there are none or where it is `free`.

        After `expires_after` the default is taken; without one, `Expired` is raised. With `role`, such as
        `finance`, only those answer who have the role `approver:finance` or `admin`; raises `InvalidInput`
        where it is no name of approvers. `untrusted` says that the answer is data from outside, such as a
        customer's message.
        """
        question = Question(
            prompt=prompt,
            choices=tuple(choices),
            free=free,
            default=default,
            why=why,
            default_assumes=default_assumes,
            role=None if role is None else approvers(role),
            untrusted=untrusted,
        )
        return await asking.ask(self._turn, question, expires_after=expires_after, key=key)

    async def trust(self, value: T, *, why: str, key: str | None = None) -> T:
        """`value`, vouched for: what this code has consumed from outside no longer marks it `untrusted`.

        It is journalled, and goes to the record with the reason `why`. Code that still holds anything else
        from outside has to see to it by itself. Raises `InvalidInput` without a reason.
        """
        return await trusting.trust(self._turn, value, why, key=key)

    @property
    def marks(self) -> frozenset[Mark]:
        """What is known of the origin of what this code has consumed so far."""
        return current.get().marks

    async def save(
        self, name: str, content: str | bytes, *, media_type: str | None = None, key: str | None = None
    ) -> Artifact:
        """Keep `content` as an artifact called `name` (one plain file name)."""
        return await saving.save(self._turn, name, content, media_type=media_type, key=key)

    async def open(self, upload: Upload, *, key: str | None = None) -> opening.OpenUpload:
        """An upload of the run's tenant, to be read: what the run was given as `Upload`.

        Raises `StepFailed` where it is not there.
        """
        return await opening.open_upload(self._turn, upload, key=key)

    async def sleep(self, duration: dt.timedelta | float, *, key: str | None = None) -> None:
        """Go on after `duration` (seconds, if a number). Nothing is held meanwhile."""
        if not isinstance(duration, dt.timedelta):
            duration = dt.timedelta(seconds=duration)
        await sleeping.sleep(self._turn, duration, key=key)

    def emit(self, item: ReasonCard | Progress) -> Emitted:
        """Put a reason card or progress on the record; also from a thread.

        It is written with the next step, or after a moment; `await` it where it must be there first. What
        is said may differ at a replay: it is recorded once more then, and nothing else comes of it.
        """
        turn, branch = self._turn, current.get()
        turn.check()
        key = branch.mention("emit")
        if isinstance(item, ReasonCard):
            if "confidence" in item.model_fields_set:
                branch.confidence = item.confidence
            item = item.model_copy(
                update={
                    "agent": item.agent or branch.agent,
                    "produced_by": item.produced_by or producing.get(),
                    "failed": item.failed or fallen.get(),
                }
            )
        payload = written(item)
        digest = canonical.digest(payload)
        if not branch.abandoned and turn.history.told.get(key) != digest:
            guarded = not isinstance(turn.services.guard, Unguarded)
            turn.note((Unread if guarded else Entry)(Kind.EMITTED, key, payload, digest))
        return Emitted(turn)

    def delta(self, text: str) -> None:
        """Show a piece of an agent's answer to whoever watches the run, while it is made; also from a thread.

        It is live only and journalled nowhere: what the agent returns takes its place. It costs nothing while
        nobody watches. Raises `InvalidInput` outside an agent.
        """
        turn, branch = self._turn, current.get()
        turn.check()
        if branch.leaf is not None or not branch.agent:
            message = "ctx.delta is for agents: what it shows is a piece of an agent's answer."
            raise InvalidInput(message, hint="ctx.emit(Progress(...)) tells how far a workflow or tool is.")
        if text and not branch.replaying and turn.services.guard.shows(turn.claim.tenant_id):
            turn.say(branch.path, text)

    async def gather(self, *work: Awaitable[Any]) -> list[Any]:
        """The results of several verbs or coroutines at once, in their order.

        All settle; then the first failure by position is raised.
        """
        return await gathering.gather(self._turn, work)

    def now(self) -> dt.datetime:
        """The time in UTC: told once, and the same at every replay."""
        return noting.now(self._turn)

    def flag(self, name: str, subject: str = "", *, key: str | None = None) -> bool:
        """Whether a feature flag is on: told once, and the same at every replay.

        A flag with a percentage is on for that share of subjects, such as customers; without one, of runs.
        Raises `InvalidInput` where nothing can have this name; a flag that nobody has set is off.
        """
        return noting.flag(self._turn, name, subject, key)

    def random(self) -> random.Random:
        """A source of random numbers that gives the same ones at every replay."""
        return random.Random(self._seed("random"))  # noqa: S311 - reproducible, not secret

    def id(self) -> uuid.UUID:
        """An id that is the same at every replay (a UUIDv8 made of the run and the place in it)."""
        bits = int.from_bytes(self._seed("id"), "big")
        return uuid.UUID(int=bits & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0b10 << 62)

    async def in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        """Run something slow in a thread, with this code's context variables."""
        return await self._turn.in_thread(function, *arguments)

    def continue_as_new(self, value: Any = None) -> None:
        """End this run and go on as a new one with `value` as its input and a fresh journal.

        For loops without an end: the journal of one run stays short. Does not return.
        """
        self._turn.check()
        if (waits := current.get().waits) is not None:
            raise waits
        raise self._turn.breaks(ContinuedAsNew(value))

    def _seed(self, name: str) -> bytes:
        branch = current.get()
        origin = self._turn.history.origin or self.run_id  # a fork draws what its parent drew
        place = f"{origin}/{branch.path}/{branch.count(name)}"
        return hashlib.blake2b(place.encode(), digest_size=16).digest()


def turn_of(ctx: Context) -> Turn:
    """The turn behind a context: for the parts of an agent's ladder, which work below the verbs."""
    return ctx._turn  # noqa: SLF001 - the same module
