"""The dependencies of a process, made when they are first asked for: one line for each.

`registry.dependency("openai", Terms(...))` is all that a caller says. What the settings say of a name, or of
a pattern such as `model/*`, goes before what the caller says; what operators have set by hand before both.
"""

from __future__ import annotations

import fnmatch
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.resilience.breaker import Breaker
from pilothouse.resilience.dependency import Dependency
from pilothouse.resilience.faults import is_retryable
from pilothouse.resilience.states import ANSWERED, Event, Faults, Listen, State, Told
from pilothouse.resilience.terms import Terms

MOST = 1_000
"""Dependencies that are remembered; of more, the least recently used that are well are forgotten."""

MakeBreaker = Callable[[str, Terms, Faults], Breaker]
"""Makes a breaker: one that shares its state, for example."""


@dataclass(frozen=True)
class Override:
    """What an operator has set for the breaker of a name."""

    state: State
    reason: str


class Registry:
    """Use it within one event loop."""

    def __init__(
        self,
        terms: Mapping[str, Terms] | None = None,
        *,
        clock: Clock | None = None,
        make_breaker: MakeBreaker | None = None,
        most: int = MOST,
    ) -> None:
        """`terms` are those of the settings, by name or pattern; the longest pattern that fits holds."""
        self.clock = clock or SystemClock()
        self._terms = dict(terms or {})
        self._make_breaker = make_breaker or self._local
        self._most = most
        self._known: OrderedDict[str, Dependency] = OrderedDict()
        self._groups: dict[str, str] = {}
        self._overrides: Mapping[str, Override] = {}
        self._listeners: list[Listen] = []

    def dependency(
        self,
        name: str,
        terms: Terms | None = None,
        *,
        group: str | None = None,
        within: Dependency | None = None,
        faults: Faults = ANSWERED,
        retryable: Callable[[BaseException], bool] = is_retryable,
    ) -> Dependency:
        """The dependency of a name, made by the first who asks for it.

        What there are many of (one for each webhook) names its `group`, under which metrics count it. What is
        a part of another service (a model of a provider) stands `within` that one: see `Dependency`.
        """
        known = self._known.get(name)
        if known is not None:
            self._known.move_to_end(name)
            return known
        said = self.terms_of(name, terms)
        made = Dependency(
            name,
            said,
            breaker=self._make_breaker(name, said, faults),
            within=within,
            retryable=retryable,
            clock=self.clock,
        )
        made.breaker.on_event(self._heard, Told.TRANSITION, Told.RESET)
        self._known[name], self._groups[name] = made, group or name
        self._enforce(made.breaker)
        self._forget()
        return made

    def terms_of(self, name: str, terms: Terms | None = None) -> Terms:
        """What holds for a name: what its settings say goes before `terms`, part by part."""
        base = terms or Terms()
        fitting = [said for said in self._terms if fnmatch.fnmatchcase(name, said)]
        if not fitting:
            return base
        chosen = self._terms[max(fitting, key=lambda said: (said == name, len(said)))]
        return Terms.model_validate(_merged(base.model_dump(), chosen.model_dump(exclude_unset=True)))

    def __iter__(self) -> Iterator[Dependency]:
        """The dependencies that were asked for, by name."""
        return iter([self._known[name] for name in sorted(self._known)])

    def find(self, name: str) -> Dependency | None:
        """A dependency that was asked for before."""
        return self._known.get(name)

    def group_of(self, name: str) -> str:
        """The name under which metrics count a dependency."""
        return self._groups.get(name, name)

    def on_event(self, listen: Listen) -> Callable[[], None]:
        """Call `listen` whenever a breaker stands elsewhere or begins anew; returns what ends that."""
        self._listeners.append(listen)
        return lambda: self._listeners.remove(listen)

    def override(self, overrides: Mapping[str, Override]) -> None:
        """Set by hand what is said for each name, and let go what no longer is."""
        before, self._overrides = self._overrides, overrides
        for name in {*before, *overrides}:
            known = self._known.get(name)
            if known is not None:
                self._enforce(known.breaker)

    def reset(self, names: Iterable[str]) -> None:
        """Have the breakers of these names forget every call."""
        for name in names:
            known = self._known.get(name)
            if known is not None:
                known.breaker.reset()

    def _enforce(self, breaker: Breaker) -> None:
        said = self._overrides.get(breaker.name)
        if said is not None:
            breaker.force(said.state, said.reason)
        else:
            breaker.release()

    def _local(self, name: str, terms: Terms, faults: Faults) -> Breaker:
        return Breaker(name, terms.breaker, faults=faults, clock=self.clock)

    def _heard(self, event: Event) -> None:
        for listen in list(self._listeners):
            listen(event)

    def _forget(self) -> None:
        """Drop the least recently used of those that are well and idle, where there are too many."""
        if len(self._known) <= self._most:
            return
        for name, known in self._known.items():
            idle = known.bulkhead is None or not known.bulkhead.taken
            if idle and known.breaker.state is State.CLOSED and name not in self._overrides:
                del self._known[name], self._groups[name]
                return


def _merged(base: Mapping[str, object], said: Mapping[str, object]) -> dict[str, object]:
    """`base` with what was said in its place, also within a part."""
    merged = dict(base)
    for key, value in said.items():
        inner = merged.get(key)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(inner, value)
        else:
            merged[key] = value
    return merged
