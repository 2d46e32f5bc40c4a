"""Finds personal data and secrets in a text: one prefilter for all rules, then those that may match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pilothouse.guards.findings import Finding
from pilothouse.guards.folding import OTHER, Folded, Folding
from pilothouse.guards.linear import NOWHERE, Search, searcher, several
from pilothouse.guards.name_model import NameModel, with_names
from pilothouse.guards.overlaps import Candidate, resolved
from pilothouse.guards.rules import RULES
from pilothouse.guards.rules.rule import Rule
from pilothouse.guards.treatment import DEFAULTS, OTHERWISE, Treatment

LEAST = 0.5
"""Confidence below which nothing is reported."""
LOOSE = 0.52
"""Confidence of what only a general word such as `id number` speaks for."""
SURE = 0.95
"""Confidence from which on no other rule looks at the place again."""
TRIES = 5
"""How often a text is shortened at most."""
BLOT = OTHER.encode("latin-1")
WIDEST = 100
"""Characters that a finding beside a required word may have."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A rule with its compiled patterns; `order` is its place among all."""

    rule: Rule
    order: int
    search: Search
    context: Search | None
    loose: Search | None
    near: Search | None


def _words(*words: str) -> str:
    return rf"(?i)(?:^|[^a-z])(?:{'|'.join(one for one in words if one)})(?:[^a-z]|$)"


def _ready(order: int, rule: Rule) -> _Ready:
    context = searcher(_words(rule.context)) if rule.context else None
    loose = searcher(_words(rule.loose)) if rule.loose else None
    near = searcher(_words(rule.context, rule.loose)) if rule.required else None
    return _Ready(rule, order, searcher(rule.pattern), context, loose, near)


class Detector:
    """Scans texts. Made once (some tenths of a second), holds no text, usable from any thread.

    `treatments` replaces what is done by default about single types; it may name types of one's own rules.
    With `names` it takes that much longer, and finds the names of people that this model finds, too.
    """

    def __init__(
        self,
        treatments: Mapping[str, Treatment] | None = None,
        rules: Sequence[Rule] = RULES,
        names: NameModel | None = None,
    ) -> None:
        self._names = names
        self._treatments = {**DEFAULTS, **(treatments or {})}
        ranked = sorted(rules, key=lambda rule: -max(rule.confidence, rule.raised if rule.context else 0.0))
        self._rules = [_ready(order, rule) for order, rule in enumerate(ranked)]
        self._prefilter = several([rule.hint or rule.pattern for rule in ranked])
        asking = [one for one in self._rules if one.rule.required]
        self._asking = [one.order for one in asking]
        self._said = several([_words(one.rule.context, one.rule.loose) for one in asking])
        self._folding = Folding()

    def might(self, text: str) -> bool:
        """Whether `scan` may find anything in a text; what is False here costs no more than this."""
        if self._names is not None and self._names.might(text):
            return True
        return bool(self._prefilter.Match(self._folding.fold(text).data))

    def scan(self, text: str) -> list[Finding]:
        """Everything found, in order and without overlaps (see `overlaps`), whatever is done about it."""
        folded = self._folding.fold(text)
        hits = self._prefilter.Match(folded.data)
        found = self._matches(folded, hits) if hits else []
        if self._names is not None:
            places = self._names.places(folded.visible(text))
            found = with_names(found, places, folded.plain, len(self._rules))
        elif found:
            found = resolved(found)
        return [self._finding(one, folded) for one in found]

    def _matches(self, folded: Folded, hits: Sequence[int]) -> list[Candidate]:
        """What the rules find of which the prefilter says that they may."""
        said = {self._asking[index] for index in self._said.Match(folded.data) or ()}
        found: list[Candidate] = []
        data = folded.data
        for index in sorted(hits):
            ready = self._rules[index]
            if ready.rule.required and index not in said:
                continue
            new = _found(ready, folded, data)
            if new:
                found += new
                data = _without(data, new)
        return found

    def _finding(self, one: Candidate, folded: Folded) -> Finding:
        treatment = self._treatments.get(one.type, OTHERWISE)
        start, end = folded.span(one.start, one.end)
        return Finding(one.type, start, end, one.confidence, treatment.severity, treatment.action)


def _found(ready: _Ready, folded: Folded, data: bytes) -> list[Candidate]:
    """What one rule finds in `data`, which is the plain form without what surer rules have found."""
    if not ready.rule.required:
        return list(_candidates(ready, folded, data, 0, len(data)))
    places = _places(ready, folded.data)
    return [one for start, end in places for one in _candidates(ready, folded, data, start, end)]


