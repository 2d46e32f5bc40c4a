"""`pilothouse run` and `watch`: execute and follow one run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import orjson
from rich.console import Console

from pilothouse.app import worker_settings
from pilothouse.cli import cards
from pilothouse.cli.client import Client, RunRow, find
from pilothouse.cli.local import LocalClient
from pilothouse.cli.opening import Options, opened
from pilothouse.cli.view import RunView
from pilothouse.cli.watching import DONE, FAILED, INTERRUPTED, WAITING, Answers, Watch, screen_for
from pilothouse.errors import Conflict, InvalidInput
from pilothouse.kit import bounded, canonical

_MAX_INPUT = 2_000_000


@dataclass(frozen=True)
class How:
    """How a run is made and followed: what is answered beforehand, what is printed, where artifacts go.

    `engagement` is the id or the name of the one that it belongs to; `untrusted` input is data from outside.
    """

    answers: Answers = field(default_factory=Answers)
    as_json: bool = False
    out: Path | None = None
    save: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    engagement: str | None = None
    untrusted: bool = False


def parse_answers(items: list[str]) -> dict[str, str]:
    """`key=value` pairs as a mapping; raises `InvalidInput`."""
    answers = {}
    for item in items:
        key, mark, value = item.partition("=")
        if not mark or not key:
            raise InvalidInput(f"--answer {item!r} is not of the form key=value.")
        answers[key] = value
    return answers


def parse_labels(items: list[str]) -> dict[str, str]:
    """`key=value` pairs as labels; raises `InvalidInput` for what is none."""
    from pilothouse.runtime import labels

    return labels.parse(items, "=")


def read_input(text: str | None, file: Path | None) -> bytes:
    """The input of a run as JSON: the text, or what a file (`-`: standard input) holds.

    What begins with no bracket, brace or quotation mark is taken as plain text. Raises `InvalidInput`.
    """
    if text is not None and file is not None:
        raise InvalidInput("Both a text and --input were given.", hint="Give one of them.")
    if file is not None:
        try:
            text = sys.stdin.read(_MAX_INPUT + 1) if str(file) == "-" else file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"--input {file} cannot be read: {error}.") from error
    if text is None:
        return b"null"
    if len(text) > _MAX_INPUT:
        raise InvalidInput(f"The input has more than {_MAX_INPUT:,} characters.")
    stripped = text.strip()
    if stripped[:1] in {"{", "[", '"'}:
        what = "The input" if file is None else f"--input {file}"
        return canonical.to_json(bounded.read_bounded(stripped, what))
    try:
        return orjson.dumps(text)
    except TypeError as error:
        raise InvalidInput(f"The input is no valid text: {error}.") from error


async def start(options: Options, workflow: str, payload: bytes, how: How) -> int:
    """Submit a run and follow it; returns the exit code."""
    async with opened(options) as client:
        run_id = await client.submit(
            workflow, payload, labels=how.labels, engagement=how.engagement, untrusted=how.untrusted
        )
        return await follow(client, run_id, workflow, how)


async def resume(options: Options, run_id: str, how: How) -> int:
    """Follow a run that exists, and execute it here where no server does."""
    async with opened(options) as client:
        row = await find(client, run_id)
        if isinstance(client, LocalClient) and row.status in {"queued", "running", "waiting"}:
            _insist_on_workflow(client, row)
        return await follow(client, row.id, row.workflow, how)


def _insist_on_workflow(client: LocalClient, row: RunRow) -> None:
    """A run can only go on where its workflow is installed in its version."""
    pin = f"{row.workflow}@{row.version}"
    known = client.pilothouse.engine.workflows.pins
    if pin not in known:
        raise Conflict(
            f"Run {row.id} needs {pin}, which is not installed here.",
            hint=f"Installed: {', '.join(known) or 'nothing'}. Name its application with --app.",
        )


async def follow(client: Client, run_id: str, workflow: str, how: How) -> int:
    """Execute (locally) and follow a run; on Ctrl-C it is kept, and how to go on is said."""
    view = RunView(run_id, workflow)
    console = Console(stderr=how.as_json)
    _say_what_is_missing(client, workflow)
    screen = screen_for(console, view, as_json=how.as_json)
    try:
        async with executing(client, run_id):
            code = await Watch(client, screen, how.answers, view).until_end()
    except (asyncio.CancelledError, KeyboardInterrupt):
        screen.finish(view)
        sys.stderr.write(
            f"\nInterrupted. The run is kept; go on with: pilothouse watch {cards.short(run_id)}\n"
        )
        return INTERRUPTED
    screen.finish(view)
    if code == WAITING:
        say_what_is_asked(view)
    if code in {DONE, FAILED} and view.artifacts and how.save:
        folder = how.out or Path(f"{workflow}-{cards.short(run_id)}")
        await save(client, view, folder)
        if not how.as_json:
            console.print(f"saved to {folder}/", highlight=False)
    return code


@asynccontextmanager
async def executing(client: Client, run_id: str) -> AsyncIterator[None]:
    """Execute the run in this process while the block lasts, where the database is this machine's."""
    if not isinstance(client, LocalClient):
        yield
        return
    pilothouse = client.pilothouse
    worker = pilothouse.engine.worker(worker_settings(pilothouse.settings), only=UUID(run_id))
    working = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        await worker.stop(drain=0)
        await working


async def save(client: Client, view: RunView, folder: Path) -> list[Path]:
    """Write the run's artifacts into `folder`; returns their paths."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    written = []
    for item in view.artifacts:
        path = folder / Path(item["name"]).name
        with path.open("wb") as file:
            async for piece in client.content(item):
                file.write(piece)
        written.append(path)
    return written


def _say_what_is_missing(client: Client, workflow: str) -> None:
    """Tell that this machine lacks labels without which the run waits for another worker."""
    if not isinstance(client, LocalClient):
        return
    own = client.pilothouse.settings.worker_labels.items()
    missing = client.pilothouse.engine.workflows.latest(workflow).requires.items() - own
    if missing:
        named = ", ".join(f"{key}={value}" for key, value in sorted(missing))
        sys.stderr.write(f"This machine lacks {named}: the run waits for a worker that has it.\n")


def say_what_is_asked(view: RunView) -> None:
    """Tell what the run waits for, and by which commands it goes on."""
    run = cards.short(view.run_id)
    for question in view.questions.values():
        if question.approval:
            waiting = f"Waiting{question.addressee}: {question.prompt}"
            sys.stderr.write(f"{waiting} Decide with: pilothouse inbox\n")
            continue
        default = f" (default: {question.default})" if question.default is not None else ""
        sys.stderr.write(
            f"Waiting for an answer to {question.name}{question.addressee}{default}: "
            f"pilothouse answer {run} {question.name}=...\n"
        )
    sys.stderr.write(f"Then: pilothouse watch {run}\n")
