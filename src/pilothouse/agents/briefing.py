"""What the rungs of one call share: the prompt, which is filled in once and journalled, and the draft."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import ValidationError

from pilothouse.agents.planning import Chosen, Prompting, Rendered
from pilothouse.llm.service import Said
from pilothouse.runtime.branch import current, producing
from pilothouse.runtime.context import Context, turn_of
from pilothouse.runtime.errors import Failure, StepFailed
from pilothouse.runtime.failures import failure_of
from pilothouse.runtime.governing import marks_of, names_of
from pilothouse.runtime.guarding import Blocked, Inlet
from pilothouse.runtime.laddering import Rung, Subject
from pilothouse.runtime.noting import settled
from pilothouse.runtime.passing import passed
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.signature import Signature

NOTE = "@prompt"

DRAFT = "Rules have made this draft. Improve on it where it is wrong or poor, else give it as it is:"

BEFORE_ALL = -1
"""The place of a draft in the ladder: once it has acted, no rung acts."""


class Briefing:
    """The prompt and the draft of one call of an agent."""

    def __init__(
        self,
        signature: Signature,
        summary: str,
        own: Sequence[Rung],
        chosen: Chosen,
        prompting: Prompting,
        *,
        drafts: bool,
    ) -> None:
        """Nothing is made before a rung asks for it. With `drafts` the first of its `own` rungs drafts."""
        self._signature, self._summary, self._own = signature, summary, own
        self._prompting, self._drafts = prompting, drafts
        self.chosen = chosen
        self._rendered: Rendered | None = None
        self._failure: Failure | None = None
        self._draft: tuple[Any, Exception | None] | None = None

    async def prompt(self, ctx: Context, arguments: tuple[Any, ...]) -> Rendered:
        """The prompt, as the guard lets it pass; alike at every replay. Raises `StepFailed` without one."""
        if self._failure is not None:
            raise StepFailed(self._failure)
        if self._rendered is not None:
            return self._rendered
        if self._drafts:
            await self._drafted(ctx, arguments)
        turn, branch = turn_of(ctx), current.get()

        async def make() -> tuple[bytes, Sequence[Statement]]:
            return await self._made(ctx, arguments)

        noted = orjson.loads(await settled(turn, NOTE, make) or b"{}")
        branch.consume(marks_of(noted.get("marks", ())))
        if "failure" in noted:
            self._failure = Failure.model_validate(noted["failure"])
            raise StepFailed(self._failure)
        self._rendered = Rendered.model_validate(noted["rendered"])
        return self._rendered

    async def expert(self, ctx: Context, rung: Rung, arguments: tuple[Any, ...]) -> Any:
        """What one of the agent's own rungs says: the draft, where that was made of it."""
        if self._draft is None or rung is not self._own[0]:
            return await rung.attempt(ctx, arguments)
        value, error = self._draft
        if error is not None:
            raise error
        return value

    async def _drafted(self, ctx: Context, arguments: tuple[Any, ...]) -> None:
        if self._draft is not None:
            return
        branch, rung = current.get(), self._own[0]
        place, branch.rung = branch.rung, BEFORE_ALL
        token = producing.set(rung.name)
        try:
            self._draft = (await rung.attempt(ctx, arguments), None)
        except Exception as error:  # noqa: BLE001 - raised by the expert's own rung, if it is reached
            self._draft = (None, error)
        finally:
            producing.reset(token)
            branch.rung = place

    async def _made(self, ctx: Context, arguments: tuple[Any, ...]) -> tuple[bytes, Sequence[Statement]]:
        """The prompt as it is journalled: behind the guard, or why there is none."""
        turn = turn_of(ctx)
        step = f"{current.get().path}/{NOTE}"
        given = self._signature.dump_input(arguments[0]) if arguments else b"null"
        subject = Subject(ctx.tenant_id, ctx.run_id, ctx.principal)
        try:
            rendered = await self._prompting.rendered(subject, self.chosen, self._summary, given)
            data = self._with_draft(rendered).model_dump_json().encode()
            found = await passed(turn, Inlet.MODEL_PROMPT, step, data, _is_prompt)
        except Exception as error:  # noqa: BLE001 - journalled, and raised from there
            turn.check()
            told = error.told if isinstance(error, Blocked) else ()
            failure = failure_of(error, step)
            return orjson.dumps({"failure": failure.model_dump(mode="json")}), told
        noted = {"rendered": orjson.loads(found.data), "marks": names_of(found.marks)}
        return orjson.dumps(noted), found.beside

    def _with_draft(self, rendered: Rendered) -> Rendered:
        if self._draft is None or self._draft[1] is not None:
            return rendered
        written = self._signature.dump_output(self._draft[0]).decode()
        draft = Said(role="user", text=f"{DRAFT}\n{written}")
        return rendered.model_copy(update={"messages": (*rendered.messages, draft)})


def _is_prompt(data: bytes) -> bool:
    try:
        Rendered.model_validate_json(data)
    except ValidationError:
        return False
    return True
