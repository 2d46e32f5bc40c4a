"""The guard of a process: looks at every text that passes, masks it, and says what is recorded of that."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

import structlog
from pydantic import JsonValue
from pydantic_core import from_json, to_json

from pilothouse.audit.schemas import Kind
from pilothouse.audit.service import entry
from pilothouse.guards.exchanging import Clean, Exchange
from pilothouse.guards.findings import Act, Finding, Severity
from pilothouse.guards.masking import LITERAL, PLACEHOLDER, places
from pilothouse.guards.name_model import NameModel
from pilothouse.guards.repository import Originals, carry, keep
from pilothouse.guards.scanning import Scanner, Seen, fitting
from pilothouse.guards.table import Acts, Group, Table, group_of
from pilothouse.guards.tables import place_of
from pilothouse.guards.values import NUMBER, Json, MaskedValue, unmask_value
from pilothouse.kit.ids import Ids
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.runtime.governing import Mark
from pilothouse.runtime.guarding import Blocked, Fits, Inlet, Passage, Passed
from pilothouse.runtime.ports import Statement

T = TypeVar("T")

log = structlog.get_logger(__name__)

LARGE = 16_384
"""Bytes from which on a text is scanned in a thread: some milliseconds' work."""
AT_ONCE = 2
"""Texts that are in threads at once with a model, which reads one piece at a time: others need threads."""
REMEMBERED = 1_000
"""Runs whose sealed originals are kept at hand."""
_OF_REQUESTS = frozenset({Inlet.INPUT, Inlet.ANSWER, Inlet.LABEL, Inlet.IDEMPOTENCY_KEY})
"""Inlets where nothing else is written if a text is blocked."""
_OUTSIDE = frozenset({Inlet.TOOL_RESULT, Inlet.UPLOAD})
_SEVERITIES = tuple(Severity)
_WHERE = {
    Inlet.INPUT: "The input",
    Inlet.ANSWER: "The answer",
    Inlet.TOOL_ARGUMENTS: "What the tool would be given",
    Inlet.TOOL_RESULT: "What the tool returned",
    Inlet.OUTPUT: "The result",
    Inlet.ARTIFACT: "The text to be saved",
    Inlet.LABEL: "A label",
    Inlet.IDEMPOTENCY_KEY: "The idempotency key",
    Inlet.UPLOAD: "An upload",
    Inlet.QUESTION: "The question",
    Inlet.EMITTED: "What was emitted",
    Inlet.NAME: "The name of a file",
    Inlet.MODEL_PROMPT: "What the model would be given",
    Inlet.MODEL_ANSWER: "What the model answered",
}


class _Masked(NamedTuple):
    """A text as it was masked: the findings with what became of them, what keeps the way back, and where."""

    data: bytes
    findings: Sequence[Finding] = ()
    kept: Sequence[Statement] = ()
    places: Sequence[tuple[int, int, str]] = ()


