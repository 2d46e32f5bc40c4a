"""Looks at a text at an inlet: what is in it, how that is to be treated, and what it is masked.

A text that has nothing to find costs one pass of the prefilter and one of the scorer; only where the
prefilter says that there may be something are the strings of a value looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

from pilothouse.errors import InvalidInput
from pilothouse.guards.detector import Detector
from pilothouse.guards.findings import Act, Finding, Severity
from pilothouse.guards.injection.scorer import InjectionGuard
from pilothouse.guards.masking import PLACEHOLDER
from pilothouse.guards.name_model import NameModel
from pilothouse.guards.rules import RULES
from pilothouse.guards.structure import Limits as TextLimits
from pilothouse.guards.structure import StructureGuard, extent
from pilothouse.guards.table import GROUPS, Acts, Group, Limits, group_of
from pilothouse.guards.values import BORDER, DEEPEST, FEWEST_VALUE, Json, MaskedValue, mask_value

TYPES = frozenset({*GROUPS, *(rule.type for rule in RULES)})
"""Every type of findings that there is."""

LITTLE, FEW_WORDS, CODE = 24, 3, frozenset("<>$|;&`(){}/\\")
"""Shorter texts of fewer words, without signs of code, hold no attack: they are not scored."""
PLAIN = re.compile(r"[A-Za-z][\w-]{0,40}")

KEYLESS = bytes(16)
"""A key for finding only: what is masked with it is thrown away."""


@dataclass(frozen=True)
class Judged:
    """Scans as its detector, and judges by the acts of an inlet. What is observed only is allowed.

    Places where a placeholder of the run's own stands are left alone where there are such.
    """

    detector: Detector
    acts: Acts
    observed: frozenset[Group]
    ours: bool = False

    def scan(self, text: str) -> list[Finding]:
        """Everything found that is not allowed at the inlet, and what is observed."""
        found = [one._replace(action=self.acts.of(one.type)) for one in self.detector.scan(text)]
        found = [one for one in found if one.action is not Act.ALLOW]
        if found and self.ours:
            own = [place.span() for place in PLACEHOLDER.finditer(text)]
            found = [
                one for one in found if not any(one.start < end and start < one.end for start, end in own)
            ]
        return [
            one._replace(action=Act.ALLOW) if group_of(one.type) in self.observed else one for one in found
        ]


@dataclass(frozen=True)
class Seen:
    """What a text has: findings with what is done about them (allowed: only observed). `pieces` are strings.

    `literal` says that something in it looks like a placeholder that somebody outside has written.
    """

    value: Json
    findings: Sequence[Finding] = ()
    literal: bool = False


@cache
def _detector() -> Detector:
    """The detector of a process: it holds nothing but its patterns, and takes a while to make."""
    return Detector()


@dataclass
class Scanner:
    """Scans texts. Its parts are made when they are needed first, which takes some tenths of a second.

    With `names`, a model, that and every text takes longer: see `is_slow`.
    """

    limits: Limits = field(default_factory=Limits)
    names: NameModel | None = None

    @property
    def ready(self) -> bool:
        """Whether its parts are made."""
        return {"detector", "injection", "structure"} <= self.__dict__.keys()

    @property
    def is_slow(self) -> bool:
        """Whether even a short text takes milliseconds, and should not be scanned in an event loop."""
        return self.names is not None

    @cached_property
    def detector(self) -> Detector:
        """Finds personal data and secrets."""
        if self.names is None:
            return _detector()
        self.names.load()
        return Detector(names=self.names)

    @cached_property
    def injection(self) -> InjectionGuard:
        """Scores attacks on models."""
        return InjectionGuard()

    @cached_property
    def structure(self) -> StructureGuard:
        """Checks how texts are built."""
        return StructureGuard(TextLimits(characters=self.limits.characters))

    def make(self) -> None:
        """Make its parts, and have them read a first text: what they compile, they compile then."""
        self.detector.might("a first text")
        self.injection.scan("a first text")
        self.structure.scan("a first text")

    def seen(
        self,
        value: Json,
        raw: bytes,
        acts: Acts,
        observed: frozenset[Group] = frozenset(),
        *,
        ours: bool = False,
        outside: bool = False,
        attacks: bool = True,
    ) -> Seen | None:
        """What is found in `value`, which is `raw` as JSON; None where there is nothing at all to do.

        With `outside` attacks in it are indirect ones; without `attacks` there is no look for them.
        """
        if not self.ready:
            self.make()
        pieces = list(_strings(value))
        text = "\n".join([one.text for one in pieces])
        found: list[Finding] = []
        if acts.structure:
            found += self._built(text, raw, acts)
        if attacks and acts.attacks and (said := _said(pieces)):
            found += self._attacks(said, acts, outside=outside)
        found = [one._replace(action=Act.ALLOW) if group_of(one.type) in observed else one for one in found]
        literal = not ours and acts.masks and "<" in text and PLACEHOLDER.search(text) is not None
        if acts.values and self.detector.might(_named(pieces)):
            found += [one for _, one in self.masked(value, acts, observed, ours=ours).findings]
        return Seen(value, found, literal) if found or literal else None

    def masked(
        self,
        value: Json,
        acts: Acts,
        observed: frozenset[Group],
        key: bytes = KEYLESS,
        known: Mapping[str, str] | None = None,
        *,
        ours: bool = False,
    ) -> MaskedValue:
        """The value without what is to be masked in it."""
        judged = Judged(self.detector, acts, observed, ours)
        return mask_value(value, judged, key, known, literals=not ours)

    def _built(self, text: str, raw: bytes, acts: Acts) -> Iterator[Finding]:
        for one in self.structure.scan(text):
            yield one._replace(action=_strictest(one.action, acts.of(one.type)))
        depth, keys, place = extent(raw.decode())
        if depth > self.limits.depth:
            yield Finding("json_too_deep", place, place + 1, 1.0, Severity.HIGH, acts.of("json_too_deep"))
        if keys > self.limits.keys:
            yield Finding(
                "json_too_many_keys", 0, len(raw), 1.0, Severity.HIGH, acts.of("json_too_many_keys")
            )

    def _attacks(self, text: str, acts: Acts, *, outside: bool) -> Iterator[Finding]:
        for one in self.injection.scan(text, outside=outside):
            act = acts.of(one.type)
            if act is not Act.ALLOW:
                yield one._replace(action=act)


def fitting(value: Json, masked: MaskedValue, fits: Callable[[Json], bool]) -> Json:
    """The value masked wherever whoever takes it can take it masked; as it is, where that is nowhere."""
    if fits(masked.value):
        return masked.value
    places = list(dict.fromkeys(place for place, _ in masked.findings))
    good = [place for place in places if fits(_mixed(value, masked.value, "", frozenset({place})))]
    mixed = _mixed(value, masked.value, "", frozenset(good))
    return mixed if good and fits(mixed) else value


def _mixed(value: Json, masked: Json, place: str, taken: frozenset[str]) -> Json:
    """`value` with what is masked at the places `taken`."""
    if isinstance(value, dict) and isinstance(masked, dict):
        return {
            (shown if place in taken else name): _mixed(
                one, other, f"{place}/{shown.replace('~', '~0').replace('/', '~1')}", taken
            )
            for (name, one), (shown, other) in zip(value.items(), masked.items(), strict=True)
        }
    if isinstance(value, list) and isinstance(masked, list):
        return [
            _mixed(one, other, f"{place}/{at}", taken)
            for at, (one, other) in enumerate(zip(value, masked, strict=True))
        ]
    return masked if place in taken else value


def _strictest(own: Act, said: Act) -> Act:
    """Structure that its guard would only flag is flagged where others are blocked."""
    return Act.FLAG if said is Act.BLOCK and own is Act.FLAG else said


class _Piece(NamedTuple):
    """A string of a value, or a larger number; `name` is that of its field. A name stands by itself, too."""

    name: str
    text: str
    is_name: bool = False


def _strings(value: Json, name: str = "", depth: int = 0) -> Iterator[_Piece]:
    """The strings of a value and its larger numbers, in order."""
    if depth > DEEPEST:
        raise InvalidInput(f"The value is nested more than {DEEPEST} levels deep.", hint="Send it flatter.")
    if isinstance(value, str):
        yield _Piece(name, value)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield _Piece("", key, is_name=True)
            yield from _strings(one, key, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one, name, depth + 1)
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= FEWEST_VALUE:
        yield _Piece(name, str(value))


def _named(pieces: Sequence[_Piece]) -> str:
    """The strings with the names of their fields as words before them, a line each."""
    return "\n".join([f"{BORDER.sub(' ', one.name)}: {one.text}" if one.name else one.text for one in pieces])


def _said(pieces: Sequence[_Piece]) -> str:
    """What may hold an attack: no names that are plain words, and nothing where there is too little."""
    text = "\n".join([one.text for one in pieces if not (one.is_name and PLAIN.fullmatch(one.text))])
    if len(text) < LITTLE and len(text.split()) < FEW_WORDS and not CODE.intersection(text):
        return ""
    return text
