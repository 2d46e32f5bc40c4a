"""`ctx.open`: a file that was uploaded. What it is, is journalled; its bytes are found by its id.

Where it is text, that passes the guard once, when it is opened, and what is masked in it is journalled.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from pilothouse.errors import InvalidInput
from pilothouse.kit import textual
from pilothouse.kit.scope import Scope
from pilothouse.runtime import calling
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.contents import Looked, looked_through
from pilothouse.runtime.governing import Mark
from pilothouse.runtime.guarding import Inlet, Unguarded
from pilothouse.runtime.history import Step
from pilothouse.runtime.ports import Callee, Statement
from pilothouse.runtime.replacing import Filling
from pilothouse.runtime.signature import Answer, Signature
from pilothouse.runtime.turn import Turn
from pilothouse.runtime.uploaded import Opened, Upload, UploadDamaged, UploadSource

MOST_AT_ONCE = 64 << 20
"""Bytes that `OpenUpload.read` gives unless it is told otherwise."""


class OpenUpload:
    """An upload that a run has opened. Reading is no step: the same upload always gives the same bytes.

    Placeholders stand where a guard has masked them. Size and digest are those of the content as it was sent.
    """

    def __init__(self, facts: Opened, source: UploadSource, scope: Scope) -> None:
        """Read from `source`, as `scope`."""
        self._facts = facts
        self._source = source
        self._scope = scope

    @property
    def id(self) -> UUID:
        """The upload's id."""
        return self._facts.id

    @property
    def name(self) -> str:
        """Its name, as one line; it is nothing to find a file by."""
        return self._facts.name

    @property
    def media_type(self) -> str:
        """What its content was found to be."""
        return self._facts.media_type

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self._facts.size

    @property
    def sha256(self) -> str:
        """The digest of its content, in hexadecimal."""
        return self._facts.sha256

    @property
    def flags(self) -> tuple[str, ...]:
        """What to know before opening it: `encrypted`, `macros`, `archives`, `executable`, `active`."""
        return self._facts.flags

    def pieces(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end` of what was sent, in pieces of about 1 MiB.

        A placeholder comes with the byte where it begins, so that ranges that meet give the whole.
        """
        stored = self._source.read(self._scope, self.id, start, end)
        replaced = self._facts.replaced
        return stored if replaced is None else _filled(stored, Filling(replaced, start))

    async def read(self, most: int = MOST_AT_ONCE) -> bytes:
        """The whole content, its digest checked.

        Raises `InvalidInput` where it has more than `most` bytes, `UploadDamaged` where it has changed.
        """
        if self.size > most:
            raise InvalidInput(
                f"The upload {self.name} has {self.size:,} bytes, and {most:,} were allowed at once.",
                hint="Read it in pieces: async for piece in upload.pieces().",
            )
        stored = self._source.read(self._scope, self.id)
        content = b"".join([piece async for piece in stored])
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise UploadDamaged(f"The stored bytes of upload {self.id} are not those that were sent.")
        replaced = self._facts.replaced
        return content if replaced is None else Filling(replaced).fill(content)

    async def text(self, most: int = MOST_AT_ONCE) -> str:
        """The whole content as UTF-8 text; raises `InvalidInput` where it is none, by its bytes or its type.

        What is no text by its type passes no guard.
        """
        content = await self.read(most)
        try:
            if textual.encoding_of(self.media_type, content[: textual.HEAD]) is not None:
                return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
        raise InvalidInput(f"The upload {self.name} is no UTF-8 text.")


async def _filled(stored: AsyncIterator[bytes], filling: Filling) -> AsyncIterator[bytes]:
    async for piece in stored:
        if given := filling.fill(piece):
            yield given


class _Open:
    """The step: an agent that only looks something up."""

    name = "open"
    timeout: float | None = None

    def __init__(self, turn: Turn) -> None:
        self._turn, self._source = turn, turn.services.uploads
        self._scope = _scope_of(turn)
        self._looked = Looked()
        self.signature = Signature(self._find)

    async def perform(self, ctx: object, value: Upload) -> Answer[Opened]:
        scope = current.get()
        scope.consume(frozenset({Mark.UNTRUSTED}))  # a file is from outside, whoever uploaded it
        facts = await self._find(ctx, value)
        if not isinstance(self._turn.services.guard, Unguarded):
            self._looked = await self._look(facts, scope)
            scope.consume(self._looked.marks)
        return Answer(facts, "lookup")

    async def _look(self, facts: Opened, scope: Branch) -> Looked:
        """What the guard says of the content, where that is text."""
        of = self._scope, facts.id
        head = b"".join([piece async for piece in self._source.read(*of, 0, textual.HEAD)])
        encoding = textual.encoding_of(facts.media_type, head)
        if encoding is None:
            return Looked()
        pieces = self._source.read(*of)
        return await looked_through(self._turn, Inlet.UPLOAD, scope.path, pieces, encoding, ours=False)

    async def passing(
        self, turn: Turn, agent: Callee[Any, Any], step: Step, scope: Branch, answer: Answer[Opened]
    ) -> tuple[Answer[Opened], Sequence[Statement]]:
        """The facts as the guard lets them pass, with what it has masked in the content."""
        answer, beside = await calling.guarded(turn, agent, step, scope, answer)
        facts = answer.value.model_copy(update={"replaced": self._looked.replaced})
        return answer._replace(value=facts), (*self._looked.beside, *beside)

    async def _find(self, ctx: object, upload: Upload) -> Opened:
        return await self._source.find(self._scope, self._turn.run_id, upload.id)


async def open_upload(turn: Turn, upload: Upload, *, key: str | None = None) -> OpenUpload:
    """What the run knows of an upload, from the journal where it is there, and its bytes.

    Raises `StepFailed` where the upload is not there, or another tenant's.
    """
    step, wanted = _Open(turn), Upload(id=upload.id)
    answer = await calling.call(
        turn, step, wanted, lambda value: step.perform(None, value), key=key, passing=step.passing
    )
    return OpenUpload(answer.value, turn.services.uploads, _scope_of(turn))


def _scope_of(turn: Turn) -> Scope:
    """As whom a run asks for uploads."""
    return Scope(turn.claim.tenant_id, turn.claim.principal)
