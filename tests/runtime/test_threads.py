"""Threads for plain functions: bounded, not used up by what hangs, no hindrance to the process's end."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from pilothouse import Context, StepFailed, agent, workflow
from pilothouse.runtime.threads import Threads
from support.rehearsal import Rehearsal


class Busy:
    """Functions that wait to be let go, and how many of them run."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running = self.most = 0
        self.go = threading.Event()

    def __call__(self) -> str:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(10)
        with self.lock:
            self.running -= 1
        return threading.current_thread().name


@pytest.fixture
def busy() -> Busy:
    made = Busy()
    yield made
    made.go.set()


def reached(found: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not found() and time.monotonic() < deadline:
        time.sleep(0.002)
    return found()


def test_functions_run_in_threads_of_a_bounded_number(busy: Busy) -> None:
    threads = Threads(3, "bounded")
    futures = [threads.submit(busy) for _ in range(10)]
    assert reached(lambda: busy.running == 3)
    time.sleep(0.02)
    busy.go.set()
    names = {future.result(5) for future in futures}
    assert busy.most == 3
    assert names == {"bounded-1", "bounded-2", "bounded-3"}


def test_an_idle_thread_is_used_before_another_is_started() -> None:
    threads = Threads(8, "idle")
    for _ in range(20):
        assert threads.submit(lambda: threading.current_thread().name).result(5).startswith("idle-")
        reached(lambda: threads._idle == threads._started)
    assert threads._started == 1


def test_every_function_is_run_however_many_submit_at_once() -> None:
    threads, results = Threads(4, "many"), []

    def submit_some() -> None:
        results.extend([threads.submit(lambda number=number: number * 2) for number in range(500)])

    submitters = [threading.Thread(target=submit_some) for _ in range(4)]
    for each in submitters:
        each.start()
    for each in submitters:
        each.join()
    assert sorted(future.result(5) for future in results) == sorted(list(range(0, 1_000, 2)) * 4)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_what_a_function_raises_is_raised_where_its_result_is_awaited(error: BaseException) -> None:
    threads = Threads(1, "raising")

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        threads.submit(fail).result(5)
    assert threads.submit(lambda: "alive").result(5) == "alive"


def test_threads_that_were_left_are_replaced_and_counted_again_when_they_end(busy: Busy) -> None:
    threads = Threads(2, "left")
    hanging = [threads.submit(busy) for _ in range(2)]
    waiting = threads.submit(lambda: "ran")
    assert reached(lambda: busy.running == 2)
    for future in hanging:
        threads.leave(future)
    assert waiting.result(5) == "ran"
    busy.go.set()
    assert reached(lambda: threads._most == 2)
    for future in hanging:
        future.result(5)
    for _ in range(4):
        assert threads.submit(lambda: "ran").result(5) == "ran"
    assert reached(lambda: threads._started <= 2)


def test_what_was_left_before_it_ran_is_never_run(busy: Busy) -> None:
    threads, ran = Threads(1, "dropped"), []
    threads.submit(busy)
    waiting = threads.submit(lambda: ran.append("ran"))
    threads.leave(waiting)
    threads.leave(waiting)
    busy.go.set()
    assert threads.submit(lambda: "next").result(5) == "next"
    assert (ran, threads._most) == ([], 1)


def test_closing_drops_what_waits_and_ends_idle_threads(busy: Busy) -> None:
    threads = Threads(1, "closed")
    running, waiting = threads.submit(busy), threads.submit(busy)
    assert reached(lambda: busy.running == 1)
    threads.close()
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        threads.submit(busy)
    busy.go.set()
    running.result(5)
    assert reached(lambda: threads._started == 0)


async def test_steps_that_hang_do_not_use_up_the_threads_for_good(busy: Busy) -> None:
    @agent(timeout=0.1)
    def hangs(ctx: Context) -> None:
        busy()

    @agent
    def works(ctx: Context) -> str:
        return "worked"

    @workflow("w")
    async def flow(ctx: Context) -> str:
        for _ in range(6):
            with pytest.raises(StepFailed, match="did not finish"):
                await ctx.call(hangs)
        return await ctx.call(works)

    run = Rehearsal(flow)
    assert await run.finish() == "worked"
    assert busy.running == 6


HANGS = """
import time
from pilothouse.runtime.threads import Threads
threads = Threads(2, "hanging")
threads.submit(lambda: time.sleep(60))
threads.close()
print("over")
"""


def test_a_function_that_hangs_does_not_keep_the_process_from_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout) == (0, "over\n")
