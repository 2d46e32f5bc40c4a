"""The ladder of an agent while providers fail: who answers, how soon, and whether what is said is valid.

The providers are processes that speak OpenAI's format on loopback and fail by script; the rest is the
product's own: turns, rungs, repairs, clients, breakers, retries and deadlines. Journals are in memory, so
that what is measured is the ladder and not PostgreSQL.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import orjson
from obstore.store import MemoryStore
from pydantic import BaseModel, Field, ValidationError

from pilothouse import Context, agent, workflow
from pilothouse.agents.ladders import ModelLadders
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.secret import Secret
from pilothouse.llm.service import Catalogue, GuardedCalls, Line, Providers
from pilothouse.model_settings import LadderTerms, PriceTerms, ProviderKind, ProviderTerms, RungTerms
from pilothouse.resilience import BreakerTerms, Registry, RetryTerms, Terms
from pilothouse.runtime.entries import Entry, Kind, decode, encode
from pilothouse.runtime.execution import execute
from pilothouse.runtime.governing import AllowAll
from pilothouse.runtime.history import History
from pilothouse.runtime.store import Append, Claim
from pilothouse.runtime.threads import Threads
from pilothouse.runtime.turn import Services, Turn
from pilothouse.runtime.workflows import Workflow
from pilothouse.usage.service import Prices
from report import Measure

TESTS = Path(__file__).resolve().parents[1] / "tests"
LASTING, EVERY = 60.0, 120.0
"""Seconds that the first provider fails, and in which it does so once; the script `outages` has them too."""
DEADLINE = 30.0
"""Seconds of a model rung."""
RECOVERY = 2.0
"""Seconds within which the first provider answers again after it has come back."""
BY_MODEL, VALID_BY_MODEL = 99.0, 96.0
"""Per cent of all answers that models give: of calls while providers fail, and of structured ones."""
SHORTEST = 3.0
"""Seconds of a deadline at least, where times are scaled."""


@agent(prompt="reply")
async def reply(ctx: Context, text: str) -> str:  # noqa: ARG001 - what agents take
    """Answer a customer in one sentence."""
    return "Somebody will look at it."


class Verdict(BaseModel):
    """What a message is about."""

    topic: Literal["billing", "delivery"]
    urgency: int = Field(ge=0, le=5)
    confidence: float = Field(ge=0, le=1)


@agent(prompt="triage")
async def triage(ctx: Context, text: str) -> Verdict:  # noqa: ARG001 - what agents take
    """Sort a message by its topic."""
    return Verdict(topic="delivery", urgency=1, confidence=0.5)


@workflow("replying")
async def replying(ctx: Context, text: str) -> list[Any]:
    """The answer, and which rung gave it."""
    found = await ctx.answer_of(reply, text)
    return [found.value, found.produced_by]


@workflow("sorting")
async def sorting(ctx: Context, text: str) -> list[Any]:
    """The verdict, and which rung gave it."""
    found = await ctx.answer_of(triage, text)
    return [found.value, found.produced_by]


@dataclass(frozen=True)
class Form:
    """How long calls are made (seconds), by what every other time is multiplied, and calls a second."""

    seconds: float = 600.0
    scale: float = 1.0
    rate: float = 50.0

    @property
    def deadline(self) -> float:
        """Seconds of a model rung."""
        return max(DEADLINE * self.scale, SHORTEST)

    @property
    def terms(self) -> Terms:
        """The defaults, with the times of breakers and retries scaled as the outages are."""
        breaker, retry = BreakerTerms(), RetryTerms()
        return Terms(
            deadline=self.deadline,
            breaker=BreakerTerms(
                open_for=breaker.open_for * self.scale, half_open_for=breaker.half_open_for * self.scale
            ),
            retry=RetryTerms(first=retry.first * self.scale, longest=retry.longest * self.scale),
        )


class NoKeys:
    """The providers of the benchmark take none."""

    async def versions(self, name: str) -> Sequence[Secret]:
        """Nobody asks."""
        raise LookupError(name)


class Held:
    """A lease that nobody takes."""

    def valid(self) -> bool:
        """It is."""
        return True


class Journal:
    """The journal of one run, in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def append(self, item: Append) -> str:
        """Keep the entries; the status in which the run is then."""
        self.entries += item.entries
        return "running" if item.end is None else item.end.status

    @property
    def output(self) -> Any:
        """What the run has given; None where it has not completed."""
        last = self.entries[-1]
        if last.kind is not Kind.RUN_COMPLETED:
            return None
        return orjson.loads(decode(last.codec, last.payload))["output"]