def _without(data: bytes, found: Sequence[Candidate]) -> bytes:
    """The text with the sure ones of the findings blotted out."""
    sure = [one for one in found if one.confidence >= SURE]
    if not sure:
        return data
    left = bytearray(data)
    for one in sure:
        left[one.start : one.end] = BLOT * (one.end - one.start)
    return bytes(left)


def _places(ready: _Ready, data: bytes) -> Iterator[tuple[int, int]]:
    """The stretches of a text that stand near a word which the rule requires; they do not overlap."""
    rule, begin, stop, at = ready.rule, 0, -1, 0
    while ready.near is not None:
        found = ready.near(data, at, len(data))
        if found == NOWHERE:
            break
        # A finding may lie wholly before the word, so one that is as long as they come has to fit in.
        start, end = found[0] - rule.after - WIDEST, found[1] + rule.before + 1
        if start > stop:
            if stop > 0:
                yield max(begin, 0), min(stop, len(data))
            begin = start
        stop, at = max(stop, end), found[1]
    if stop > 0:
        yield max(begin, 0), min(stop, len(data))


def _candidates(ready: _Ready, folded: Folded, data: bytes, at: int, limit: int) -> Iterator[Candidate]:
    """What one rule finds that begins from `at` on and before `limit`.

    Behind a refused text the search goes on with the next word: the right one may begin within it.
    """
    rule, plain, search = ready.rule, folded.plain, ready.search
    last = min(limit + WIDEST, len(data)) if rule.required else len(data)
    while at < limit:
        start, end = search(data, at, last)
        if start < 0 or start >= limit:
            return
        stop, confidence = _accepted(rule, plain, start, end) if end > start else (0, 0.0)
        if stop and ready.context is not None:
            confidence = _confidence(ready, folded.data, start, stop, confidence)
        if confidence >= LEAST:
            yield Candidate(rule.type, start, stop, confidence, ready.order)
            at = stop
        else:
            at = _next_word(plain, start)


def _accepted(rule: Rule, plain: str, start: int, end: int) -> tuple[int, float]:
    """Where the finding ends and how sure the check makes it; 0 and 0 where there is none."""
    if rule.whole and start and plain[start - 1].isalnum() and plain[start].isalnum():
        return 0, 0.0
    if rule.apart and not _apart(plain, start, end):
        return 0, 0.0
    tries = TRIES if rule.shorten else 1
    while end > start and tries:
        tries -= 1
        goes_on = rule.whole and end < len(plain) and plain[end].isalnum() and plain[end - 1].isalnum()
        if not goes_on:
            sure = True if rule.check is None else rule.check(plain[start:end])
            if sure:
                return end, rule.confidence if sure is True else sure
        end = _shorter(plain, start, end)
    return 0, 0.0


def _apart(plain: str, start: int, end: int) -> bool:
    """Whether no group of digits stands before or behind, with a separator that stands within, too."""
    before, behind = plain[max(0, start - 2) : start], plain[end : end + 2]
    if len(before) == 2 and before[0].isdigit() and before[1] in " -./" and before[1] in plain[start:end]:
        return False
    return not (
        len(behind) == 2 and behind[1].isdigit() and behind[0] in " -./" and behind[0] in plain[start:end]
    )


def _shorter(plain: str, start: int, end: int) -> int:
    """The end without the last group of letters and digits and what separates it."""
    while end > start and plain[end - 1].isalnum():
        end -= 1
    while end > start and not plain[end - 1].isalnum():
        end -= 1
    return end


def _confidence(ready: _Ready, data: bytes, start: int, end: int, sure: float) -> float:
    """How sure the rule is of what it found, given what stands near; 0 where a required word is missing."""
    rule = ready.rule
    near = data[max(0, start - rule.before) : start] + b" \n " + data[end : end + rule.after]
    if ready.context is not None and ready.context(near, 0, len(near)) != NOWHERE:
        return rule.raised
    if not rule.required:
        return sure
    return LOOSE if ready.loose is not None and ready.loose(near, 0, len(near)) != NOWHERE else 0.0


def _next_word(plain: str, at: int) -> int:
    """Where to look on after a refused text that begins at `at`."""
    length = len(plain)
    at += 1
    while at < length and plain[at].isalnum() and plain[at - 1].isalnum():
        at += 1
    return at
