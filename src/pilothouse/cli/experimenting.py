"""What `pilothouse experiments` and `feedback` work on: this machine's database, or a server over its API."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel

from pilothouse.cli.opening import Options, on_this_machine, server_named
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput
from pilothouse.experiments.schemas import (
    Conclusion,
    Ending,
    Experiment,
    ExperimentQuery,
    ExperimentSummary,
    NewExperiment,
    StoppedArm,
    Weights,
)
from pilothouse.feedback.schemas import (
    Feedback,
    FeedbackQuery,
    NewFeedback,
    VersionsFeedback,
    VersionsQuery,
)
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.pagination import Page

M = TypeVar("M", bound=BaseModel)

_ARM = re.compile(r"(?P<name>[a-z][a-z0-9_.\-]*)=(?P<what>[^@]+)(@(?P<weight>[0-9.]+))?")
_DURATION = re.compile(r"(\d+)\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def arm(text: str) -> dict[str, str]:
    """The arm that `candidate=4@25` or `fast=model:small@25` says. Raises `InvalidInput`."""
    found = _ARM.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text!r} is no arm.", hint="Write name=version@percent, or name=model:NAME@25.")
    kind, _, model = found["what"].partition("model:")
    said = {"name": found["name"]} | ({"model": model} if model and not kind else {"version": found["what"]})
    return said | ({"weight": found["weight"]} if found["weight"] else {})


def guard(text: str) -> dict[str, str | float]:
    """The guard that `latency=20`, `latency<=5000` or `latency=20,<=5000` says. Raises `InvalidInput`."""
    metric, _, rest = re.sub(r"([<>]=)", r",\1", text.replace(" ", ""), count=1).partition("=")
    said: dict[str, str | float] = {"metric": metric.rstrip(",<>")}
    try:
        if metric.endswith((",<", ",>")):
            return said | {"bound": float(rest)}
        margin, _, bound = rest.partition(",")
        said["worse_by"] = float(margin)
        if bound := bound.lstrip(",<>="):
            said["bound"] = float(bound)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is no guard.", hint="Write latency=20 (worse by), errors<=5 or latency=20,<=5000."
        ) from None
    return said


def seconds(text: str) -> int:
    """How long `90s`, `30m`, `2h` or `1d` is. Raises `InvalidInput`."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text!r} is no time.", hint="Write 90s, 30m, 2h or 1d.")
    return int(found[1]) * _SECONDS[found[2]]


class Experimenting(Protocol):
    """What the commands around experiments ask for."""

    async def page(self, query: ExperimentQuery) -> Page[ExperimentSummary]:
        """Experiments."""
        ...

    async def show(self, experiment_id: UUID) -> Experiment:
        """One, with its result."""
        ...

    async def create(self, wanted: NewExperiment) -> Experiment:
        """Make one."""
        ...

    async def start(self, experiment_id: UUID) -> Experiment:
        """Start it."""
        ...

    async def stop(self, experiment_id: UUID, ending: Ending) -> Experiment:
        """Stop it."""
        ...

    async def stop_arm(self, experiment_id: UUID, wanted: StoppedArm) -> Experiment:
        """Stop an arm of it."""
        ...

    async def weigh(self, experiment_id: UUID, wanted: Weights) -> Experiment:
        """Give its arms other weights."""
        ...

    async def advance(self, experiment_id: UUID) -> Experiment:
        """Go on to its next stage."""
        ...

    async def conclude(self, experiment_id: UUID, wanted: Conclusion) -> Experiment:
        """End it."""
        ...


class Rating(Protocol):
    """What the commands around feedback ask for."""

    async def give(self, wanted: NewFeedback) -> Feedback:
        """Rate something."""
        ...

    async def page(self, query: FeedbackQuery) -> Page[Feedback]:
        """Feedback."""
        ...

    async def versions(self, query: VersionsQuery) -> VersionsFeedback:
        """How versions were rated."""
        ...


@dataclass(frozen=True)
class Comparing:
    """Both, on the same database or server."""

    experiments: Experimenting
    feedback: Rating


