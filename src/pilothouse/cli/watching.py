"""Following a run in a terminal or a pipe: what is shown, what is asked, and how it ends."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pilothouse.cli import cards
from pilothouse.cli.client import Client
from pilothouse.cli.tables import document
from pilothouse.cli.view import Event, OpenQuestion, RunView, StepLine
from pilothouse.errors import Conflict, DatabaseUnavailable, InvalidInput, NotFound

DONE, FAILED, WAITING, INTERRUPTED = 0, 1, 3, 130


@dataclass(frozen=True)
class News:
    """What one event brought: the run as it is now, the step it ended, the reason cards it added."""

    view: RunView
    step: StepLine | None
    cards: Sequence[dict[str, Any]]


class Screen(Protocol):
    """Where a run is shown."""

    def show(self, event: Event, news: News) -> None:
        """Something happened."""
        ...

    def finish(self, view: RunView) -> None:
        """Nothing more is followed."""
        ...

    async def ask(self, question: OpenQuestion) -> str | None:
        """A person's answer; None where nobody can be asked here."""
        ...


@dataclass
class Answers:
    """What is answered without asking: `given` by name, or the default of everything."""

    given: dict[str, str] = field(default_factory=dict)
    accept_defaults: bool = False

    def to(self, question: OpenQuestion) -> str | None:
        """The answer that was given beforehand, if there is one."""
        for name in (question.name, question.key):
            if name in self.given:
                return self.given[name]
        return question.default if self.accept_defaults else None


class Silent:
    """Shows nothing: for `--json`, which prints one document at the end."""

    def show(self, event: Event, news: News) -> None:
        """Nothing is shown on the way."""

    def finish(self, view: RunView) -> None:
        """Print the document."""
        document(view.document())

    async def ask(self, question: OpenQuestion) -> str | None:
        """Nobody is asked."""
        return None


class Lines:
    """Plain lines, for pipes and logs: no colour, no movement."""

    def __init__(self, console: Console) -> None:
        """Write to `console`."""
        self._console = console

    def show(self, event: Event, news: News) -> None:
        """One line for each step, card and question."""
        view = news.view
        elapsed = cards.clock(view.elapsed)
        for item in news.cards:
            name = item["title"] or item["agent"]
            self._print(f"{elapsed} {name}: {item['decision']} (confidence {item['confidence']:.2f})")
            for reason in item["reasoning"]:
                self._print(f"          {reason}")
        if news.step is not None:
            detail = f" {news.step.detail}" if news.step.detail else ""
            self._print(f"{elapsed} {news.step.name} {news.step.state}{detail}")
        if event.kind == "asked":
            question = view.questions[event.key]
            self._print(f"{elapsed} question {question.name}{question.addressee}: {question.prompt}")
        if event.kind == "answered":
            self._print(f"{elapsed} answered {event.key.rpartition(':')[2]}: {event.payload['answer']}")

    def finish(self, view: RunView) -> None:
        """The status, the failure and the artifacts."""
        self._print(f"{cards.clock(view.elapsed)} run {view.run_id} {view.status}")
        if view.error:
            self._print(f"{view.error['code']}: {view.error['message']}")
            if view.error.get("hint"):
                self._print(view.error["hint"])
        for item in view.artifacts:
            self._print(f"artifact {item['name']} {cards.size(item['size'])} {item['id']}")

    async def ask(self, question: OpenQuestion) -> str | None:
        """Nobody is asked."""
        return None

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Terminal:
    """A live view: cards and steps scroll by, the progress and the current step stay at the bottom."""

    def __init__(self, console: Console, view: RunView) -> None:
        """Show on `console` what `view` says."""
        self._console = console
        self._view = view
        self._started = time.monotonic()
        self._spinner = Spinner("dots")
        self._live = Live(get_renderable=self._bottom, console=console, refresh_per_second=10, transient=True)
        self._live.start()

    def show(self, event: Event, news: News) -> None:
        """Print what ended above the live part."""
        for item in news.cards:
            self._console.print(cards.card(item))
        if news.step is not None:
            self._console.print(cards.step(news.step, news.view.elapsed))
        if event.kind == "asked" and event.payload.get("approval"):
            self._console.print(cards.question(news.view.questions[event.key]))
            self._console.print(Text("  decide: pilothouse inbox list", style="yellow"))
        if event.kind == "answered":
            self._console.print(Text(f"  answered: {event.payload['answer']}", style="yellow"))

    def finish(self, view: RunView) -> None:
        """Take the live part away and say how it ended."""
        self._live.stop()
        if view.error:
            self._console.print(cards.failure(view.error, view.run_id))
        if view.artifacts:
            self._console.print(cards.artifacts(view))
        style = cards.STATUS_STYLES.get(view.status, "")
        self._console.print(
            Text.assemble(
                "run ",
                (view.run_id, "bold"),
                " ",
                (view.status, f"bold {style}"),
                f" in {view.elapsed:.1f} s",
            )
        )

    async def ask(self, question: OpenQuestion) -> str | None:
        """Ask at the terminal; the live part makes room meanwhile."""
        if not sys.stdin.isatty():
            return None
        self._live.stop()
        try:
            self._console.print(cards.question(question))
            default = f" [{question.default}]" if question.default is not None else ""
            self._console.print(f"Answer{default}: ", end="", markup=False)
            return await _line_from_terminal()
        finally:
            self._live.start()

    def _bottom(self) -> RenderableType:
        view = self._view
        done, total, message = view.progress
        elapsed = time.monotonic() - self._started
        current = view.current.rpartition("/")[2].partition("#")[0]
        table = Table.grid(padding=(0, 1))
        table.add_row(
            self._spinner,
            Text(current or message or view.status, style="bold"),
            ProgressBar(total=total, completed=done, width=30),
            Text(f"{done:.0f}/{total:.0f}"),
            Text(cards.clock(elapsed), style="dim"),
        )
        return Group(table)


