"""The life of a tenant's prompts: versions are made, compared and rendered, labels moved and rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from pydantic import JsonValue

from pilothouse.audit.service import AuditLog
from pilothouse.errors import Conflict
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.pagination import Page
from pilothouse.kit.preconditions import is_current
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Sealer
from pilothouse.prompts import contents
from pilothouse.prompts.book_schemas import (
    LabelMove,
    LabelRollback,
    LabelShown,
    Move,
    NewPromptVersion,
    PromptQuery,
    PromptShown,
    PromptSummary,
    PromptTested,
    ToRender,
    VersionQuery,
    VersionShown,
    VersionSummary,
    VersionUse,
)
from pilothouse.prompts.comparing import compared
from pilothouse.prompts.errors import LabelMoved, PromptMissing, meant
from pilothouse.prompts.files import Source, read
from pilothouse.prompts.rendering import render
from pilothouse.prompts.repository import PromptRepository
from pilothouse.prompts.schemas import FILE, PRODUCTION, Differences, PromptHead, PromptVersion, Rendered
from pilothouse.prompts.shipped import ShippedPrompts
from pilothouse.prompts.tables import LabelRow, MoveRow, VersionRow
from pilothouse.prompts.testing import insist, run_tests

log = structlog.get_logger(__name__)

MOST_PROMPTS = 1_000
"""Prompts of which one tenant has versions."""


@dataclass(frozen=True)
class PromptParts:
    """What the prompts of all tenants have in common in one process."""

    shipped: ShippedPrompts
    sealer: Sealer
    clock: Clock
    ids: Ids


Uses = Callable[[str], Awaitable[Mapping[str, VersionUse]]]
"""What was used of each version of a prompt, by the version's id."""


