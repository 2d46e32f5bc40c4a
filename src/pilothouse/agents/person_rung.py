"""A person as a rung: whoever has the role is shown the input and gives the answer."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Literal, get_args, get_origin

from pilothouse.agents.briefing import Briefing
from pilothouse.agents.model_rung import Asker
from pilothouse.agents.planning import Planned
from pilothouse.llm.service import AnswerInvalid
from pilothouse.runtime.context import Context
from pilothouse.runtime.errors import WrongType

ATTEMPTS = 3
"""How often a person is asked for one answer."""


class PersonRung:
    """The queue of those who have a role."""

    name = "person"

    def __init__(self, asker: Asker, planned: Planned, briefing: Briefing) -> None:
        """The rung that is `planned` for an agent."""
        self._asker, self._planned, self._briefing = asker, planned, briefing

    async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
        """The person's answer as the agent's own type. The run waits for it, holding nothing.

        Raises `Expired` where the time is over, `AnswerInvalid` where no answer fits the type.
        """
        signature, deadline = self._asker.signature, self._planned.deadline
        given = signature.dump_input(arguments[0]).decode() if arguments else ""
        about = (signature.function.__doc__ or self._asker.name).strip()
        why = ""
        for _ in range(ATTEMPTS):
            said = await ctx.ask(
                f"{about}\n\n{given}\n\n{self._form}".strip(),
                choices=self._choices,
                why=why,
                role=self._planned.role,
                expires_after=dt.timedelta(seconds=deadline) if deadline else None,
            )
            try:
                return self._parsed(said)
            except WrongType as error:
                why = f"The last answer does not fit: {error.message}"
        raise AnswerInvalid(f"No answer of a person fits. {why}")

    @property
    def _choices(self) -> tuple[str, ...]:
        kind = self._asker.signature.output_type
        if get_origin(kind) is Literal and all(isinstance(each, str) for each in get_args(kind)):
            return get_args(kind)
        return ()

    @property
    def _form(self) -> str:
        """How an answer is written that is neither text nor one of a few words."""
        if self._asker.output.is_text or self._choices:
            return ""
        schema = json.dumps(self._asker.signature.output.json_schema())
        return f"Answer in JSON that fits this schema: {schema}"

    def _parsed(self, said: str) -> Any:
        """What was said, as JSON, and as text where it is none; raises `WrongType`."""
        signature = self._asker.signature
        if self._asker.output.is_text:
            return signature.parse_output(json.dumps(said).encode())
        try:
            return signature.parse_output(said.encode())
        except WrongType as error:
            try:
                return signature.parse_output(json.dumps(said).encode())
            except WrongType:
                raise error from None
