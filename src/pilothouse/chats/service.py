"""How customers come in: links that somebody of the desk makes, and sessions that begin with them.

A link proves that its bearer reads the mail of an address. What a workflow makes of that is its own business:
the address is told to it as the sender of what is said.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from uuid import UUID

import orjson
import structlog

from pilothouse.audit.service import AuditLog
from pilothouse.chats.errors import ChatLinkOver
from pilothouse.chats.repository import ChatRepository
from pilothouse.chats.schemas import ChatLink, ChatLinkShown, ChatLinkState, ChatLinkWanted
from pilothouse.chats.tables import ChatCustomerRow, ChatLinkRow, ChatSessionRow, place_of
from pilothouse.errors import InvalidInput, NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.origin import Origin
from pilothouse.kit.pagination import Page, PageQuery
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Erased, Sealer
from pilothouse.kit.session import Database
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.errors import WrongType

log = structlog.get_logger(__name__)

PATH = "/chat"
ROLE = "customer"
"""Whose questions customers answer."""
SESSION_LASTS = dt.timedelta(hours=24)
KEPT = dt.timedelta(days=1)
"""For how long links and sessions are kept after they are over."""

_VALUE = re.compile(r"([a-z][a-z0-9-]{0,62})\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Customer:
    """Somebody who has come in, and may do nothing but talk with one workflow."""

    id: UUID
    tenant_id: str
    workflow: str
    email: str
    name: str
    digest: bytes = field(repr=False)
    expires_at: dt.datetime

    @property
    def scope(self) -> Scope:
        """In whose scope their messages are taken: they answer questions to customers, and nothing else."""
        return Scope(
            self.tenant_id,
            f"chat:{self.id}",
            frozenset({f"approver:{ROLE}"}),
            permissions=frozenset({"questions:answer"}),
        )


@dataclass(frozen=True)
class DoorParts:
    """What links and sessions work with."""

    database: Database
    engine: Engine
    sealer: Sealer
    origin: Origin
    clock: Clock


class ChatDoor:
    """Makes links, begins sessions, and knows them again. Of what admits anybody only digests are kept."""

    def __init__(self, parts: DoorParts) -> None:
        """Keep them in the database."""
        self._parts = parts
        self._audit = AuditLog(parts.clock, parts.engine.ids)

    async def make_link(self, scope: Scope, wanted: ChatLinkWanted) -> ChatLink:
        """A link for a customer, good once, for as long as is wanted.

        Raises `NotFound` where there is no such workflow, `InvalidInput` where it takes no messages, and
        `AddressUnknown` where nobody has said under which address people reach this installation.
        """
        self._insist_on_messages(wanted)
        url, now = self._parts.origin.url(), self._parts.clock.now()
        token = _new_value(scope.tenant_id)
        async with self._parts.database.session(scope) as session:
            chats = ChatRepository(session, scope)
            await chats.tidy(now - KEPT)
            customer = await self._customer(chats, scope.tenant_id, wanted, now)
            link = ChatLinkRow(
                id=self._parts.engine.ids.new(),
                customer_id=customer.id,
                digest=_digest_of(token),
                made_by=scope.principal,
                made_at=now,
                expires_at=now + dt.timedelta(minutes=wanted.minutes),
            )
            await chats.save(link)
            await chats.record(self._audit, scope, f"chat/{customer.id}", "chat_link_made")
        log.info("chat_link_made", customer_id=str(customer.id), workflow=wanted.workflow)
        address = f"{url}{PATH}/{wanted.workflow}#token={token}"
        return ChatLink(id=link.id, url=address, expires_at=link.expires_at)

    async def links(self, scope: Scope, query: PageQuery) -> Page[ChatLinkShown]:
        """The links of the tenant, the newest first; those that are over for long are gone."""
        now = self._parts.clock.now()
        async with self._parts.database.session(scope) as session:
            rows, customers = await ChatRepository(session, scope).links(query)
            items = [await self._listed(row, customers.get(row.customer_id), now) for row in rows.items]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def revoke(self, scope: Scope, link_id: UUID) -> None:
        """Have a link let nobody in any more, and whoever came in by it out. Raises `NotFound`."""
        async with self._parts.database.session(scope) as session:
            chats = ChatRepository(session, scope)
            customer_id = await chats.revoke(link_id, self._parts.clock.now())
            if customer_id is None:
                raise NotFound(f"There is no link {link_id}.", hint="What is long over is gone.")
            await chats.record(self._audit, scope, f"chat/{customer_id}", "chat_link_revoked")
        log.info("chat_link_revoked", customer_id=str(customer_id))

    async def redeem(self, token: str, instead: str | None) -> tuple[Customer, str]:
        """The customer of a link, and what the browser keeps; ends the session that it had (`instead`).

        Raises `ChatLinkOver` for anything but a link that is good.
        """
        tenant_id = _tenant_of(token)
        if tenant_id is None:
            raise ChatLinkOver(hint="Ask for a new one.")
        scope, now = Scope(tenant_id, "chat"), self._parts.clock.now()
        value = _new_value(tenant_id)
        async with self._parts.database.session(scope) as session:
            chats = ChatRepository(session, scope)
            link = await chats.use_link(_digest_of(token), now) if await chats.is_active() else None
            if link is None:
                raise ChatLinkOver(hint="Ask for a new one.")
            if instead is not None:
                await chats.end(_digest_of(instead), now)
            row = ChatSessionRow(
                id=self._parts.engine.ids.new(),
                customer_id=link.customer_id,
                digest=_digest_of(value),
                made_at=now,
                expires_at=now + SESSION_LASTS,
            )
            await chats.save(row)
            customer = await self._known(chats, row)
            await chats.record(self._audit, customer.scope, f"chat/{customer.id}", "chat_begun")
        log.info("chat_begun", customer_id=str(customer.id))
        return customer, value

    async def came(self, value: str | None) -> Customer | None:
        """Who comes with a session; None where it is over, or never was."""
        tenant_id = _tenant_of(value or "")
        if value is None or tenant_id is None:
            return None
        scope = Scope(tenant_id, "chat")
        async with self._parts.database.session(scope) as session:
            chats = ChatRepository(session, scope)
            row = await chats.session(_digest_of(value), self._parts.clock.now())
            if row is None or not await chats.is_active():
                return None
            return await self._known(chats, row)

    async def holds(self, customer: Customer) -> bool:
        """Whether the session of a customer has not ended meanwhile."""
        async with self._parts.database.session(customer.scope) as session:
            chats = ChatRepository(session, customer.scope)
            row = await chats.session(customer.digest, self._parts.clock.now())
            return row is not None and await chats.is_active()

    async def leave(self, customer: Customer) -> None:
        """End the session of a customer."""
        async with self._parts.database.session(customer.scope) as session:
            await ChatRepository(session, customer.scope).end(customer.digest, self._parts.clock.now())

    async def _listed(
        self, row: ChatLinkRow, customer: ChatCustomerRow | None, now: dt.datetime
    ) -> ChatLinkShown:
        said: dict[str, str] = {}
        if customer is not None:
            try:
                said = await self._said(row.tenant_id, customer)
            except Erased:
                said = {}  # its key was destroyed, and that is what was wanted
        return ChatLinkShown(
            id=row.id,
            workflow="" if customer is None else customer.workflow,
            email=said.get("email"),
            name=said.get("name"),
            state=_state_of(row, now),
            made_by=row.made_by,
            made_at=row.made_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
        )

    async def _said(self, tenant_id: str, customer: ChatCustomerRow) -> dict[str, str]:
        """The address and the name of a customer; raises `Erased` where the tenant's keys were destroyed."""
        opened = await self._parts.sealer.open(place_of(tenant_id, customer.id), customer.address)
        return {name: str(value) for name, value in orjson.loads(opened).items()}

    def _insist_on_messages(self, wanted: ChatLinkWanted) -> None:
        workflow = self._parts.engine.workflow(wanted.workflow)
        try:
            workflow.signature.parse_input(orjson.dumps(ticket(wanted.email, "Hello")))
        except WrongType:
            raise InvalidInput(
                f"The workflow {wanted.workflow} takes no messages of customers.",
                hint="Its input has to have a text, a sender and a channel.",
            ) from None

    async def _customer(
        self, chats: ChatRepository, tenant_id: str, wanted: ChatLinkWanted, now: dt.datetime
    ) -> ChatCustomerRow:
        """The customer with this address, who is made where there is none."""
        sealer = self._parts.sealer
        found = await sealer.index(tenant_id, "chat_customers", wanted.email)
        row = await chats.customer(wanted.workflow, found)
        address = orjson.dumps({"email": wanted.email, "name": wanted.name})
        if row is None:
            id_ = self._parts.engine.ids.new()
            sealed = await sealer.seal(place_of(tenant_id, id_), address)
            made = ChatCustomerRow(id=id_, workflow=wanted.workflow, found=found, address=sealed, made_at=now)
            return await chats.keep(made)
        if wanted.name:
            row.address = await sealer.seal(place_of(tenant_id, row.id), address)
            await chats.save(row)
        return row

    async def _known(self, chats: ChatRepository, row: ChatSessionRow) -> Customer:
        """The customer of a session; raises `Erased` where the tenant's keys were destroyed."""
        found = await chats.customer_of(row.customer_id)
        if found is None:
            raise NotFound("There is no such customer any more.")
        said = await self._said(row.tenant_id, found)
        return Customer(
            id=found.id,
            tenant_id=row.tenant_id,
            workflow=found.workflow,
            email=said["email"],
            name=said["name"],
            digest=row.digest,
            expires_at=row.expires_at,
        )


def ticket(email: str, text: str) -> dict[str, str]:
    """What a workflow is given that begins with a customer's message."""
    return {"text": text, "sender": email, "channel": "chat"}


def _state_of(row: ChatLinkRow, now: dt.datetime) -> ChatLinkState:
    if row.used_at is not None:
        return ChatLinkState.USED
    return ChatLinkState.OPEN if row.expires_at > now else ChatLinkState.EXPIRED


def _new_value(tenant_id: str) -> str:
    return f"{tenant_id}.{secrets.token_urlsafe(32)}"


def _tenant_of(value: str) -> str | None:
    """The tenant that a value names; nothing of it counts before its digest is found there."""
    found = _VALUE.fullmatch(value)
    return found[1] if found else None


def _digest_of(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
