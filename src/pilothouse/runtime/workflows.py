"""Workflows: durable async functions with a name and a version, and the registry that finds them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pilothouse.errors import InvalidInput, NotFound
from pilothouse.runtime import labels
from pilothouse.runtime.signature import Signature, checked_name


@dataclass(frozen=True)
class Workflow:
    """A durable async function over a context.

    A run is pinned to the `version` it was submitted with. `summary` is the first line of the docstring.
    Only workers whose labels meet everything that it `requires` execute it. Of a `personal` one everything
    that its runs journal is stored encrypted. With `untrusted_input` what its runs are given is data from
    outside, whoever submits it.
    """

    name: str
    version: int
    function: Callable[..., Awaitable[Any]]
    signature: Signature = field(repr=False)
    requires: Mapping[str, str] = field(default_factory=dict, hash=False)
    personal: bool = False
    untrusted_input: bool = False

    @property
    def pin(self) -> str:
        """Name and version as the queue knows them: `support@1`."""
        return f"{self.name}@{self.version}"

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The JSON schema of its input."""
        return self.signature.input.json_schema()


def workflow(
    name: str,
    *,
    version: int = 1,
    requires: Mapping[str, str] | None = None,
    personal: bool = False,
    untrusted_input: bool = False,
) -> Callable[[Callable[..., Awaitable[Any]]], Workflow]:
    """Make an `async def (ctx, value)` a workflow.

    `requires` names labels of workers, with their values, without which it cannot be executed:
    `requires={"gpu": "a100"}` is for those started as `pilothouse worker --label gpu=a100`. With `personal`
    its runs are about people: their input, steps, questions and output are encrypted with a key of the tenant
    wherever they are stored, and gone once that key is destroyed. With `untrusted_input` what they are given
    comes from outside (a ticket, a mail), so that their actions carry the mark `untrusted`. Raises
    `InvalidInput` for a bad name, a version below 1, a bad label or a function that is not async.
    """
    checked_name(name, "workflow")
    if version < 1:
        raise InvalidInput(f"The version of workflow {name} is {version}: it starts at 1.")
    wanted = labels.checked(requires or {})

    def decorate(function: Callable[..., Awaitable[Any]]) -> Workflow:
        signature = Signature(function)
        if not signature.is_async:
            raise InvalidInput(f"The workflow {name} is not an `async def`.")
        return Workflow(name, version, function, signature, wanted, personal, untrusted_input)

    return decorate


class Workflows:
    """The workflows that this process can execute, in all the versions it has."""

    def __init__(self, workflows: Iterable[Workflow]) -> None:
        """Register `workflows`; raises `InvalidInput` where two have the same name and version."""
        self._by_pin: dict[str, Workflow] = {}
        self._latest: dict[str, Workflow] = {}
        for item in workflows:
            if self._by_pin.setdefault(item.pin, item) is not item:
                raise InvalidInput(f"Workflow {item.pin} is registered twice.", hint="Raise one's version.")
            newest = self._latest.get(item.name)
            if newest is None or newest.version < item.version:
                self._latest[item.name] = item

    @property
    def pins(self) -> list[str]:
        """Every `name@version` here."""
        return sorted(self._by_pin)

    def executable(self, given: Mapping[str, str], only: Collection[str] = ()) -> list[str]:
        """The pins of what a worker with the labels `given` can execute; where `only` names some, of those.

        Raises `NotFound` for a name that is not here.
        """
        for name in only:
            self.latest(name)
        return sorted(
            item.pin
            for item in self._by_pin.values()
            if item.requires.items() <= given.items() and (not only or item.name in only)
        )

    def all(self) -> list[Workflow]:
        """The newest version of each workflow, by name."""
        return [self._latest[name] for name in sorted(self._latest)]

    def pinned(self, pin: str) -> Workflow:
        """The workflow of exactly this name and version; raises `KeyError` where it is not here."""
        return self._by_pin[pin]

    def latest(self, name: str) -> Workflow:
        """The newest version of a workflow; raises `NotFound` that lists what there is."""
        found = self._latest.get(name)
        if found is None:
            known = ", ".join(sorted(self._latest)) or "none"
            raise NotFound(f"There is no workflow {name[:80]!r}.", hint=f"Known workflows: {known}.")
        return found
