"""The rules of guards for those who ask: what is in a text, what is done where, and who sees originals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import to_json

from pilothouse.audit.service import AuditLog
from pilothouse.errors import Forbidden
from pilothouse.guards.exchanging import Exchange
from pilothouse.guards.findings import Act, Finding
from pilothouse.guards.masking import PLACEHOLDER, mask
from pilothouse.guards.passing import Guards, opened, restore
from pilothouse.guards.repository import OriginalRepository
from pilothouse.guards.scanning import KEYLESS, Judged, Scanner
from pilothouse.guards.schemas import GuardTable, InletRules, Restored, Scan, ScanFinding, Scanned
from pilothouse.guards.streaming import Tail
from pilothouse.guards.table import Table, group_of
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Sealer
from pilothouse.policies.service import Authority
from pilothouse.runs.schemas import Run

__all__ = ["PERMISSION", "Exchange", "GuardBook", "Guards", "Tail", "rules_of", "scanned"]

PERMISSION = "personal:read"
"""What it takes to see what placeholders stand for."""


def rules_of(table: Table, tenant_id: str) -> list[InletRules]:
    """The table as a tenant has it."""
    return [InletRules(inlet=inlet, acts=acts) for inlet, acts in table.rows(tenant_id)]


def scanned(scanner: Scanner, table: Table, tenant_id: str, wanted: Scan) -> Scanned:
    """What is in a text, as it would be at its inlet."""
    acts = table.of(tenant_id, wanted.inlet)
    values = Judged(scanner.detector, acts, frozenset()).scan(wanted.text) if acts.values else []
    seen = scanner.seen(wanted.text, to_json(wanted.text), acts, ours=True)
    others = [one for one in (seen.findings if seen else ()) if one not in values and not _is_value(one)]
    found = sorted([*values, *others], key=lambda one: (one.start, one.end))
    return Scanned(
        findings=[
            ScanFinding(
                type=one.type,
                group=group_of(one.type),
                start=one.start,
                end=one.end,
                confidence=one.confidence,
                severity=one.severity,
                action=one.action,
            )
            for one in found
        ],
        masked=mask(wanted.text, [one for one in values if one.action is Act.MASK], KEYLESS).text,
    )


class GuardBook:
    """Guards as a scope may ask them."""

    def __init__(
        self,
        repository: OriginalRepository,
        guards: Guards,
        sealer: Sealer,
        audit: AuditLog,
        authority: Authority,
        scope: Scope,
        *,
        show: Callable[[UUID], Awaitable[Run]],
    ) -> None:
        """Originals are read through `repository` and opened by `sealer`; `show` finds a run of the scope."""
        self._repository = repository
        self._guards = guards
        self._sealer = sealer
        self._audit = audit
        self._authority = authority
        self._scope = scope
        self._show = show

    def table(self) -> GuardTable:
        """What is done where."""
        tenant_id = self._scope.tenant_id
        observing = sorted(self._guards.observed(tenant_id))
        names = self._guards.scanner.names
        return GuardTable(
            inlets=rules_of(self._guards.table, tenant_id),
            observing=[*map(str, observing)],
            names_model=names and names.name,
        )

    async def scan(self, wanted: Scan) -> Scanned:
        """What is in a text. Nothing of it is kept or recorded."""
        guards, tenant_id = self._guards, self._scope.tenant_id
        return await guards.worked(lambda: scanned(guards.scanner, guards.table, tenant_id, wanted))

    async def run(self, run_id: UUID) -> Run:
        """A run with what its placeholders stand for, which is recorded. Raises `NotFound`, `Forbidden`."""
        shown = await self._show(run_id)
        told: dict[str, JsonValue] = {
            "input": shown.input,
            "output": shown.output,
            "error": shown.error.model_dump(mode="json") if shown.error else None,
            "questions": [one.model_dump(mode="json") for one in shown.questions],
        }
        found, _ = await self._restored(run_id, told, "run")
        if found == told or not isinstance(found, dict):
            return shown
        return Run.model_validate({**shown.model_dump(), **found})

    async def restore(self, run_id: UUID, value: JsonValue) -> Restored:
        """A value of a run with its originals, which is recorded. Raises `NotFound`, `Forbidden`."""
        await self._show(run_id)
        found, count = await self._restored(run_id, value, "value")
        return Restored(value=found, restored=count)

    async def reveal(self, run_id: UUID, value: JsonValue) -> JsonValue:
        """An action's arguments with their originals, where the scope may see them; else as they are."""
        if not self._authority.may_read_personal_data(self._scope):
            return value
        return (await self._restored(run_id, value, "action"))[0]

    async def _restored(self, run_id: UUID, value: JsonValue, what: str) -> tuple[JsonValue, int]:
        decision = self._authority.decide(self._scope, PERMISSION)
        if not decision.allowed:
            raise Forbidden(f"This needs the permission {PERMISSION}.", hint="Ask an admin of your tenant.")
        named = {found[0] for found in PLACEHOLDER.finditer(to_json(value).decode())}
        sealed = await self._repository.of(run_id) if named else {}
        originals = await opened(self._sealer, self._scope.tenant_id, _among(sealed, named))
        if not originals:
            return value, 0
        types = sorted({name[1:].partition(":")[0].lower() for name in originals})
        told: dict[str, JsonValue] = {"what": what, "count": len(originals), "types": [*types]}
        await self._repository.record(self._audit, self._scope, run_id, told)
        return restore(value, originals), len(originals)


def _among(sealed: dict[str, bytes], named: set[str]) -> dict[str, bytes]:
    return {name: text for name, text in sealed.items() if name in named}


def _is_value(one: Finding) -> bool:
    return group_of(one.type) in {"secrets", "personal", "other"}
