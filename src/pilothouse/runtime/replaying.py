"""The replay check: would a workflow's code take the way that a journal records? Nothing is done or written.

The code is called as for a turn, and stands still wherever the journal ends. Agents are entered only where
the journal holds steps inside them, and left with the last of these; tools are never called.
"""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.context import Context
from pilothouse.runtime.entries import Entry, PayloadUnreadable
from pilothouse.runtime.errors import Interrupt, LoopBlocked, NonDeterminismError, WrongType
from pilothouse.runtime.governing import Action, Decision, Unwitnessed
from pilothouse.runtime.history import History, Step
from pilothouse.runtime.observing import Unobserved
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.store import Claim, TurnEnd
from pilothouse.runtime.switches import Unswitched
from pilothouse.runtime.turn import Services, Turn
from pilothouse.runtime.workflows import Workflow

T = TypeVar("T")

LIMIT = 5.0
"""Seconds that a check may take by default."""

GRACE = 0.5
"""Seconds that code which was told to stop has for it, before its thread is left to itself."""


class Misfit(NamedTuple):
    """What does not fit, and the key of the recorded step at which it shows ("" where it is none)."""

    reason: str
    step: str = ""


async def misfit(
    workflow: Workflow, journal: Sequence[Entry], claim: Claim, services: Services, *, limit: float = LIMIT
) -> Misfit | None:
    """The first difference between `workflow` and `journal`; None where they fit.

    The code runs in a thread of its own for at most `limit` seconds: one that takes longer, or blocks, does
    not fit. `claim` names the run; nothing is claimed.
    """
    try:
        history = History(journal)
    except PayloadUnreadable as error:
        return Misfit(str(error))
    checking = _Checking(workflow, history, claim, services, limit)
    return await checking.result()


class _Checking:
    """One check in its thread, which is a daemon: code that cannot be stopped does not hold the process."""

    def __init__(
        self, workflow: Workflow, history: History, claim: Claim, services: Services, limit: float
    ) -> None:
        self._workflow = workflow
        self._history = history
        self._claim = claim
        self._services = services
        self._limit = limit
        self._future: Future[Misfit | None] = Future()
        self._thread = threading.Thread(target=self._run, name="pilothouse-replay-check", daemon=True)
        self._stopping = threading.Lock()
        self._in_code = False  # whether the thread runs the workflow's code, not its loop's

    async def result(self) -> Misfit | None:
        self._thread.start()
        try:
            async with asyncio.timeout(self._limit + GRACE):
                return await asyncio.shield(asyncio.wrap_future(self._future))
        except TimeoutError:
            self._stop()
            return self._too_slow()

    def _stop(self) -> None:
        """Interrupt the code where it runs; a loop that turns ends by itself, and must not be interrupted."""
        with self._stopping:
            if self._in_code:
                thread = ctypes.c_ulong(self._thread.ident or 0)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(LoopBlocked))

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within this, and not a moment longer, `_stop` interrupts."""
        self._in_code = True
        try:
            yield
        finally:
            with self._stopping:  # what was sent arrives here at the latest
                self._in_code = False

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        try:
            try:
                found = loop.run_until_complete(self._checked())
            finally:
                _end(loop)
        except BaseException as error:  # noqa: BLE001 - the one who waits is told
            self._future.set_exception(error)
        else:
            self._future.set_result(found)

    def _task(self, loop: asyncio.AbstractEventLoop, code: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(_Interruptible(code, self), loop=loop, **options)

    async def _checked(self) -> Misfit | None:
        turn = _Turn(self._claim, self._history, _powerless(self._services))
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self._task)  # from here on: what is written here must not be interrupted
        task = loop.create_task(_call(turn, self._workflow))
        done, _ = await asyncio.wait([task], timeout=self._limit)
        if not done:
            task.cancel()
            await asyncio.wait([task], timeout=GRACE)
            return self._too_slow()
        return _judged(turn, task)

    def _too_slow(self) -> Misfit:
        return Misfit(f"The workflow's code did not get through the journal within {self._limit:g} s.")


class _Interruptible(Coroutine[Any, Any, T]):
    """A coroutine of the checked code, which may be interrupted while it runs and not while it waits."""

    def __init__(self, code: Coroutine[Any, Any, T], checking: _Checking) -> None:
        self._code = code
        self._checking = checking

    def __await__(self) -> Generator[Any, None, T]:
        return self._code.__await__()

    def send(self, value: Any) -> Any:
        with self._checking.interruptible():
            return self._code.send(value)

    def throw(self, *error: Any) -> Any:
        with self._checking.interruptible():
            return self._code.throw(*error)

    def close(self) -> None:
        self._code.close()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop, whose tasks get `GRACE` to end: one that was interrupted in asyncio's code may never."""
    loop.set_task_factory(None)
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=GRACE))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _call(turn: Turn, workflow: Workflow) -> None:
    current.set(turn.root)
    signature = workflow.signature
    value = signature.parse_input(turn.history.input) if signature.takes_value else None
    await workflow.function(Context(turn), *signature.arguments(value))
    turn.close(turn.root)