class Desk:
    """What a worker has of models, with a journal in memory for each run."""

    def __init__(self, form: Form, urls: Sequence[str]) -> None:
        """Ask the providers at `urls` in this order, and then the expert."""
        providers = {
            name: ProviderTerms(kind=ProviderKind.COMPATIBLE, url=f"{url}/v1", keyless=True)
            for name, url in zip(("one", "two"), urls, strict=False)
        }
        models = tuple(f"{name}:m" for name in providers)
        self.registry = Registry({"model/*": form.terms})
        self.providers = Providers(NoKeys())
        self.catalogue = Catalogue(providers, {"default": models})
        prices = Prices(dict.fromkeys(models, PriceTerms(input="1", output="10")))
        line = Line(
            *(self.catalogue, self.providers, prices, SystemClock(), Ids()), GuardedCalls(self.registry)
        )
        rungs = RungTerms(rung="model", deadline=form.deadline), RungTerms(rung="expert")
        self._ids = Ids()
        self._services = Services(
            appender=Journal(),
            governor=AllowAll(),
            artifacts=ObjectArtifacts(MemoryStore()),
            lease=Held(),
            clock=SystemClock(),
            ids=self._ids,
            threads=Threads(1, "bench"),
            ladders=ModelLadders(line, {"*": LadderTerms(rungs=rungs)}),
        )

    async def run(self, flow: Workflow, text: str) -> Any:
        """The output of one run; None where it has failed."""
        codec, stored = encode(orjson.dumps(text))
        given = Entry(Kind.SUBMITTED, "", stored)._replace(codec=codec, seq=1, at=SystemClock().now())
        journal = Journal()
        claim = Claim(self._ids.new(), "default", flow.pin, 1, 0, "bench", cancel_requested=False)
        await execute(Turn(claim, History([given]), replace(self._services, appender=journal)), flow)
        return journal.output


@contextmanager
def serving(*scripts: str) -> Iterator[list[str]]:
    """The addresses of providers, each a process that plays one of the named `scripts`."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "support.provider", "--script", script],
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS,  # where `support` is the package of the tests and not a benchmark
        )
        for script in scripts
    ]
    try:
        urls = [process.stdout.readline().strip() for process in started if process.stdout is not None]
        if not all(urls):
            raise RuntimeError("A simulated provider does not listen; see what it said.")
        yield urls
    finally:
        for process in started:
            process.terminate()
            process.communicate()


@asynccontextmanager
async def desk(form: Form, *scripts: str) -> AsyncIterator[tuple[Desk, list[str]]]:
    """A worker whose clients are loaded, and the addresses of its providers."""
    async with AsyncExitStack() as stack:
        urls = stack.enter_context(serving(*scripts))
        made = Desk(form, urls)
        stack.push_async_callback(made.providers.close)
        for route in made.catalogue.routes("", "default"):
            await made.providers.model(route)
        yield made, urls


def told(url: str, **said: object) -> dict[str, Any]:
    """What a provider says of itself, once it is told to play another script where one is `said`."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request("POST" if said else "GET", "/simulated", json.dumps(said) if said else None)
        found: dict[str, Any] = json.load(connection.getresponse())
    finally:
        connection.close()
    return found


@dataclass(frozen=True)
class Call:
    """One call: when it was due, when it ended (seconds of `monotonic`), and by which rung ("": by none)."""

    due: float
    ended: float
    rung: str

    @property
    def seconds(self) -> float:
        """From when it was due, so that waiting for a turn counts."""
        return self.ended - self.due