@dataclass
class Watch:
    """Follows one run to its end, or to a question that nobody here answers."""

    client: Client
    screen: Screen
    answers: Answers
    view: RunView
    check_every: float = 0.1
    _asking: bool = False

    async def until_end(self) -> int:
        """Follow the run; returns the exit code."""
        following = asyncio.create_task(self._follow())
        try:
            while not following.done():
                await asyncio.wait([following], timeout=self.check_every)
                if not following.done() and await self._stuck():
                    break
            if following.done():
                following.result()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        return self._code()

    async def _follow(self) -> None:
        async for event in self.client.follow(self.view.run_id, self.view.seq):
            before = len(self.view.cards)
            step = self.view.add(event)
            self.screen.show(event, News(self.view, step, self.view.cards[before:]))
            if event.kind == "asked" and not event.payload.get("approval"):  # that is what the inbox is for
                self._asking = True
                await self._answer(self.view.questions[event.key])
                self._asking = False

    async def _answer(self, question: OpenQuestion) -> None:
        text = self.answers.to(question)
        while True:
            if text is None:
                text = await self.screen.ask(question)
            if text is None:
                return
            try:
                await self.client.answer(self.view.run_id, question.key, text)
            except (Conflict, NotFound):
                return  # somebody else was quicker, a fork asks anew, or all is over: the journal tells
            except InvalidInput as error:
                if question.name in self.answers.given or self.answers.accept_defaults:
                    raise
                sys.stderr.write(f"{error}\n")
                text = None
            else:
                return

    async def _stuck(self) -> bool:
        """Whether the run waits for an answer that is not going to come from here."""
        if self._asking or not self.view.questions:
            return False
        try:
            status = await self.client.status(self.view.run_id)
        except DatabaseUnavailable:
            return False  # following waits for it, and says so where it stays away
        if status != "waiting":
            return False
        self.view.status = "waiting"
        return True

    def _code(self) -> int:
        if self.view.status == "completed":
            return DONE
        return WAITING if self.view.status == "waiting" else FAILED


def screen_for(console: Console, view: RunView, *, as_json: bool) -> Screen:
    """The screen that fits: one document, a live view in a terminal, or plain lines."""
    if as_json:
        return Silent()
    return Terminal(console, view) if console.is_terminal else Lines(console)


async def _line_from_terminal() -> str | None:
    """One line of standard input, awaited without a thread; None at its end."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not arrived.done():
            arrived.set_result(sys.stdin.readline())

    loop.add_reader(sys.stdin, read)
    try:
        line = await arrived
    finally:
        loop.remove_reader(sys.stdin)
    return line.rstrip("\n") if line else None
