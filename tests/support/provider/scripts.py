"""Which reply comes next: an order of replies, chance, outages by the clock, or a function of the request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from random import Random

from pilothouse.kit.clock import Clock, SystemClock
from support.provider.asked import Asked
from support.provider.replies import Reply, closed, status, structured, text

Script = Callable[[Asked], Reply]
"""What to do with a request."""


class UsedUp(Exception):
    """A script that is a list had no reply left for a request."""


def in_turn(replies: Iterable[Reply], then: Reply | Script | None = None) -> Script:
    """Each reply once, in order; after them `then` for good, or `UsedUp` where there is none."""
    left: Iterator[Reply] = iter(replies)
    rest = None if then is None else script_of(then)

    def next_one(asked: Asked) -> Reply:
        reply = next(left, None)
        if reply is not None:
            return reply
        if rest is None:
            raise UsedUp(f"No reply is left for request {asked.number}, {asked.method} {asked.path}.")
        return rest(asked)

    return next_one


def script_of(given: Script | Reply | Iterable[Reply]) -> Script:
    """A script of what may be one: a function is, a reply is given always, and several are given in turn."""
    if isinstance(given, Reply):
        return lambda _: given
    return given if callable(given) else in_turn(given)


def sometimes(rate: float, bad: Reply | Sequence[Reply], otherwise: Reply | Script, *, seed: int) -> Script:
    """One of the `bad` replies with a chance of `rate` (0 to 1), drawn by `seed`; else `otherwise`."""
    random, rest = Random(seed), script_of(otherwise)
    choices = [bad] if isinstance(bad, Reply) else list(bad)

    def drawn(asked: Asked) -> Reply:
        return random.choice(choices) if random.random() < rate else rest(asked)

    return drawn


def spoiled(value: Mapping[str, object]) -> list[Reply]:
    """A structured answer, wrong as models are: no JSON, half of it, a field left out, wrong types."""
    names = list(value)
    return [
        structured("I am sorry, I cannot say that as JSON."),
        structured(json.dumps(value)[: len(json.dumps(value)) // 2]),
        structured({name: value[name] for name in names[1:]}),
        structured({name: ["wrong"] for name in names}),
    ]


class Outages:
    """A provider that fails for `lasting` seconds in every `every`, beginning `first` seconds after `begin`.

    Seconds are those of `clock`, multiplied by `scale`: with 0.1, 60 in 120 are 6 in 12. It begins with the
    first request unless `begin` was called before.
    """

    def __init__(
        self,
        up: Reply | Script,
        down: Reply | Script | None = None,
        *,
        lasting: float = 60.0,
        every: float = 120.0,
        first: float = 0.0,
        scale: float = 1.0,
        clock: Clock | None = None,
    ) -> None:
        """Without `down` it says 503."""
        self._up, self._down = script_of(up), script_of(down or status(503))
        self.lasting, self.every, self._first = lasting * scale, every * scale, first * scale
        self._clock = clock or SystemClock()
        self._began: float | None = None

    def begin(self, ago: float = 0.0) -> None:
        """Count from now, or from `ago` seconds before."""
        self._began = self._clock.monotonic() - ago

    @property
    def down(self) -> bool:
        """Whether it fails now."""
        passed = self._passed()
        return passed >= 0 and passed % self.every < self.lasting

    @property
    def turns_in(self) -> float:
        """Seconds until it fails, or works again."""
        passed = self._passed()
        if passed < 0:
            return -passed
        return (self.lasting if self.down else self.every) - passed % self.every

    def _passed(self) -> float:
        """Seconds since the first outage began; negative before."""
        if self._began is None:
            self.begin()
        return self._clock.monotonic() - (self._began or 0.0) - self._first

    def __call__(self, asked: Asked) -> Reply:
        """The reply of now."""
        return self._down(asked) if self.down else self._up(asked)


ANSWER = {"topic": "billing", "urgency": 2, "confidence": 0.9}
NAMED: Mapping[str, Callable[[float, int], Script]] = {
    "answers": lambda _scale, _seed: script_of(text("A simulated answer of a few words.")),
    "echo": lambda _scale, _seed: lambda asked: text(asked.prompt or "Nothing was said."),
    "outages": lambda scale, _seed: Outages(text("A simulated answer of a few words."), scale=scale),
    "down": lambda _scale, _seed: script_of(status(503)),
    "closed": lambda _scale, _seed: script_of(closed()),
    "errors": lambda _scale, seed: sometimes(
        0.05, [status(500), status(503), status(529), closed()], text("A simulated answer."), seed=seed
    ),
    "wrong": lambda _scale, seed: sometimes(0.3, spoiled(ANSWER), structured(ANSWER), seed=seed),
}
"""Scripts that a process of its own is told by name, each made of a scale of time and a seed."""


def named(name: str, *, scale: float = 1.0, seed: int = 1) -> Script:
    """The script of that name, or of `module:function`, where the function takes a scale and a seed."""
    if ":" in name:
        module, _, function = name.partition(":")
        made: Script = getattr(import_module(module), function)(scale, seed)
        return made
    if name not in NAMED:
        raise SystemExit(f"No script is called {name}; there are {', '.join(NAMED)}, and module:function.")
    return NAMED[name](scale, seed)