async def loaded(made: Desk, seconds: float, rate: float) -> list[Call]:
    """Calls at an even rate, whether earlier ones have ended or not."""
    calls: list[Call] = []

    async def one(due: float, number: int) -> None:
        found = await made.run(replying, f"Where is parcel {number}?")
        rung = found[1] if found is not None and found[0] else ""
        calls.append(Call(due, time.monotonic(), rung))

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(int(seconds * rate)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            group.create_task(one(due, number))
    return calls


def recoveries(calls: Sequence[Call], back: float, form: Form) -> tuple[list[float], float]:
    """For each return of the first provider, from `back` on: seconds until it has answered a call.

    Where it has answered none they are those to its next outage. The second is the part of the calls that it
    answered, of those that were due while it was up and no sooner than it must have recovered.
    """
    end, up = max(call.due for call in calls), (EVERY - LASTING) * form.scale
    settling = min(RECOVERY, up / 4)
    found, settled = [], []
    while back + settling <= end:
        own = [call.ended for call in calls if call.rung.startswith("model:")]
        found.append(min((at - back for at in own if back < at <= back + up), default=up))
        settled += [call for call in calls if back + settling <= call.due < back + up - settling]
        back += EVERY * form.scale
    return found, sum(call.rung.startswith("model:") for call in settled) / max(1, len(settled))


async def through_outages(form: Form) -> tuple[list[Call], float, Registry, float]:
    """The calls, when the first outage ended, the dependencies, and the processor's seconds that it took."""
    async with desk(form, "answers", "errors") as (made, (one, _)):
        for number in range(20):
            await made.run(replying, f"Is anybody there? {number}")
        asked = time.monotonic()
        said = await asyncio.to_thread(told, one, script="outages", scale=form.scale)
        back = (asked + time.monotonic()) / 2 + said["turns_in"]
        took = time.process_time()
        calls = await loaded(made, form.seconds, form.rate)
        return calls, back, made.registry, time.process_time() - took


def availability(form: Form) -> tuple[list[Measure], list[str]]:
    """One provider fails half of the time, the other one call in twenty: what callers see of it."""
    before = os.getloadavg()[0]
    calls, back, registry, took = asyncio.run(through_outages(form))
    rungs = Counter(call.rung.partition(":")[0] for call in calls)
    answered = 100 * (len(calls) - rungs[""]) / len(calls)
    by_model = 100 * (rungs["model"] + rungs["fallback"]) / len(calls)
    seconds = sorted(call.seconds for call in calls)
    p99 = seconds[int(len(seconds) * 0.99)]
    recovered, settled = recoveries(calls, back, form)
    worst = max(recovered)
    opened = {one.name: one.breaker.snapshot().counts.opened for one in registry}
    retries = {one.name: one.retry.retries for one in registry if one.retry is not None}
    lasting, every = LASTING * form.scale, EVERY * form.scale
    by_rung = ", ".join(f"{name} {rungs[name]:,}" for name in ("model", "fallback", "expert"))
    waits = ", ".join(f"{one:.2f}" for one in recovered)
    load = f"{before:.1f} before and {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores"
    outages = f"{len(calls):,} calls in {form.seconds:g} s, down {lasting:g} s in every {every:g} s"
    pace = f"p50 {statistics.median(seconds) * 1e3:.0f} ms, slowest {seconds[-1]:.2f} s"
    away = "before that the fallback answers, so that the service is never away"
    said = (
        f"{outages}: answered by {by_rung}, nobody {rungs['']:,}",
        f"{pace}; breakers opened {opened}, retries {retries}",
        f"recoveries {waits} s, from the first provider's return to its first answer; {away}",
        f"load of the machine {load}; this process took {100 * took / form.seconds:.0f} % of one",
    )
    return [
        Measure("availability: answered", answered, "%", 100, met=answered >= 100),
        Measure("availability: by a model rung", by_model, "%", BY_MODEL, met=by_model >= BY_MODEL),
        Measure("availability: a call takes, p99", p99, "s", form.deadline, met=p99 < form.deadline),
        Measure("availability: recovery, worst", worst, "s", RECOVERY, met=worst < RECOVERY),
        Measure("availability: by the first model, once it has recovered", 100 * settled, "%"),
    ], [f"availability: {one}" for one in said]


async def sorted_by_model(number: int) -> tuple[list[Any], int]:
    """The outputs of calls one after another, each as the seed says, and the requests that they took."""
    async with desk(Form(), "wrong") as (made, (url,)):
        found = [await made.run(sorting, f"Message {each}") for each in range(number)]
        return found, (await asyncio.to_thread(told, url))["requests"]


def is_valid(output: Any) -> bool:
    """Whether a run has given a verdict, judged apart from what the ladder says."""
    try:
        Verdict.model_validate(output[0], strict=True)
    except (TypeError, ValidationError):
        return False
    return True


def structured(number: int) -> tuple[list[Measure], list[str]]:
    """A model whose answers are wrong three times in ten, with at most two repairs and the expert below."""
    outputs, requests = asyncio.run(sorted_by_model(number))
    good = [output for output in outputs if is_valid(output)]
    rungs = Counter(output[1].partition(":")[0] for output in good)
    valid = 100 * len(good) / number
    by_model = 100 * rungs["model"] / max(1, len(good))
    note = (
        f"structured output: {number:,} calls, {requests:,} requests; valid by the model {rungs['model']:,}, "
        f"by the expert {rungs['expert']:,}; of 30 % wrong 0.3^3 = 2.7 % are left after two repairs"
    )
    return [
        Measure("structured output: valid", valid, "%", 100, met=valid >= 100),
        Measure(
            *("structured output: valid ones by a model rung", by_model, "%", VALID_BY_MODEL),
            met=by_model >= VALID_BY_MODEL,
        ),
    ], [note]
