"""The audit log as a scope may read and prove it, and the door by which other domains record."""

from __future__ import annotations

from uuid import UUID

from pilothouse.audit.batching import AuditBatch
from pilothouse.audit.errors import LogDamaged, NoSuchTree, NotYetPlaced
from pilothouse.audit.exporting import Exporting
from pilothouse.audit.notes import SignedHead, Signer, as_base64, as_pem, key_id_of
from pilothouse.audit.recording import AuditLog, entry, fingerprint
from pilothouse.audit.repository import AuditRepository, Placed, proving
from pilothouse.audit.schemas import (
    ConsistencyProof,
    Entry,
    EntryQuery,
    EntrySummary,
    Head,
    InclusionProof,
    Kind,
    PublicKey,
)
from pilothouse.audit.sequencing import SECRET, Sequencer
from pilothouse.audit.tables import HeadRow
from pilothouse.audit.tree import (
    EMPTY_ROOT,
    Span,
    consistency_spans,
    hash_of,
    inclusion_spans,
    leaf_hash,
    root_of,
    tiles_of,
)
from pilothouse.errors import NotFound
from pilothouse.kit.canonical import from_json
from pilothouse.kit.pagination import Page, PageQuery, cursor_of
from pilothouse.kit.scope import Scope
from pilothouse.kit.secret import SecretSource
from pilothouse.kit.session import Database

__all__ = ["AuditBatch", "AuditBook", "AuditLog", "Exporting", "Kind", "Sequencer", "entry", "fingerprint"]


class AuditBook:
    """The log of a scope's tenant, read in transactions of its own."""

    def __init__(self, database: Database, scope: Scope, sequencer: Sequencer, secrets: SecretSource) -> None:
        """Read through `database`; `sequencer` signs a head where one is wanted now."""
        self._database = database
        self._scope = scope
        self._sequencer = sequencer
        self._secrets = secrets

    async def page(self, query: EntryQuery) -> Page[EntrySummary]:
        """The wanted entries, the newest first, also those without a place yet."""
        async with self._database.session(self._scope) as session:
            rows = await AuditRepository(session, self._scope).entries(query)
        shown = [EntrySummary(**row._asdict()) for row in rows[: query.limit]]
        more = len(rows) > query.limit
        return Page(items=shown, next_cursor=cursor_of(shown[-1].id) if more else None)

    async def show(self, entry_id: UUID) -> Entry:
        """An entry. Raises `NotFound`, also where it has left the table."""
        async with self._database.session(self._scope) as session:
            found = await AuditRepository(session, self._scope).entry(entry_id)
        if found is None:
            raise _none(entry_id)
        return _shown(found)

    async def proof(self, entry_id: UUID, size: int | None = None) -> InclusionProof:
        """That the tree of `size` entries (None: of the newest head) has an entry.

        Raises `NotFound`, `NotYetPlaced`, and `NoSuchTree` where that tree has not, or there is none.
        """
        found, head = await self._database.read(
            self._scope, proving.place(self._scope, entry_id), proving.head(self._scope, size)
        )
        if found is None:
            raise _none(entry_id)
        if found.position is None or head is None:
            raise NotYetPlaced(hint="Ask again in a second.")
        signed = None if head.id is None else _head(head)
        size = signed.size if size is None and signed is not None else size
        if size is None or size > head.whole:
            raise NoSuchTree(f"The log has never had {size or 0:,} entries.", hint="Leave size out.")
        if found.position >= size:
            raise NoSuchTree(
                f"The entry has the place {found.position:,}, which a tree of {size:,} has not.",
                hint="A head that has it is signed within a second.",
            )
        path = await self._hashes(inclusion_spans(found.position, size))
        leaf = leaf_hash(found.leaf)
        root = as_base64(root_of(size, found.position, leaf, path))
        if signed is not None and signed.root != root:
            raise LogDamaged(
                f"The entry {found.position:,} does not lead to the root that was signed.",
                hint="Export and verify the log: that says which entry was altered.",
            )
        return InclusionProof(
            id=entry_id,
            position=found.position,
            size=size,
            leaf_hash=as_base64(leaf),
            path=[as_base64(node) for node in path],
            root=root,
            head=signed,
        )

    async def consistency(self, first: int, second: int) -> ConsistencyProof:
        """That the tree of `second` entries begins with that of `first`. Raises `NoSuchTree`."""
        (head,) = await self._database.read(self._scope, proving.head(self._scope, None))
        if not first <= second <= (head.whole if head is not None else 0):
            raise NoSuchTree(
                f"There are no trees of {first:,} and then {second:,} entries.",
                hint="`first` is at most `second`, and that at most the size of the newest head.",
            )
        spans = consistency_spans(first, second)
        hashes = await self._hashes([*spans, *(Span(0, size) for size in (first, second) if size)])
        path = hashes[: len(spans)]
        before, after = [EMPTY_ROOT, EMPTY_ROOT, *hashes[len(spans) :]][-2:]
        return ConsistencyProof(
            first=first,
            first_root=as_base64(before),
            second=second,
            second_root=as_base64(after),
            path=[as_base64(node) for node in path],
        )

    async def _hashes(self, spans: list[Span]) -> list[bytes]:
        """The hashes of subtrees. Raises `LogDamaged`."""
        if not spans:
            return []
        (tiles,) = await self._database.read(self._scope, proving.tiles(self._scope, tiles_of(spans)))
        try:
            return [hash_of(span, tiles) for span in spans]
        except (KeyError, ValueError) as error:
            raise LogDamaged(
                f"Hashes of the audit log are missing: {error}.", hint="Restore the table audit_tiles."
            ) from error

    async def heads(self, query: PageQuery) -> Page[Head]:
        """Signed heads, the newest first."""
        async with self._database.session(self._scope) as session:
            rows = await AuditRepository(session, self._scope).heads(query)
        return Page(items=[_head(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def sign(self) -> Head:
        """Place all that is committed now, and return the head that has it. Raises `NotFound`."""
        await self._sequencer.sign_now()
        async with self._database.session(self._scope) as session:
            row = await AuditRepository(session, self._scope).head()
        if row is None:
            raise NotFound("Nothing was recorded yet.", hint="The first entry makes the first head.")
        return _head(row)

    async def key(self) -> PublicKey:
        """The public key of the newest head; of the next one where there is none yet."""
        async with self._database.session(self._scope) as session:
            row = await AuditRepository(session, self._scope).head()
        if row is not None:
            return PublicKey(key_id=row.key_id, pem=as_pem(row.public_key))
        public = Signer((await self._secrets.versions(SECRET))[0].reveal()).public
        return PublicKey(key_id=key_id_of(public), pem=as_pem(public))


def _none(entry_id: UUID) -> NotFound:
    return NotFound(f"There is no entry {entry_id}.", hint="`pilothouse audit list` shows those there are.")


def _shown(row: Placed) -> Entry:
    leaf = row.leaf.decode()
    return Entry(**row._asdict() | {"leaf": leaf, "details": from_json(leaf)["details"]})


def _head(row: HeadRow) -> Head:
    signed = SignedHead(row.tenant_id, row.size, row.root, row.at, row.key_id, row.signature)
    return Head(
        id=row.id,
        size=row.size,
        root=as_base64(row.root),
        at=row.at,
        key_id=row.key_id,
        signature=as_base64(row.signature),
        note=signed.note(row.public_key),
    )
