"""What a customer sees of the run that is their conversation: what was said to them, and what they said.

Everything else in the journal stays there: cards of agents, actions, questions to people, their answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import structlog

from pilothouse.chats.schemas import ChatConversation, ChatMessage, ChatSpeaker, ChatState
from pilothouse.chats.service import ROLE
from pilothouse.runtime.entries import FINAL, Entry, Kind, PayloadUnreadable, decode

log = structlog.get_logger(__name__)

REPLY = "Reply"
"""The title of the reason cards by which a workflow says something without waiting for an answer."""
TELLING = frozenset(
    {
        *(Kind.SUBMITTED, Kind.ASKED, Kind.ANSWERED, Kind.WITHDRAWN, Kind.EXPIRED, Kind.EMITTED),
        *(Kind.RUN_RETRIED, *FINAL),
    }
)
"""Kinds of entries after which the conversation may stand otherwise."""


def conversation(run_id: UUID, entries: Iterable[Entry]) -> ChatConversation:
    """A conversation, of the entries of its run in their order."""
    found, seq = _Conversation(), 0
    for entry in entries:
        if entry.kind in TELLING:
            found.take(entry)
            seq = entry.seq
    return ChatConversation(
        id=run_id, seq=seq, state=found.state, waits_for=found.waits_for, messages=found.messages
    )


class _Conversation:
    """Takes entries one after the other."""

    def __init__(self) -> None:
        self.messages: list[ChatMessage] = []
        self._open: dict[str, Any] = {}
        self._said_by_person: str | None = None
        self._ended = False

    @property
    def waits_for(self) -> str | None:
        """The key of the question that the customer is to answer."""
        theirs = (key for key, asked in self._open.items() if asked.get("role") == ROLE)
        return None if self._ended else next(theirs, None)

    @property
    def state(self) -> ChatState:
        """How it stands."""
        if self._ended:
            return ChatState.ENDED
        if self.waits_for is not None:
            return ChatState.YOURS
        return ChatState.WITH_PERSON if self._open else ChatState.ANSWERING

    def take(self, entry: Entry) -> None:
        """Add what an entry says."""
        match entry.kind:
            case Kind.SUBMITTED:
                self._say(entry, ChatSpeaker.CUSTOMER, _read(entry).get("text"))
            case Kind.ASKED:
                self._asked(entry, _read(entry))
            case Kind.ANSWERED:
                self._answered(entry, _read(entry).get("answer"))
            case Kind.WITHDRAWN | Kind.EXPIRED:
                self._open.pop(entry.key, None)
            case Kind.EMITTED:
                card = _read(entry).get("card") or {}
                if card.get("title") == REPLY and not card.get("agent"):
                    self._say(entry, ChatSpeaker.DESK, card.get("decision"))
            case Kind.RUN_RETRIED:
                self._ended = False
            case _:
                self._ended = True

    def _asked(self, entry: Entry, asked: dict[str, Any]) -> None:
        self._open[entry.key] = asked
        if asked.get("role") != ROLE:
            return
        prompt = asked.get("prompt")
        by_person = prompt == self._said_by_person
        self._said_by_person = None
        speaker = ChatSpeaker.PERSON if by_person else ChatSpeaker.DESK
        self._say(entry, speaker, prompt, choices=asked.get("choices") or [])

    def _answered(self, entry: Entry, answer: object) -> None:
        asked = self._open.pop(entry.key, None)
        if asked is None:
            return
        if asked.get("role") == ROLE:
            self._say(entry, ChatSpeaker.CUSTOMER, answer, to=entry.key)
        elif asked.get("approval") is None:
            self._said_by_person = str(answer)

    def _say(self, entry: Entry, by: ChatSpeaker, text: object, **more: Any) -> None:
        if isinstance(text, str) and text:
            self.messages.append(ChatMessage(seq=entry.seq, by=by, text=text, at=entry.at, **more))


def _read(entry: Entry) -> dict[str, Any]:
    """What an entry holds; nothing where it was erased or cannot be read."""
    try:
        found = orjson.loads(decode(entry.codec, entry.payload) or b"null")
    except PayloadUnreadable as error:
        log.info("chat_entry_not_shown", seq=entry.seq, reason=error.code)
        return {}
    return found if isinstance(found, dict) else {}