def _judged(turn: Turn, task: asyncio.Future[None]) -> Misfit | None:
    """What the end of the code means: it may wait, end or fail, but not before the journal does."""
    error = None if task.cancelled() else task.exception()
    if isinstance(turn.broken, NonDeterminismError):
        return Misfit(turn.broken.message, turn.broken.step)
    if isinstance(error, WrongType) and not turn.root.position:
        return Misfit(error.message)
    if not turn.root.replaying:
        return None
    left = turn.root.following
    if error is None or isinstance(error, Interrupt):
        return Misfit(f"The code stands still before step {left}, which the journal has.", left)
    return Misfit(f"The code fails before step {left}, which the journal has: {error}", left)


class _Turn(Turn):
    """A turn that goes as far as the journal does."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._entered: set[Branch] = set()  # scopes of agents that have not ended by the journal

    def meet(
        self, branch: Branch, name: str, verb: str, digest: bytes | None, key: str | None = None
    ) -> Step:
        """As a turn's, but the branch stands still at what is not recorded."""
        recorded = branch.replaying
        step = super().meet(branch, name, verb, digest, key)
        if not recorded or (self._leaves(branch) and not _has_steps_inside(step)):
            raise branch.suspend()
        return step

    async def append(
        self,
        *entries: Entry,
        end: TurnEnd | None = None,
        beside: Sequence[Statement] = (),
        unless_woken: bool = False,
    ) -> str:
        """What is to be written is new: the branch stands still."""
        raise current.get().suspend()

    def note(self, entry: Entry) -> None:
        """Nothing is written."""

    async def flush(self) -> None:
        """Nothing is written."""

    async def timed(
        self, key: str, work: Callable[[], Awaitable[T]], limit: float | None, by: tuple[str, str]
    ) -> T:
        """Enter an agent in which something is recorded; stand still before anything else."""
        branch = current.get()
        if branch.leaf is not None or not branch.replaying:
            raise branch.suspend()
        self._entered.add(branch)
        return await work()

    def _leaves(self, branch: Branch) -> bool:
        """Whether the journal holds nothing more of the agent that `branch` lies in: what follows is new."""
        at: Branch | None = branch
        while at is not None and not at.replaying:
            if at in self._entered:
                return True
            at = at.parent
        return False


def _has_steps_inside(step: Step) -> bool:
    return step.verb == "gather" or (step.verb == "call" and step.outcome is None)


def _powerless(services: Services) -> Services:
    """The services of a turn that decides nothing, keeps nothing and acts on nothing."""
    return replace(
        services,
        governor=_Undecided(),
        artifacts=_Nowhere(),
        lease=_Held(),
        observer=Unobserved(),
        switches=Unswitched(),
        witness=Unwitnessed(),
    )


class _Undecided:
    async def decide(self, action: Action) -> Decision:
        raise current.get().suspend()

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        raise current.get().suspend()

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        raise current.get().suspend()


class _Nowhere:
    async def put(self, tenant_id: str, sha256: str, content: bytes) -> None:
        raise current.get().suspend()


class _Held:
    def valid(self) -> bool:
        return True
