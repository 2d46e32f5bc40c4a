"""The prompts of agents from the store of prompts: chosen by label or experiment, rendered with the input."""

from __future__ import annotations

import json
from collections.abc import Mapping

import orjson
import structlog
from pydantic import JsonValue

from pilothouse.agents.planning import Chosen, PlainPrompting, Rendered
from pilothouse.llm.service import Said
from pilothouse.prompts.schemas import FILE, OF_MODELS, PRODUCTION, PromptVersion, Subjects
from pilothouse.prompts.service import Kind, PromptMissing, Prompts, Variable, render
from pilothouse.runtime.laddering import Subject

log = structlog.get_logger(__name__)

INPUT = "input"
"""The variable that has an agent's whole input."""


class StoredPrompting:
    """Prompts as applications ship them and tenants change them. Use it within one event loop.

    An agent whose prompt nobody has (no application ships it, and the tenant has none in production) is
    prompted by its own words, which is said once. A version that is gone, or that the agent's input does not
    fit, fails the rung.
    """

    def __init__(self, prompts: Prompts) -> None:
        """Choose and render by `prompts`."""
        self._prompts, self._plain = prompts, PlainPrompting()
        self._told: set[str] = set()

    async def chosen(self, subject: Subject, prompt: str, alias: str) -> Chosen:
        """The version for somebody, and the model: by an experiment of the prompt, else of the alias."""
        subjects = Subjects(str(subject.run_id), subject.principal, subject.tenant_id)
        found = Chosen(prompt=prompt)
        try:
            said = await self._prompts.chosen(subject.tenant_id, prompt, subjects)
        except PromptMissing as error:
            self._say_once(prompt, error)
        else:
            found = Chosen(
                prompt=prompt,
                version=said.version.id,
                experiment=said.experiment or "",
                arm=said.arm or "",
                model=said.model or said.version.model or "",
            )
        if found.experiment or self._prompts.assigner is None:
            return found
        about = f"{OF_MODELS}{found.model or alias}"
        assigned = await self._prompts.assigner.assign(subject.tenant_id, about, subjects)
        if assigned is None:
            return found
        told = {"experiment": assigned.experiment, "arm": assigned.arm}
        return found.model_copy(update=told | {"model": assigned.model or found.model})

    async def rendered(self, subject: Subject, chosen: Chosen, summary: str, given: bytes) -> Rendered:
        """The version with the input filled in; without a user's part of its own, the input follows it.

        Raises `PromptMissing` for a version that is gone, and what `render` raises.
        """
        try:
            version = await self._version(subject.tenant_id, chosen)
        except PromptMissing:
            if chosen.version:
                raise
            return await self._plain.rendered(subject, chosen, summary, given)
        found = render(version, variables_of(version.variables, orjson.loads(given)))
        said = [Said(role="system", text=found.system)] if found.system else []
        said += [Said(role=message.role, text=message.text) for message in found.messages]
        own = found.messages[2 * len(version.examples) :]  # each example is two of them
        if not any(message.role == "user" for message in own):
            said.append(Said(role="user", text=given.decode()))
        return Rendered(messages=tuple(said), settings=version.settings)

    async def _version(self, tenant_id: str, chosen: Chosen) -> PromptVersion:
        """The version as it was chosen. Raises `PromptMissing` where a file has another by now."""
        shipped = chosen.version.startswith(f"{FILE}:")
        ref = FILE if shipped else chosen.version or PRODUCTION
        found = await self._prompts.version(tenant_id, chosen.prompt, ref)
        if shipped and found.id != chosen.version:
            raise PromptMissing(
                f"The version {chosen.version} of the prompt {chosen.prompt} is not shipped any more.",
                hint="The call was planned before the application was upgraded: the next one takes the new.",
            )
        return found

    def _say_once(self, prompt: str, error: PromptMissing) -> None:
        if prompt in self._told:
            return
        self._told.add(prompt)
        does = "agents that name it are prompted by what they say of themselves"
        log.warning("prompt_missing", prompt=prompt, consequence=does, reason=error.message, hint=error.hint)


def variables_of(known: Mapping[str, Variable], given: JsonValue) -> dict[str, JsonValue]:
    """What a prompt's variables are for an agent's input: the fields that have their names.

    `input` is all of it, unless it has a field of that name: as it is, or as JSON where a text is wanted.
    """
    found: dict[str, JsonValue] = {}
    if isinstance(given, dict):
        found = {name: value for name, value in given.items() if name in known}
    if INPUT in known and INPUT not in found and given is not None:
        as_text = known[INPUT].type is Kind.STRING and not isinstance(given, str)
        found[INPUT] = json.dumps(given, ensure_ascii=False) if as_text else given
    return found