@asynccontextmanager
async def opened(options: Options, tenant: str | None = None) -> AsyncIterator[Comparing]:
    """What compares on the server named by `--server`, or in this machine's database, for `tenant` there."""
    async with server_named(options, tenant) as client:
        if client is not None:
            yield Comparing(RemoteExperiments(client), RemoteFeedback(client))
            return
    from pilothouse.experimenting import origins, promoting
    from pilothouse.experiments.repository import ExperimentRepository
    from pilothouse.experiments.service import ExperimentBook
    from pilothouse.feedback.repository import FeedbackRepository
    from pilothouse.feedback.service import FeedbackBook, FeedbackParts
    from pilothouse.guards.opening import name_model
    from pilothouse.guards.passing import Guards
    from pilothouse.guards.scanning import TYPES
    from pilothouse.guards.table import read
    from pilothouse.prompts.book import PromptParts
    from pilothouse.prompts.opening import shipped_by

    async with (
        on_this_machine(options, tenant) as here,
        here.database.session(here.scope) as session,
    ):
        clock, ids, scope, vault = SystemClock(), here.parts.ids, here.scope, here.parts.vault
        settings = here.parts.settings
        table = read(settings.guards, TYPES)
        guards = Guards(vault.database, vault, lambda _flag, _tenant: False, table, name_model(settings))
        parts = FeedbackParts(guards, vault, clock, ids, origins(session, scope, clock))
        prompts = PromptParts(shipped_by(options.installed()), vault, clock, ids)
        promote = promoting(session, settings, here.parts.secrets, prompts)
        yield Comparing(
            ExperimentBook(ExperimentRepository(session, scope), scope, clock, ids, promote),
            FeedbackBook(FeedbackRepository(session, scope), scope, parts),
        )


def named(found: Sequence[ExperimentSummary], text: str) -> UUID:
    """The id of the experiment with that name, id or end of an id. Raises `InvalidInput`."""
    fitting = [one for one in found if text == one.name or str(one.id).endswith(text.lower())]
    exact = [one for one in fitting if text in {one.name, str(one.id)}] or fitting
    if len(exact) != 1:
        what = "names several experiments" if exact else "names no experiment"
        raise InvalidInput(f"{text!r} {what}.", hint="`pilothouse experiments list` shows what there is.")
    return exact[0].id


class RemoteExperiments:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        """Ask `client`."""
        self._client = client

    async def page(self, query: ExperimentQuery) -> Page[ExperimentSummary]:
        """See `Experimenting`."""
        return await self._client.told(Page[ExperimentSummary], "GET", "/experiments", params=query)

    async def show(self, experiment_id: UUID) -> Experiment:
        """See `Experimenting`."""
        return await self._client.told(Experiment, "GET", f"/experiments/{experiment_id}")

    async def create(self, wanted: NewExperiment) -> Experiment:
        """See `Experimenting`."""
        return await self._client.told(Experiment, "POST", "/experiments", json=wanted)

    async def start(self, experiment_id: UUID) -> Experiment:
        """See `Experimenting`."""
        return await self._do(experiment_id, "start")

    async def stop(self, experiment_id: UUID, ending: Ending) -> Experiment:
        """See `Experimenting`."""
        return await self._do(experiment_id, "stop", ending)

    async def stop_arm(self, experiment_id: UUID, wanted: StoppedArm) -> Experiment:
        """See `Experimenting`."""
        return await self._do(experiment_id, "stop-arm", wanted)

    async def weigh(self, experiment_id: UUID, wanted: Weights) -> Experiment:
        """See `Experimenting`."""
        return await self._do(experiment_id, "weights", wanted, method="PUT")

    async def advance(self, experiment_id: UUID) -> Experiment:
        """See `Experimenting`."""
        return await self._do(experiment_id, "advance")

    async def conclude(self, experiment_id: UUID, wanted: Conclusion) -> Experiment:
        """See `Experimenting`."""
        return await self._do(experiment_id, "conclude", wanted)

    async def _do(
        self, experiment_id: UUID, verb: str, body: BaseModel | None = None, method: str = "POST"
    ) -> Experiment:
        return await self._client.told(Experiment, method, f"/experiments/{experiment_id}/{verb}", json=body)


class RemoteFeedback:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        """Ask `client`."""
        self._client = client

    async def give(self, wanted: NewFeedback) -> Feedback:
        """See `Rating`."""
        body = wanted.model_dump(mode="json", exclude_none=True)
        return await self._client.told(Feedback, "POST", "/feedback", json=body)

    async def page(self, query: FeedbackQuery) -> Page[Feedback]:
        """See `Rating`."""
        return await self._client.told(Page[Feedback], "GET", "/feedback", params=query)

    async def versions(self, query: VersionsQuery) -> VersionsFeedback:
        """See `Rating`."""
        return await self._client.told(VersionsFeedback, "GET", "/feedback/versions", params=query)
