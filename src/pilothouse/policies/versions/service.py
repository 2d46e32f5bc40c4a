"""The life of a tenant's policies: drafted, checked, tested, simulated, activated, rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from pydantic import JsonValue

from pilothouse.audit.service import AuditLog
from pilothouse.errors import Conflict, NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.pagination import Page
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Sealer
from pilothouse.policies.actions.bundles import Bundle, read_content
from pilothouse.policies.actions.comparing import Answered, Simulation
from pilothouse.policies.actions.explaining import Explanation, explain
from pilothouse.policies.actions.shipped import Shipped
from pilothouse.policies.errors import PolicyInvalid, PolicyTestsFailed
from pilothouse.policies.versions.checking import checked
from pilothouse.policies.versions.live import version_name
from pilothouse.policies.versions.replaying import replayed
from pilothouse.policies.versions.repository import PolicyRepository
from pilothouse.policies.versions.schemas import (
    Checked,
    DecisionQuery,
    NewDraft,
    PolicyChange,
    PolicyPageQuery,
    PolicyState,
    RecordedDecision,
    Replay,
    ToExplain,
    Version,
    VersionFiles,
    VocabularyShown,
)
from pilothouse.policies.versions.tables import ChangeRow, DecisionRow, StateRow, VersionRow

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PolicyParts:
    """What the policies of all tenants have in common in one process."""

    shipped: Shipped
    sealer: Sealer
    clock: Clock
    ids: Ids


class Policies:
    """The policies of one tenant. What is activated holds in every process within a second."""

    def __init__(self, repository: PolicyRepository, parts: PolicyParts, scope: Scope) -> None:
        """Read and write through `repository`, on behalf of `scope`."""
        self._repository = repository
        self._parts = parts
        self._scope = scope

    async def page(self, query: PolicyPageQuery) -> Page[Version]:
        """The wanted versions, the newest first."""
        rows, state = await self._repository.page(query), await self._repository.state()
        return Page(items=[_shown(row, state) for row in rows.items], next_cursor=rows.next_cursor)

    async def state(self) -> PolicyState:
        """Which version is active, and which sets are shipped."""
        state = await self._repository.state()
        return PolicyState(
            active=state.active if state else None,
            shadow=state.shadow if state else None,
            shipped=self._parts.shipped.versions,
        )

    async def show(self, number: int) -> VersionFiles:
        """A version with its files. Raises `NotFound`."""
        row = await self._row(number)
        shown = _shown(row, await self._repository.state())
        return VersionFiles(**shown.model_dump(), files=dict(read_content(row.content).files))

    def vocabulary(self) -> VocabularyShown:
        """The schema that policies are validated against."""
        known = self._parts.shipped.vocabulary
        return VocabularyShown(cedar=known.cedar, notes=tuple(known.notes()))

    async def draft(self, wanted: NewDraft) -> Version:
        """Make a version of files as they are: what is wrong with them is told when it is checked.

        The same files as the newest version's are that version. Raises `PolicyInvalid` where they are too
        large or of another kind.
        """
        bundle = Bundle(dict(wanted.files))
        await self._repository.alone()
        last, state = await self._repository.last(), await self._repository.state()
        newest = await self._repository.get(last) if last else None
        if newest is not None and newest.sha256 == bundle.sha256:
            return _shown(newest, state)
        row = VersionRow(
            id=self._parts.ids.new(),
            number=last + 1,
            sha256=bundle.sha256,
            content=bundle.content,
            policies=_count(bundle),
            parent=state.active if state else None,
            note=wanted.note,
            made_by=self._scope.principal,
            created_at=self._parts.clock.now(),
        )
        await self._repository.add(row)
        await self._record(row.number, "drafted", sha256=row.sha256)
        log.info("policies_drafted", number=row.number, sha256=row.sha256, by=self._scope.principal)
        return _shown(row, state)

    async def check(self, number: int, *, with_tests: bool = True) -> Checked:
        """Whether a version is valid, and how its tests go. Raises `NotFound`."""
        return await self._checked(await self._row(number), with_tests=with_tests)

    async def simulate(self, number: int, replay: Replay) -> Simulation:
        """What a version would have decided otherwise. Raises `NotFound`, `PolicyInvalid`."""
        row = await self._row(number)
        rules = read_content(row.content).check(self._parts.shipped.vocabulary)
        engine = self._parts.shipped.engine(rules, version_name(number))
        return await replayed(engine, self._repository, self._parts.sealer, replay, self._scope.tenant_id)

    async def explain(self, question: ToExplain) -> Explanation:
        """Which policies apply to an action, and why. Raises `NotFound`."""
        number = question.number or (await self.state()).active
        rules = read_content((await self._row(number)).content).rules() if number else ()
        engine = self._parts.shipped.engine(rules, version_name(number) if number else None)
        given = question.action
        around = given.circumstances()
        if not given.attributes:
            standing = await self._repository.standing()
            around = type(around).of(given.environment, standing.attributes)
        return explain(engine, given.action(self._scope.tenant_id), around)

    async def activate(self, number: int, note: str = "") -> PolicyState:
        """Make a version active. It becomes so once the request ends, everywhere within a second.

        Raises `NotFound`, `PolicyInvalid` where it is not valid, `PolicyTestsFailed` where a test fails.
        """
        await self._repository.alone()
        row = await self._row(number)
        await self._insist(row)
        return await self._put("activated", row.number, note)

    async def rollback(self, number: int | None = None, note: str = "") -> PolicyState:
        """Make an older version active: the one that is named, else what was active before the present one.

        The first activation is rolled back to having no policies of one's own. Raises `NotFound`,
        `Conflict` where nothing is active or the version never was, and as `activate`.
        """
        await self._repository.alone()
        state, past = await self._repository.state(), await self._repository.activations()
        if state is None or not past or (number is None and state.active is None):
            raise Conflict("No version is active that could be rolled back.", hint="Activate one.")
        if number is None:
            number = _before(past, state.active)
        elif all(one.after != number for one in past):
            raise Conflict(f"Version {number} was never active.", hint="Activate it instead.")
        if number is not None:
            await self._insist(await self._row(number))
        return await self._put("rolled_back", number, note)

    async def shadow(self, number: int | None, note: str = "") -> PolicyState:
        """Let a version decide beside the active one, without effect; None ends that.

        Raises `NotFound`, `PolicyInvalid`.
        """
        await self._repository.alone()
        state = await self._repository.state()
        active, before = (state.active, state.shadow) if state else (None, None)
        if number is not None:
            found = await self._checked(await self._row(number), with_tests=False)
            if not found.valid:
                raise PolicyInvalid(f"Version {number} cannot run as a shadow:", found=found.faults)
        now = self._parts.clock.now()
        await self._repository.put(active, number, now)
        did = "unshadowed" if number is None else "shadowed"
        await self._note(did, before, number, note)
        await self._record(number, did, before=before)
        return await self.state()

    async def changes(self, query: PolicyPageQuery) -> Page[PolicyChange]:
        """Who made what active, the newest first."""
        rows = await self._repository.changes(query)
        items = [PolicyChange.model_validate(row) for row in rows.items]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def decisions(self, query: DecisionQuery) -> Page[RecordedDecision]:
        """What was decided, the newest first, without what it was about."""
        rows = await self._repository.decisions(query, differing=query.differing, run_id=query.run_id)
        return Page(items=[_recorded(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def _row(self, number: int) -> VersionRow:
        row = await self._repository.get(number)
        if row is None:
            raise NotFound(
                f"There is no version {number} of the policies.", hint="`pilothouse policy list` shows them."
            )
        return row

    async def _checked(self, row: VersionRow, *, with_tests: bool = True) -> Checked:
        bundle, tenant_id = read_content(row.content), self._scope.tenant_id
        return await asyncio.to_thread(checked, bundle, self._parts.shipped, tenant_id, with_tests=with_tests)

    async def _insist(self, row: VersionRow) -> None:
        """Raise `PolicyInvalid` or `PolicyTestsFailed` where a version must not be activated."""
        found = await self._checked(row)
        if not found.valid:
            raise PolicyInvalid(f"Version {row.number} is not valid:", found=found.faults)
        failed = [f"{test.file}, {test.name}: {test.failure}" for test in found.tests if test.failure]
        if failed:
            raise PolicyTestsFailed(f"Tests of version {row.number} fail:", found=failed)

    async def _put(self, kind: str, number: int | None, note: str) -> PolicyState:
        state = await self._repository.state()
        before, shadow = (state.active, state.shadow) if state else (None, None)
        await self._repository.put(number, shadow if shadow != number else None, self._parts.clock.now())
        await self._note(kind, before, number, note)
        await self._record(number, kind, before=before)
        log.info("policies_activated", kind=kind, number=number, before=before, by=self._scope.principal)
        return await self.state()

    async def _record(self, number: int | None, did: str, **details: JsonValue) -> None:
        audit = AuditLog(self._parts.clock, self._parts.ids)
        await self._repository.record(audit, self._scope, f"policies/{number or 0}", did, **details)

    async def _note(self, kind: str, before: int | None, after: int | None, note: str) -> None:
        row = ChangeRow(id=self._parts.ids.new(), kind=kind, before=before, after=after, note=note)
        row.made_by, row.at = self._scope.principal, self._parts.clock.now()
        await self._repository.add(row)


def _before(past: Sequence[ChangeRow], active: int | None) -> int | None:
    """What was active before `active` was activated last; raises `Conflict` where that is not known."""
    for one in past:
        if one.kind == "activated" and one.after == active:
            return one.before
    raise Conflict("What was active before is not known any more.", hint="Name the version.")


def _count(bundle: Bundle) -> int:
    """How many policies a set has; 0 where it cannot be read, which a check tells."""
    try:
        return len(bundle.rules())
    except PolicyInvalid:
        return 0


def _shown(row: VersionRow, state: StateRow | None) -> Version:
    now = {
        "active": state is not None and state.active == row.number,
        "shadow": state is not None and state.shadow == row.number,
    }
    return Version.model_validate(row).model_copy(update=now)


def _recorded(row: DecisionRow) -> RecordedDecision:
    shadowed = None
    if row.shadow is not None:
        shadowed = Answered(
            verdict=row.shadow_verdict,
            policies=tuple(row.shadow_policies or ()),
            roles=tuple(row.shadow_roles or ()),
            version=version_name(row.shadow),
        )
    return RecordedDecision(
        id=row.id,
        run_id=row.run_id,
        step=row.step,
        tool=row.tool,
        at=row.at,
        decision=Answered.model_validate(row),
        shadow=row.shadow,
        shadowed=shadowed,
        differs=row.differs,
    )