class PromptBook:
    """The prompts of one tenant. A label that is moved holds in every process within a second."""

    def __init__(
        self, repository: PromptRepository, parts: PromptParts, scope: Scope, uses: Uses | None = None
    ) -> None:
        """Read and write through `repository`, on behalf of `scope`; `uses` tells what came of versions."""
        self._repository = repository
        self._uses = uses
        self._parts = parts
        self._scope = scope

    async def page(self, query: PromptQuery) -> Page[PromptSummary]:
        """The wanted prompts by name: the tenant's own, and those that applications ship."""
        latest = {held.name: held.latest for held in await self._repository.held()}
        pointers = await self._repository.pointers()
        names = sorted(latest.keys() | self._parts.shipped.versions.keys())
        left = [name for name in names if query.cursor is None or name > query.cursor]
        shown = left[: query.limit]
        items = [self._summary(name, latest.get(name), pointers) for name in shown]
        return Page(items=items, next_cursor=shown[-1] if len(left) > len(shown) else None)

    async def show(self, name: str) -> PromptShown:
        """A prompt and where its labels point. Raises `PromptMissing`."""
        latest = await self._known(name)
        rows = [row for row in await self._repository.labels(name) if row.version is not None]
        pointers = {(row.name, row.label): row.version or FILE for row in rows}
        summary = self._summary(name, latest or None, pointers)
        shipped = self._parts.shipped.versions.get(name)
        return PromptShown(
            **summary.model_dump(),
            shipped=None if shipped is None else shipped.id,
            pointers=tuple(self._pointer(row) for row in rows),
            used=tuple((await self._used(name)).values()),
        )

    async def versions(self, name: str, query: VersionQuery) -> Page[VersionSummary]:
        """The tenant's versions of a prompt, the newest first. Raises `PromptMissing`."""
        await self._known(name)
        rows, labels = await self._repository.page(name, query), await self._repository.labels(name)
        found, used = [_summary(row, labels) for row in rows.items], await self._used(name)
        items = [item.model_copy(update={"used": used.get(item.id)}) for item in found]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def version(self, name: str, ref: str = PRODUCTION) -> VersionShown:
        """A version with its texts. Raises `PromptMissing`."""
        number = await self._number(name, ref)
        labels = await self._repository.labels(name)
        if number is None:
            version, (_, source) = self._parts.shipped.versions[name], self._parts.shipped.sources[name]
            pointing = tuple(row.label for row in labels if row.version == FILE)
            summary = VersionSummary(
                id=version.id, name=name, number=None, digest=version.digest, labels=pointing
            )
        else:
            row = await self._row(name, number)
            source = await contents.opened(self._parts.sealer, row)
            version, summary = read(name, source, number), _summary(row, labels)
        head = PromptHead(**{field: getattr(version, field) for field in PromptHead.model_fields})
        told = {"head": head, "body": version.body, "text": source.text, "tests": source.tests}
        return VersionShown(**summary.model_dump(), **told)

    async def create(self, name: str, wanted: NewPromptVersion) -> VersionSummary:
        """Make a version. It is used once a label points to it; the same text again is the same version.

        Raises `PromptInvalid`, and `Conflict` where the tenant has too many prompts.
        """
        source = Source(wanted.text, wanted.tests)
        version = await asyncio.to_thread(read, name, source)
        await self._repository.alone(name)
        digest = contents.source_digest(source)
        same = await self._repository.by_source(name, digest)
        if same is not None:
            return _summary(same, await self._repository.labels(name))
        last = await self._repository.last(name)
        if not last and await self._repository.names() >= MOST_PROMPTS:
            raise Conflict(f"There are {MOST_PROMPTS:,} prompts, as many as there may be.")
        id_ = self._parts.ids.new()
        row = VersionRow(
            id=id_,
            name=name,
            number=last + 1,
            sha256=version.digest,
            source_digest=digest,
            content=await contents.sealed(self._parts.sealer, self._scope.tenant_id, id_, source),
            note=wanted.note,
            made_by=self._scope.principal,
            created_at=self._parts.clock.now(),
        )
        await self._repository.add(row)
        await self._record(name, "created", number=row.number, sha256=row.sha256)
        log.info("prompt_created", prompt=name, number=row.number, by=self._scope.principal)
        return _summary(row, ())

    async def label(self, name: str, label: str) -> LabelShown:
        """Where a label points. Raises `PromptMissing`."""
        await self._known(name)
        row = await self._label(name, label)
        if row is not None and row.version is not None:
            return self._pointer(row)
        if label == PRODUCTION and name in self._parts.shipped.versions:
            edition = 0 if row is None else row.edition
            return LabelShown(label=label, version=self._id_of(name, FILE), edition=edition)
        raise _unlabelled(name, label)

    async def move(self, name: str, label: str, wanted: LabelMove, if_match: str | None = None) -> LabelShown:
        """Let a label point to a version, if the version's tests pass: everywhere within a second.

        Raises `PromptMissing`, `PromptTestsFailed`, and `LabelMoved` where `if_match` names another edition.
        """
        if label == FILE:
            raise Conflict("`file` names what an application ships.", hint="Choose another label.")
        await self._repository.alone(name)
        await self._known(name)
        row = await self._label(name, label)
        _assert_current(label, row, if_match)
        version = await self.resolved(name, wanted.version)
        insist(await asyncio.to_thread(run_tests, [version]))
        return await self._put("moved", name, label, row, wanted.version, wanted.note)

    async def remove(self, name: str, label: str, if_match: str | None = None) -> None:
        """Let a label point nowhere; `production` then means what an application ships.

        Raises `PromptMissing` where it points nowhere already, `LabelMoved` as `move`.
        """
        await self._repository.alone(name)
        await self._known(name)
        row = await self._label(name, label)
        if row is None or row.version is None:
            raise _unlabelled(name, label)
        _assert_current(label, row, if_match)
        await self._put("removed", name, label, row, None, "")

    async def rollback(self, name: str, wanted: LabelRollback) -> PromptShown:
        """Let a label point to where it did before it was moved last; once more goes back further.

        Raises `PromptMissing`, and `Conflict` where it was never moved or did not point anywhere before.
        """
        await self._repository.alone(name)
        await self._known(name)
        row, past = await self._label(name, wanted.label), await self._repository.past(name, wanted.label)
        if row is None or not past:
            hint = f"`pilothouse prompts label {name} {wanted.label} VERSION` does."
            raise Conflict(f"The label {wanted.label} of {name} was never moved.", hint=hint)
        before = _before(past)
        if before is not None:
            await self.resolved(name, before)
        elif wanted.label == PRODUCTION and name not in self._parts.shipped.versions:
            raise Conflict(
                f"The label {wanted.label} of {name} pointed nowhere before.",
                hint=f"`pilothouse prompts versions {name}` shows what it can point to.",
            )
        await self._put("rolled_back", name, wanted.label, row, before, wanted.note)
        return await self.show(name)

    async def moves(self, name: str, query: VersionQuery) -> Page[Move]:
        """How the labels of a prompt were moved, the newest move first. Raises `PromptMissing`."""
        await self._known(name)
        rows = await self._repository.moves(name, query)
        items = [Move.model_validate(row) for row in rows.items]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def diff(self, name: str, before: str, after: str) -> Differences:
        """What differs between two versions. Raises `PromptMissing`."""
        return compared(await self.resolved(name, before), await self.resolved(name, after))

    async def render(self, name: str, wanted: ToRender) -> Rendered:
        """What a model would be sent; none is asked. Raises `PromptMissing`, `VariablesInvalid`."""
        version = await self.resolved(name, wanted.version)
        return await asyncio.to_thread(render, version, wanted.variables)

    async def test(self, name: str, ref: str = PRODUCTION) -> PromptTested:
        """How the tests of a version go. Raises `PromptMissing`."""
        version = await self.resolved(name, ref)
        found = await asyncio.to_thread(run_tests, [version])
        passed = all(one.failure is None for one in found)
        return PromptTested(id=version.id, passed=passed, tests=tuple(found))

    async def resolved(self, name: str, ref: str) -> PromptVersion:
        """The version that a number, a label or `file` names. Raises `PromptMissing`."""
        number = await self._number(name, ref)
        if number is None:
            return self._parts.shipped.versions[name]
        return await contents.version_of(self._parts.sealer, await self._row(name, number))

    async def _number(self, name: str, ref: str) -> int | None:
        """The number that is meant; None for the shipped version, which then is there."""
        await self._known(name)
        pointer = ref
        if not ref.isdecimal() and ref != FILE:
            row = await self._label(name, ref)
            default = FILE if ref == PRODUCTION and name in self._parts.shipped.versions else None
            found = (None if row is None else row.version) or default
            if found is None:
                raise _unlabelled(name, ref)
            pointer = found
        if pointer != FILE:
            return int(pointer)
        if name not in self._parts.shipped.versions:
            raise PromptMissing(
                f"No installed application ships the prompt {name}.", hint="Name a version's number."
            )
        return None

    async def _known(self, name: str) -> int:
        """The newest number of the tenant's versions, 0 where only a file has it; raises `PromptMissing`."""
        latest, shipped = await self._repository.last(name), self._parts.shipped.versions
        if not latest and name not in shipped:
            hint = f"{meant(name, list(shipped))} `pilothouse prompts list` shows all."
            raise PromptMissing(f"There is no prompt {name}.", hint=hint)
        return latest

    async def _used(self, name: str) -> Mapping[str, VersionUse]:
        return {} if self._uses is None else await self._uses(name)

    async def _row(self, name: str, number: int) -> VersionRow:
        row = await self._repository.get(name, number)
        if row is None:
            hint = f"`pilothouse prompts versions {name}` shows what there is."
            raise PromptMissing(f"There is no version {number} of the prompt {name}.", hint=hint)
        return row

    async def _label(self, name: str, label: str) -> LabelRow | None:
        rows = await self._repository.labels(name)
        return next((row for row in rows if row.label == label), None)

    async def _put(
        self, kind: str, name: str, label: str, row: LabelRow | None, after: str | None, note: str
    ) -> LabelShown:
        now, by = self._parts.clock.now(), self._scope.principal
        before = None if row is None else row.version
        await self._repository.put(name, label, after, by, now)
        told = {"before": self._told(name, before), "after": self._told(name, after)}
        move = MoveRow(id=self._parts.ids.new(), name=name, label=label, kind=kind, note=note, **told)
        move.made_by, move.at = by, now
        await self._repository.add(move)
        await self._record(name, kind, label=label, **told)
        log.info("prompt_label_moved", prompt=name, label=label, kind=kind, by=by, **told)
        edition = 1 if row is None else row.edition + 1
        shown = self._id_of(name, after or FILE)
        return LabelShown(label=label, version=shown, edition=edition, moved_by=by, moved_at=now)

    def _told(self, name: str, version: str | None) -> str | None:
        return None if version is None else self._id_of(name, version)

    def _id_of(self, name: str, version: str) -> str:
        """The id of a version: of the shipped one with its digest, as long as it is shipped."""
        shipped = self._parts.shipped.versions.get(name)
        return shipped.id if version == FILE and shipped is not None else version

    def _pointer(self, row: LabelRow) -> LabelShown:
        told = {name: getattr(row, name) for name in ("label", "edition", "moved_by", "moved_at")}
        return LabelShown(version=self._id_of(row.name, row.version or FILE), **told)

    def _summary(
        self, name: str, latest: int | None, pointers: Mapping[tuple[str, str], str]
    ) -> PromptSummary:
        labels = {label: self._id_of(name, at) for (of, label), at in pointers.items() if of == name}
        shipped = self._parts.shipped.versions.get(name)
        production = labels.get(PRODUCTION) or (None if shipped is None else shipped.id)
        app = self._parts.shipped.app_of(name)
        return PromptSummary(name=name, app=app, latest=latest, production=production, labels=labels)

    async def _record(self, name: str, did: str, **details: JsonValue) -> None:
        audit = AuditLog(self._parts.clock, self._parts.ids)
        await self._repository.record(audit, self._scope, f"prompt/{name}", did, **details)