class Guards:
    """Implements the runtime's `Guard`. Use it within one event loop.

    `flags` says whether a feature flag is on for a tenant: `guards.GROUP.observe` keeps a group from changing
    or blocking anything.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        flags: Callable[[str, str], bool],
        table: Table,
        names: NameModel | None = None,
    ) -> None:
        """Keep originals, sealed by `sealer`, in `database`; find names with the model `names`, too."""
        self.table, self.scanner, self.clean = table, Scanner(table.limits, names), Clean()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._originals = Originals(database)
        self._sealer = sealer
        self._flags = flags
        self._ids = Ids()
        self._kept: OrderedDict[UUID, dict[str, bytes]] = OrderedDict()

    def observed(self, tenant_id: str) -> frozenset[Group]:
        """The groups that only observe."""
        return frozenset(group for group in Group if self._flags(f"guards.{group}.observe", tenant_id))

    async def check(self, passage: Passage, data: bytes, fits: Fits | None = None) -> Passed:
        """The text `data` (JSON) as it may pass; the same bytes where nothing is changed."""
        acts = self.table.of(passage.tenant_id, passage.inlet)
        if not (acts.values or acts.attacks or acts.structure):
            return Passed(data)
        observed = self.observed(passage.tenant_id)
        large = len(data) >= LARGE or not self.scanner.ready
        seen = await self.worked(lambda: self._seen(passage, data, acts, observed), large=large)
        if seen is None:
            return Passed(data)
        return await self._treated(passage, data, seen, acts, observed, fits)

    async def restored(self, tenant_id: str, run_id: UUID, data: bytes) -> bytes:
        """The text with what this run's placeholders stand for; the same bytes where it has none."""
        if b"<" not in data:
            return data
        named = {found[0] for found in PLACEHOLDER.finditer(data.decode())}
        if not named:
            return data
        sealed = await self._of(tenant_id, run_id, named)
        originals = await opened(
            self._sealer, tenant_id, {name: sealed[name] for name in named & sealed.keys()}
        )
        return to_json(restore(from_json(data), originals)) if originals else data

    async def worked(self, scan: Callable[[], T], *, large: bool = False) -> T:
        """What `scan` gives: at once, or from a thread where the text is `large` or the scanner is slow."""
        if self.scanner.is_slow:
            async with self._room:
                return await asyncio.to_thread(scan)
        return await asyncio.to_thread(scan) if large else scan()

    def exchange(self, tenant_id: str, id_: UUID, at: dt.datetime, by: str) -> Exchange:
        """What looks at a request to a model and at its answer, which belong to no run."""
        return Exchange(self, tenant_id, id_, at, by)

    async def key_of(self, tenant_id: str) -> bytes:
        """What names the tenant's placeholders. Raises `Erased` where its keys were destroyed."""
        return await placeholder_key(self._sealer, tenant_id)

    def shows(self, tenant_id: str) -> bool:
        """Whether what agents say may be watched while they say it: not where it would be changed later."""
        return not self.table.of(tenant_id, Inlet.OUTPUT).withholds

    def carried(self, tenant_id: str, source: UUID, target: UUID) -> Sequence[Statement]:
        """What gives the run `target` the originals of `source`."""
        return (carry(tenant_id, source, target),)

    def _seen(self, passage: Passage, data: bytes, acts: Acts, observed: frozenset[Group]) -> Seen | None:
        return self.scanner.seen(
            from_json(data),
            data,
            acts,
            observed,
            ours=passage.ours,
            outside=passage.inlet in _OUTSIDE,
            attacks=passage.attacks,
        )

    async def _treated(
        self,
        passage: Passage,
        data: bytes,
        seen: Seen,
        acts: Acts,
        observed: frozenset[Group],
        fits: Fits | None,
    ) -> Passed:
        found, done = seen.findings, _Masked(data)
        if blocked := sorted({one.type for one in found if one.action is Act.BLOCK}):
            raise await self._blocked(passage, found, acts, blocked)
        if seen.literal or any(one.action is Act.MASK for one in found):
            if passage.inlet is Inlet.IDEMPOTENCY_KEY:
                digest = await self._sealer.index(passage.tenant_id, "idempotency_key", data.decode())
                return Passed(to_json(f"masked-{digest.hex()}"), told=self.told(passage, found, acts))
            done = await self._masked(passage, data, seen, acts, observed, fits)
            found = done.findings
        applied = {group_of(one.type) for one in found if one.action is not Act.ALLOW}
        personal = not applied.isdisjoint({Group.PERSONAL, Group.SECRETS})
        marks = {Mark.PERSONAL} if personal else set()
        marks |= {Mark.INJECTION} if Group.INJECTION in applied else set()
        told = self.told(passage, found, acts)
        return Passed(done.data, frozenset(marks), personal, done.kept, told, done.places)

    async def _masked(
        self,
        passage: Passage,
        data: bytes,
        seen: Seen,
        acts: Acts,
        observed: frozenset[Group],
        fits: Fits | None,
    ) -> _Masked:
        """The text masked, with what became of its findings."""
        tenant_id, run_id = passage.tenant_id, passage.run_id
        key = await placeholder_key(self._sealer, tenant_id)
        sealed = {} if passage.inlet is Inlet.INPUT else await self._of(tenant_id, run_id)
        known = await opened(self._sealer, tenant_id, sealed)
        done = await self.worked(
            lambda: self.scanner.masked(seen.value, acts, observed, key, known, ours=passage.ours)
        )
        value = done.value if fits is None else fitting(seen.value, done, lambda one: fits(to_json(one)))
        written = to_json(value)
        used = _used(done, written)
        findings = [*(one for one in seen.findings if group_of(one.type) not in _VALUES)]
        findings += [one for _, one in done.findings]
        if len(used) < len(done.originals):  # whoever takes it cannot take all of it masked
            findings = [_flagged(one) for one in findings]
        kept = await self._keep(tenant_id, run_id, used) if passage.of_run else ()
        if not used:
            return _Masked(data, findings)
        text = seen.value
        where = places(text, value, used) if isinstance(text, str) and isinstance(value, str) else ()
        return _Masked(written, findings, kept, where)

    async def _keep(self, tenant_id: str, run_id: UUID, used: Mapping[str, str]) -> list[Statement]:
        statements = []
        at_hand = self._kept.setdefault(run_id, {})
        for placeholder, original in used.items():
            text = original.encode()
            digest = await self._sealer.index(tenant_id, "guard_originals", f"{placeholder}\0{original}")
            sealed = at_hand[placeholder] = await self._sealer.seal(place_of(tenant_id, placeholder), text)
            statements.append(keep(run_id, placeholder, tenant_id, digest, sealed))
        self._forget()
        return statements

    async def _of(self, tenant_id: str, run_id: UUID, wanted: set[str] | None = None) -> dict[str, bytes]:
        """The sealed originals of a run; looked up where one of those `wanted` is not at hand."""
        known = self._kept.get(run_id)
        if known is None or wanted is None or not wanted <= known.keys():
            read = await self._originals.of(tenant_id, run_id)
            known = self._kept[run_id] = {**self._kept.get(run_id, {}), **read}
            self._forget()
        self._kept.move_to_end(run_id)
        return known

    def _forget(self) -> None:
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    async def _blocked(
        self, passage: Passage, found: Sequence[Finding], acts: Acts, types: Sequence[str]
    ) -> Blocked:
        told = self.told(passage, found, acts)
        if passage.inlet in _OF_REQUESTS or not passage.of_run:
            await self._originals.write(told)
            told = ()
        return self.refusal(passage, types, told)

    def refusal(self, passage: Passage, types: Sequence[str], told: Sequence[Statement]) -> Blocked:
        """The error of a text that has findings of these types, which may not pass."""
        return Blocked(
            f"{_WHERE[passage.inlet]} has what a guard does not let pass: {', '.join(types)}.",
            hint="Leave it out; `pilothouse guards scan` shows where it is, and `guards show` the rules.",
            told=told,
        )

    def told(self, passage: Passage, found: Sequence[Finding], acts: Acts) -> Sequence[Statement]:
        """What records the findings in the audit log: types, counts and acts, and nothing of the text."""
        if not found:
            return ()
        log.info("guard_findings", inlet=passage.inlet.value, types=sorted({one.type for one in found}))
        details: dict[str, JsonValue] = {"findings": summary(found, acts)}
        return (
            entry(
                self._ids.new(),
                passage.tenant_id,
                passage.at,
                Kind.GUARD,
                passage.by or "engine",
                passage.inlet.value,
                run_id=passage.run_id if passage.of_run else None,
                step=passage.step or None,
                details=details,
            ),
        )


