"""The texts of one request to a model and of its answer: masked on the way out, restored on the way back.

What is masked is kept in memory only, as long as the request lasts: nothing of it is stored anywhere.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from uuid import UUID

import orjson

from pilothouse.guards.findings import Act, Finding
from pilothouse.guards.masking import PLACEHOLDER, mask
from pilothouse.guards.scanning import Judged, Scanner
from pilothouse.guards.table import Acts, Group, Table, group_of
from pilothouse.runtime.guarding import Blocked, Inlet, Passage
from pilothouse.runtime.ports import Statement

T = TypeVar("T")

REMEMBERED = 8_192
"""Texts without any finding that are remembered by digests: a chat sends its history each time."""
LARGE = 16_384
"""Characters from which on texts are scanned in a thread: some milliseconds' work."""
_VALUES = frozenset({Group.SECRETS, Group.PERSONAL, Group.OTHER})


class Clean:
    """Remembers which texts had nothing to find in them, by what was looked for."""

    def __init__(self, most: int = REMEMBERED) -> None:
        """Remember at most `most`; those that came longest ago are forgotten."""
        self._most = most
        self._known: OrderedDict[bytes, None] = OrderedDict()

    @staticmethod
    def key(acts: Acts, text: str, *, ours: bool, outside: bool) -> bytes:
        """What names a text, where it is looked at alike."""
        salt = f"{id(acts)}{ours}{outside}".encode()
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=salt[:64]).digest()

    def __contains__(self, key: bytes) -> bool:
        if key not in self._known:
            return False
        self._known.move_to_end(key)
        return True

    def add(self, key: bytes) -> None:
        """Nothing was found."""
        self._known[key] = None
        if len(self._known) > self._most:
            self._known.popitem(last=False)


class Guarding(Protocol):
    """What an exchange asks of the guards of its process."""

    table: Table
    scanner: Scanner
    clean: Clean

    def observed(self, tenant_id: str) -> frozenset[Group]:
        """The groups that only observe."""
        ...

    def told(self, passage: Passage, found: Sequence[Finding], acts: Acts) -> Sequence[Statement]:
        """What records findings."""
        ...

    def refusal(self, passage: Passage, types: Sequence[str], told: Sequence[Statement]) -> Blocked:
        """The error of a text that may not pass."""
        ...

    async def key_of(self, tenant_id: str) -> bytes:
        """What names the tenant's placeholders."""
        ...

    async def worked(self, scan: Callable[[], T], *, large: bool = False) -> T:
        """What a scan gives, from a thread where it takes long."""
        ...


@dataclass
class Exchange:
    """One request of `by` and its answer. `told` is what is to be written of findings."""

    guards: Guarding
    tenant_id: str
    id: UUID
    at: dt.datetime
    by: str
    told: list[Statement] = field(default_factory=list)
    originals: dict[str, str] = field(default_factory=dict)

    def acts(self, inlet: Inlet) -> Acts:
        """What is done at an inlet."""
        return self.guards.table.of(self.tenant_id, inlet)

    async def asked(self, texts: Sequence[str], outside: Collection[int] = ()) -> dict[int, str]:
        """What stands in place of texts that go to a model, by their place; `outside` came from tools.

        Raises `Blocked`.
        """
        return await self._passed(Inlet.MODEL_PROMPT, texts, outside, ours=False)

    async def answered(self, texts: Sequence[str]) -> dict[int, str]:
        """As `asked`, for what a model has said; placeholders of this exchange stay where they are."""
        return await self._passed(Inlet.MODEL_ANSWER, texts, (), ours=True)

    def restored(self, text: str, *, quoted: bool = False) -> str:
        """A text with what the placeholders stand for; as inside of a JSON string where it is `quoted`."""
        if not self.originals or "<" not in text:
            return text
        known = self.originals
        return PLACEHOLDER.sub(lambda found: _quoted(known.get(found[0], found[0]), quoted=quoted), text)

    async def mask(self, text: str, found: Sequence[Finding], *, literals: bool = False) -> str:
        """A text without what was found; the way back is kept."""
        key = await self.guards.key_of(self.tenant_id)
        done = mask(text, found, key, self.originals, literals=literals)
        if literals:
            self.originals.update(done.originals)
        return done.text

    def tell(self, inlet: Inlet, found: Sequence[Finding]) -> None:
        """Record findings. Raises `Blocked` where one of them may not pass."""
        acts, passage = self.acts(inlet), self._passage(inlet)
        told = self.guards.told(passage, found, acts)
        self.told += told
        if blocked := sorted({one.type for one in found if one.action is Act.BLOCK}):
            raise self.guards.refusal(passage, blocked, ())

    def judged(self, inlet: Inlet, *, ours: bool) -> Judged:
        """What finds values at an inlet."""
        guards = self.guards
        return Judged(guards.scanner.detector, self.acts(inlet), guards.observed(self.tenant_id), ours)

    async def _passed(
        self, inlet: Inlet, texts: Sequence[str], outside: Collection[int], *, ours: bool
    ) -> dict[int, str]:
        acts = self.acts(inlet)
        if not (acts.values or acts.attacks or acts.structure):
            return {}
        large = sum(map(len, texts)) >= LARGE or not self.guards.scanner.ready
        seen = await self.guards.worked(
            lambda: self._seen(inlet, acts, texts, outside, ours=ours), large=large
        )
        if not seen:
            return {}
        self.tell(inlet, [one for found in seen.values() for one in found])
        changed: dict[int, str] = {}
        for place, found in seen.items():
            values = [one for one in found if group_of(one.type) in _VALUES]
            text = await self.mask(texts[place], values, literals=not ours)
            if text != texts[place]:
                changed[place] = text
        return changed

    def _seen(
        self, inlet: Inlet, acts: Acts, texts: Sequence[str], outside: Collection[int], *, ours: bool
    ) -> dict[int, list[Finding]]:
        """What is found in each text; nothing of those in which there is nothing to do."""
        clean, found = self.guards.clean, dict[int, list[Finding]]()
        judged: Judged | None = None
        observed: frozenset[Group] | None = None
        for place, text in enumerate(texts):
            key = clean.key(acts, text, ours=ours, outside=place in outside)
            if not text or key in clean:
                continue
            if observed is None:
                observed = self.guards.observed(self.tenant_id)
            seen = self.guards.scanner.seen(
                text, orjson.dumps(text), acts, observed, ours=ours, outside=place in outside
            )
            if seen is None:
                clean.add(key)
                continue
            judged = judged or self.judged(inlet, ours=ours)
            others = [one for one in seen.findings if group_of(one.type) not in _VALUES]
            found[place] = others + (judged.scan(text) if acts.values else [])
        return found

    def _passage(self, inlet: Inlet) -> Passage:
        return Passage(inlet, self.tenant_id, self.id, self.at, by=self.by, of_run=False)


def _quoted(text: str, *, quoted: bool) -> str:
    return orjson.dumps(text).decode()[1:-1] if quoted else text
