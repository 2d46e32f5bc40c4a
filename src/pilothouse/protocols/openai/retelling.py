"""Answers on their way to clients that speak another language: told in it, whole or in its events."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import orjson
import structlog
from starlette.types import Send

from pilothouse.errors import PilothouseError
from pilothouse.protocols.openai.blocks import Blocks, Tells, Whole, whole
from pilothouse.protocols.openai.errors import AnswerUntold, told
from pilothouse.protocols.openai.sending import Answer, Header, Sender

log = structlog.get_logger(__name__)


class Speech(Tells, Protocol):
    """Says one answer in a language. `named` are headers of all its answers, `stream_head` of its streams."""

    named: tuple[Header, ...]
    stream_head: tuple[Header, ...]

    def whole(self, said: Whole) -> bytes:
        """A whole answer."""
        ...

    def refused(self, status: int, message: str, code: str) -> tuple[bytes, tuple[Header, ...]]:
        """The body and the headers of an answer that tells an error."""
        ...


class RetellingSender(Sender):
    """Sends one answer, which comes as that of a chat completion, in another language."""

    def __init__(self, send: Send, speech: Speech) -> None:
        super().__init__(send)
        self.stream_head = speech.stream_head
        self._speech = speech
        self._blocks = Blocks(speech)

    async def whole(self, answer: Answer) -> None:
        """Send all of it. What is no answer is told as an error; the call is accounted for by then."""
        status, more = answer.status, tuple[Header, ...]()
        try:
            if status < 300:
                body = self._speech.whole(whole(answer.body))
            else:
                body, more = self._speech.refused(status, *_provider_said(status, answer.body))
        except AnswerUntold as error:
            log.warning("answer_untold", model=answer.model, reason=str(error))
            status = error.status
            body, more = self._speech.refused(status, *told(error))
        headers = (*answer.headers, *self._speech.named, *more)
        await super().whole(replace(answer, status=status, body=body, headers=headers))

    async def begin(self, model: str, cache: str | None, *headers: Header) -> None:
        """Send the head of a stream."""
        await super().begin(model, cache, *headers, *self._speech.named)

    async def piece(self, data: bytes) -> None:
        """Send what some events say. Raises `AnswerUntold`."""
        await super().piece(self._blocks.of(data))

    async def end(self, failure: PilothouseError | None = None) -> None:
        """End a stream; with an event that tells what went wrong, if something did."""
        body = b"" if failure is None else self._speech.failed(failure.status, *told(failure))
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _provider_said(status: int, data: bytes) -> tuple[str, str]:
    """The message and the code of a provider's error, in its own words where it is one of OpenAI's shape."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    said = error if isinstance(error, dict) else {"message": error}
    message = said.get("message") or f"The provider answers with status {status}."
    return str(message), str(said.get("code") or "provider_refused")