_VALUES = frozenset({Group.SECRETS, Group.PERSONAL, Group.OTHER})


def summary(found: Sequence[Finding], acts: Acts) -> list[JsonValue]:
    """Findings by type: how many, how bad and how sure at most, and what was done (observed: nothing)."""
    counts = Counter((one.type, one.action) for one in found)
    rows: list[JsonValue] = []
    for kind, action in sorted(counts):
        alike = [one for one in found if (one.type, one.action) == (kind, action)]
        rows.append(
            {
                "type": kind,
                "count": counts[kind, action],
                "severity": max((one.severity for one in alike), key=_SEVERITIES.index).value,
                "confidence": round(max(one.confidence for one in alike), 2),
                "action": "observed" if action is Act.ALLOW else action.value,
                "rule": acts.of(kind).value,
            }
        )
    return rows


async def placeholder_key(sealer: Sealer, tenant_id: str) -> bytes:
    """The key that names a tenant's placeholders. Raises `Erased` where its keys were destroyed."""
    return await sealer.index(tenant_id, "guards", "placeholders")


def restore(value: Json, originals: Mapping[str, str]) -> Json:
    """A value with the originals of its placeholders."""
    types = {name[1:].partition(":")[0].lower().removesuffix(NUMBER) for name in originals}
    return unmask_value(value, originals, types)


async def opened(sealer: Sealer, tenant_id: str, sealed: Mapping[str, bytes]) -> dict[str, str]:
    """Originals by placeholder. Raises `Erased` where the tenant's keys were destroyed."""
    return {
        name: (await sealer.open(place_of(tenant_id, name), text)).decode() for name, text in sealed.items()
    }


def _used(done: MaskedValue, written: bytes) -> dict[str, str]:
    """The originals whose placeholders stand in what was written."""
    text = written.decode()
    return {name: original for name, original in done.originals.items() if name in text}


def _flagged(one: Finding) -> Finding:
    if one.action is not Act.MASK or one.type == LITERAL:
        return one
    return Finding(one.type, one.start, one.end, one.confidence, one.severity, Act.FLAG)
