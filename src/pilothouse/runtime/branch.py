"""A branch: one straight line of verbs in a run, checked against what the journal recorded for it.

The workflow is the first branch; each agent's scope and each argument of `gather` is one of its own, so
that what happens in one never shifts the numbering of another.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from contextvars import ContextVar

from pilothouse.errors import InvalidInput
from pilothouse.runtime.errors import AlreadyActed, NonDeterminismError, Suspended
from pilothouse.runtime.governing import Mark
from pilothouse.runtime.history import History, Step

current: ContextVar[Branch] = ContextVar("pilothouse_branch")
"""The branch that the running code stands in."""

producing: ContextVar[str] = ContextVar("pilothouse_producing", default="")
"""The rung of an agent's ladder that the running code is."""

fallen: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("pilothouse_fallen", default=())
"""The rungs that had failed before that one, each with the reason."""

DEPLOY = (
    "Undo the change, or register it as a new version (@workflow(..., version=N)) beside the old one; "
    "nothing that was journalled is lost, and `pilothouse retry` goes on from there."
)
"""What to do about a difference between code and journal."""

NO_MARKS: frozenset[Mark] = frozenset()

_NAME_OF = re.compile("[#:]")


class Branch:
    """A position in one branch of the history.

    `abandoned` branches were left behind by a gather that failed: they replay what they did and
    then stand still. `leaf` names the tool whose body this is: verbs with effects are not for it.
    `is_arm` says that this is one argument of a gather: when it waits, its siblings go on. `waits` is the
    interrupt that a branch which has to wait was told so with.

    `marks` is what is known of the origin of what the branch has consumed, beginning with what its parent
    had; `confidence` is that of the answer it consumed last, where it has one, and `known` holds the ids that
    it found in trusted records. `rung` is the place in its agent's ladder that is tried, and `acted` the
    first one that has dispatched an action which is not to be repeated.
    """

    __slots__ = (
        "_counts",
        "_history",
        "_recorded",
        "_used",
        "abandoned",
        "acted",
        "confidence",
        "first_rung",
        "is_arm",
        "known",
        "leaf",
        "marks",
        "on_tried",
        "parent",
        "path",
        "position",
        "rung",
        "waits",
    )

    def __init__(self, history: History, path: str = "", parent: Branch | None = None) -> None:
        """The branch at `path` ("" is the workflow's own)."""
        self.path = path
        self.parent = parent
        self.position = 0
        self.abandoned: bool = parent.abandoned if parent else False
        self.leaf: str | None = None
        self.is_arm = False
        self.first_rung = 0
        self.on_tried: Callable[..., None] | None = None
        self.rung = 0
        self.acted: int | None = None
        self.waits: Suspended | None = None
        self.marks: frozenset[Mark] = parent.marks if parent else NO_MARKS
        self.confidence: float | None = parent.confidence if parent else None
        self.known: frozenset[str] = parent.known if parent else frozenset()
        self._history = history
        self._recorded = history.verbs.get(path, [])
        self._counts: dict[str, int] = {}
        self._used: set[str] = set()

    def inside(self, key: str) -> Branch:
        """The branch of what happens inside the step or branch `key`."""
        return Branch(self._history, key, self)

    def meet(self, name: str, verb: str, digest: bytes | None, explicit: str | None = None) -> Step:
        """The next verb of this branch: its recorded step, or a new one.

        Raises `NonDeterminismError` where the journal has something else at this place or an explicit key
        is used twice, and `InvalidInput` for one that is malformed.
        """
        self._allow(verb)
        component = self._component(name, explicit)
        key = f"{self.path}/{component}" if self.path else component
        if self.position < len(self._recorded):
            return self._match(key, component, verb, digest)
        self._assert_live(key, verb)
        return Step(key, verb, digest)

    def close(self) -> None:
        """The branch ends; raises `NonDeterminismError` where the journal holds more of it.

        Raises `Suspended` again where it was told to wait and went on all the same.
        """
        if self.waits is not None:
            raise self.waits
        if self.position < len(self._recorded):
            left = self._recorded[self.position]
            message = f"The journal has a step {left} in {self._where()}, but the code ended before it."
            raise NonDeterminismError(message, hint=DEPLOY, step=self.following)

    def consume(self, marks: frozenset[Mark]) -> None:
        """Something with these marks has reached the code of this branch."""
        self.marks |= marks

    def has_acted(self) -> None:
        """An action was dispatched that is not to be repeated: no lower rung of any ladder around it acts."""
        branch: Branch | None = self
        while branch is not None:
            if branch.acted is None:
                branch.acted = branch.rung
            branch = branch.parent

    def insist_on_acting(self, tool: str) -> None:
        """Raise `AlreadyActed` where a higher rung has dispatched an action that is not to be repeated."""
        branch: Branch | None = self
        while branch is not None:
            if branch.acted is not None and branch.acted < branch.rung:
                raise AlreadyActed(
                    f"{tool} is not called: a rung above this one of {branch.agent} has acted.",
                    hint="What it did may stand. Answer without acting, or have the workflow act.",
                )
            branch = branch.parent

    @property
    def replaying(self) -> bool:
        """Whether the next verb of this branch is recorded."""
        return self.position < len(self._recorded)

    @property
    def following(self) -> str:
        """The key of the next recorded step of this branch; "" where there is none."""
        if not self.replaying:
            return ""
        component = self._recorded[self.position]
        return f"{self.path}/{component}" if self.path else component

    @property
    def agent(self) -> str:
        """The name of the agent whose scope this is or lies in; "" in the workflow itself."""
        for component in reversed(self.path.split("/")):
            name = _NAME_OF.split(component, 1)[0]
            if not component.isdigit() and name != "gather":
                return name
        return ""

    def count(self, name: str) -> str:
        """The next ordinal of `name` in this branch, as a path component."""
        count = self._counts.get(name, 0)
        self._counts[name] = count + 1
        return f"{name}#{count}"

    def mention(self, name: str) -> str:
        """The key of something that is only told: it has no place in the order of the verbs."""
        self._allow(name)
        component = self.count(name)
        return f"{self.path}/{component}" if self.path else component

    def suspend(self, wake_at: dt.datetime | None = None) -> Suspended:
        """The interrupt to raise where this branch has to wait for a person or until `wake_at`.

        Everything around it waits as well, up to its gather: a verb that is used there all the same,
        because code has swallowed the interrupt, raises it again.
        """
        waits = Suspended(wake_at)
        branch: Branch | None = self
        while branch is not None:
            branch.waits = waits
            branch = None if branch.is_arm else branch.parent
        return waits

    def _allow(self, verb: str) -> None:
        if self.waits is not None:
            raise self.waits
        if self.leaf is not None:
            message = f"The tool {self.leaf} uses ctx.{verb}: a tool is one step and has no steps inside."
            raise InvalidInput(message, hint="Move it to the workflow or to an agent.")

    def _component(self, name: str, explicit: str | None) -> str:
        if explicit is None:
            return self.count(name)
        component = f"{name}:{explicit}"
        if not explicit.isprintable() or "/" in explicit or not 1 <= len(explicit) <= 200:
            message = f"key={explicit[:80]!r} is no step key: 1 to 200 printable characters without '/'."
            raise InvalidInput(message)
        if component in self._used:
            message = f"key={explicit!r} is used twice for {name} in {self._where()}."
            raise NonDeterminismError(message, hint="Give each step a key of its own.")
        self._used.add(component)
        return component

    def _match(self, key: str, component: str, verb: str, digest: bytes | None) -> Step:
        expected = self._recorded[self.position]
        full = f"{self.path}/{expected}" if self.path else expected
        step = self._history.step(full)
        if expected != component or (step is not None and step.verb != verb):
            recorded = f"{step.verb} {expected}" if step else expected
            self._differs(f"the journal has {recorded}, the code asks for {verb} {component}")
        if step is None:  # only steps inside it were recorded
            step = Step(key, verb, digest)
        elif step.digest is not None and step.digest != digest:
            self._differs(f"{verb} {component} has other arguments than the journal recorded")
        self.position += 1
        return step

    def _differs(self, how: str) -> None:
        message = f"Step {self.position + 1} of {self._where()} differs: {how}."
        raise NonDeterminismError(message, hint=DEPLOY, step=self.following)

    def _assert_live(self, key: str, verb: str) -> None:
        if self.abandoned:
            raise self.suspend()
        branch = self.parent
        while branch is not None:
            if branch.replaying:
                left = branch._recorded[branch.position]  # noqa: SLF001 - the same class
                message = f"The code asks for {verb} {key}, where the journal has {left}."
                raise NonDeterminismError(message, hint=DEPLOY, step=branch.following)
            branch = branch.parent

    def _where(self) -> str:
        return f"branch {self.path}" if self.path else "the workflow"