def etag_of(label: LabelShown) -> str:
    """The entity tag of where a label points: each move makes another one."""
    return f'"{label.edition}"'


def _assert_current(label: str, row: LabelRow | None, if_match: str | None) -> None:
    """Raise `LabelMoved` unless an `If-Match` header names the label's edition."""
    edition = 0 if row is None else row.edition
    if not is_current(f'"{edition}"', if_match):
        raise LabelMoved(
            f"The label {label} was moved since it was read: this is edition {edition}.",
            hint="Read it again, and send its ETag as If-Match.",
        )


def _before(past: Sequence[MoveRow]) -> str | None:
    """Where a label pointed before it was moved last, without what was rolled back; None: nowhere.

    `past` begins with the newest move. Raises `Conflict` where all moves were rolled back.
    """
    stack = [past[-1].before]
    for one in reversed(past):
        if one.kind == "rolled_back":
            stack = stack[:-1] or [one.after]
        else:
            stack.append(one.after)
    if len(stack) < 2:
        raise Conflict("All that was moved was rolled back.", hint="Name the version: move the label there.")
    return None if stack[-2] is None else stack[-2].partition(":")[0]


def _unlabelled(name: str, label: str) -> PromptMissing:
    return PromptMissing(
        f"The label {label} of the prompt {name} points to no version.",
        hint=f"`pilothouse prompts label {name} {label} 1` lets it point to version 1.",
    )


def _summary(row: VersionRow, labels: Sequence[LabelRow]) -> VersionSummary:
    return VersionSummary(
        id=str(row.number),
        name=row.name,
        number=row.number,
        digest=row.sha256,
        labels=tuple(one.label for one in labels if one.version == str(row.number)),
        note=row.note,
        made_by=row.made_by,
        created_at=row.created_at,
    )
