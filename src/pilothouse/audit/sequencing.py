"""The chore that gives entries their places and signs tree heads: whichever worker holds the lock does it.

All that a round does is one transaction: a leader that dies leaves nothing half done, and the next one goes
on. A writer that commits late is simply placed later, because a place is given only to what is committed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import structlog
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.notes import SignedHead, Signer, as_base64
from pilothouse.audit.recording import AuditLog
from pilothouse.audit.repository import Grown, Sequencing, Tree
from pilothouse.audit.schemas import Kind
from pilothouse.audit.tree import Edge
from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import Clock, elapsed
from pilothouse.kit.ids import Ids, lowest_at
from pilothouse.kit.secret import SecretSource
from pilothouse.kit.session import Database

log = structlog.get_logger(__name__)

SECRET = "audit_key"  # noqa: S105 - the name of a secret
EVERY = dt.timedelta(seconds=0.4)
"""Between two rounds: the time that a head is behind, at most, beside that of a round."""

AT_ONCE = 4_000
"""Entries that one transaction places."""

TREES_AT_ONCE = 500

RECENT = dt.timedelta(minutes=1)
THOROUGHLY = 10.0
"""Entries older than a minute by their ids are looked for every 10 s only: those of before have left the
inbox, and their dead rows are not to be passed over each time, which an old snapshot keeps in place."""

_ALL = UUID(int=0)


class Round(NamedTuple):
    """What one transaction of the leader has done, and whether there may be more to do at once."""

    placed: int
    heads: int
    more: bool = False


class Sequencer:
    """The chore. Several may run beside each other, in any number of processes."""

    name = "audit"

    def __init__(self, database: Database, secrets: SecretSource, clock: Clock, ids: Ids) -> None:
        """Work through `database`; heads are signed with the newest version of the secret `audit_key`."""
        self._database = database
        self._secrets = secrets
        self._clock = clock
        self._ids = ids
        self._signers: dict[str, Signer] = {}
        self._thorough_at = 0.0

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Place what waits, and sign a head for each log that has grown."""
        signers = await self._signing()
        while (await self.round(signers)).more:
            continue
        return now + EVERY

    async def sign_now(self) -> None:
        """Place all that is committed and sign heads, whoever leads. Raises what the secrets raise."""
        await self._secrets.versions(SECRET)
        signers, self._thorough_at = await self._signing(), 0.0
        while (await self.round(signers, patiently=True)).more:
            continue

    async def round(self, signers: Sequence[Signer], *, patiently: bool = False) -> Round:
        """One transaction of the leader."""
        async with self._database.maintenance() as session:
            work = Sequencing(session)
            if not await work.due(signers[0].key_id if signers else None):
                return Round(0, 0)
            if not await work.lead(patiently=patiently):
                return Round(0, 0)
            thorough = elapsed() >= self._thorough_at
            since = _ALL if thorough else lowest_at(self._clock.now() - RECENT)
            count, grown = await work.place(since, AT_ONCE)
            await _grow(work, grown)
            whole = count < AT_ONCE
            if thorough and whole:
                self._thorough_at = elapsed() + THOROUGHLY
            heads = await self._signed(work, signers) if signers else []
            if signers and whole:
                heads += await self._hand_over(session, work, signers)
            return Round(count, len(heads), more=not whole or len(heads) >= TREES_AT_ONCE)

    async def _signing(self) -> Sequence[Signer]:
        """The keys in use, the newest first; none where they cannot be read, which keeps no entry waiting."""
        try:
            secrets = await self._secrets.versions(SECRET)
            found = {
                secret.version: self._signers.get(secret.version) or Signer(secret.reveal())
                for secret in secrets
            }
        except PilothouseError as error:
            log.error("audit_heads_not_signed", reason=str(error))  # noqa: TRY400 - a reader needs no trace
            return ()
        self._signers = found
        return list(found.values())

    async def _signed(self, work: Sequencing, signers: Sequence[Signer]) -> list[SignedHead]:
        """Sign the trees that have grown, each with the key that its log has now, if that is there."""
        by: dict[str | None, Signer] = {None: signers[0]}
        by |= {signer.key_id: signer for signer in signers}
        trees = await work.unsigned(TREES_AT_ONCE)
        return await self._keep(work, [(tree, by[tree.key_id]) for tree in trees if tree.key_id in by])

    async def _keep(self, work: Sequencing, trees: Sequence[tuple[Tree, Signer]]) -> list[SignedHead]:
        now = self._clock.now()
        made = [
            (
                self._ids.new(),
                signer.head(tree.tenant_id, tree.size, Edge(tree.size, tree.edge).root(), now),
                signer,
            )
            for tree, signer in trees
        ]
        await work.keep_heads([(id_, head, signer.public) for id_, head, signer in made])
        return [head for _, head, _ in made]

    async def _hand_over(
        self, session: AsyncSession, work: Sequencing, signers: Sequence[Signer]
    ) -> list[SignedHead]:
        """Where the key has changed: record the new one in each log, signed by the old one; then use it.

        Whoever trusts the old key finds the new one in a head that the old one has signed.
        """
        newest, known = signers[0], {signer.key_id: signer for signer in signers}
        trees = await work.signed_otherwise(newest.key_id, TREES_AT_ONCE)
        if not trees:
            return []
        record, ids = AuditLog(self._clock, self._ids), []
        for tree in trees:
            keys: dict[str, JsonValue] = {"old_key": tree.key_id, "new_key": newest.key_id}
            keys |= {"old_public": as_base64(tree.public_key or b""), "new_public": as_base64(newest.public)}
            kind = Kind.SIGNING_KEY
            ids.append(await record.record(session, tree.tenant_id, kind, "pilothouse", SECRET, details=keys))
        await _grow(work, await work.place_these(ids))
        after = await work.trees([tree.tenant_id for tree in trees])
        by_old = [
            (tree, known[tree.key_id]) for tree in after if tree.key_id is not None and tree.key_id in known
        ]
        heads = await self._keep(work, by_old)
        for tree in after:
            log.info(
                "audit_key_changed",
                tenant_id=tree.tenant_id,
                key_id=newest.key_id,
                endorsed=tree.key_id in known,
            )
        return heads + await self._keep(work, [(tree, newest) for tree in after])


async def _grow(work: Sequencing, grown: Sequence[Grown]) -> None:
    """Let the trees grow by entries that have their places now."""
    if not grown:
        return
    tiles, edges = {}, {}
    for one in grown:
        edge = Edge(one.size, one.edge)
        for tile, part in edge.extend(one.hashes).items():
            tiles[one.tenant_id, tile] = part
        edges[one.tenant_id] = (edge.size, edge.peaks)
    await work.grow(tiles, edges)
