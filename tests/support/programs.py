"""Random programs: workflows of every verb, nested, that remember what they computed once too often."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Container
from typing import Any

from hypothesis import strategies as st

from pilothouse import Context, Progress, ReasonCard, agent, tool, workflow
from pilothouse.runtime.branch import current
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.history import History
from support.rehearsal import Rehearsal

Program = list[tuple[Any, ...]]

SELDOM = st.sampled_from([False] * 5 + [True])
LEAVES = st.one_of(
    st.tuples(st.just("call"), st.integers(0, 3), SELDOM),
    st.tuples(st.just("thread"), st.integers(0, 3)),
    st.tuples(st.just("act"), st.integers(0, 3), SELDOM),
    st.tuples(st.just("ask"), st.sampled_from(["person", "default", "expires"])),
    st.tuples(st.just("sleep"), st.integers(0, 30)),
    st.tuples(st.just("save"), st.sampled_from(["a.txt", "b.txt"])),
    st.tuples(st.sampled_from(["now", "random", "id", "emit"])),
    st.tuples(st.sampled_from(["now", "emit", "raise"])),
)


def sequences(depth: int) -> st.SearchStrategy[Program]:
    """Sequences of verbs, nested at most `depth` times."""
    if depth == 0:
        return st.lists(LEAVES, min_size=1, max_size=3)
    inner = sequences(depth - 1)
    nested = st.one_of(
        st.tuples(st.just("gather"), st.lists(inner, min_size=2, max_size=3)),
        st.tuples(st.just("agent"), inner),
        st.tuples(st.just("caught"), inner),
    )
    return st.lists(st.one_of(LEAVES, LEAVES, nested), min_size=2, max_size=4)


PROGRAMS = sequences(3)


class Programs:
    """Executes programs, and remembers each computation of a step that had been journalled."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.again: list[str] = []
        self.mended = False
        self.attempts: Counter[str] = Counter()
        self.run: Rehearsal | None = None

        @agent
        async def leaf(ctx: Context, what: tuple[int, bool]) -> int:
            self.compute(ctx)
            if what[1]:
                raise ValueError(f"leaf {what[0]} fails")
            return what[0]

        @agent
        async def flaky(ctx: Context, times: int) -> int:
            """Fails so many times before it succeeds."""
            self.compute(ctx)
            key = current.get().path
            self.attempts[key] += 1
            if not self.mended and self.attempts[key] <= times:
                raise OSError("flaky")
            return times

        @agent
        def thread(ctx: Context, number: int) -> int:
            self.compute(ctx)
            ctx.emit(Progress(message=f"in a thread {number}"))
            return number

        @agent
        async def scope(ctx: Context, inner: list[Any]) -> list[Any]:
            self.compute(ctx)
            return await self.execute(ctx, inner)

        @tool(idempotent=True)
        async def effect(ctx: Context, what: tuple[int, bool]) -> str:
            self.compute(ctx)
            if what[1]:
                raise ConnectionError(f"effect {what[0]} fails")
            return ctx.idempotency_key

        @workflow("program")
        async def flow(ctx: Context) -> Any:
            return await self.execute(ctx, self.program)

        self.leaf, self.flaky, self.thread = leaf, flaky, thread
        self.scope, self.effect, self.flow = scope, effect, flow

    def compute(self, ctx: Context) -> None:
        key = current.get().path
        left_over = ctx._turn is not self.run.current  # a thread of a turn that was lost meanwhile
        step = History(self.run.entries).step(key)
        if not left_over and step is not None and step.outcome is not None:
            self.again.append(key)

    async def execute(self, ctx: Context, program: Program) -> list[Any]:
        return [await self.one(ctx, *verb) for verb in program]

    async def one(self, ctx: Context, verb: str, what: Any = None, fails: bool = False) -> Any:
        match verb:
            case "call":
                return await ctx.call(self.leaf, (what, fails))
            case "flaky":
                return await ctx.call(self.flaky, what)
            case "thread":
                return await ctx.call(self.thread, what)
            case "act":
                return await ctx.act(self.effect, (what, fails))
            case "agent":
                return await ctx.call(self.scope, what)
            case "ask":
                return await self.ask(ctx, what)
            case "sleep":
                return await ctx.sleep(what)
            case "save":
                return (await ctx.save(what, f"content of {what}")).sha256
            case "gather":
                return await ctx.gather(*(self.execute(ctx, arm) for arm in what))
            case "caught":
                return await self.caught(ctx, what)
            case "raise":
                raise LookupError("raised")
        return self.told(ctx, verb)

    async def ask(self, ctx: Context, how: str) -> str:
        if how == "person":
            return await ctx.ask("?")
        hour = dt.timedelta(hours=1)
        return await ctx.ask("?", default="default" if how == "default" else None, expires_after=hour)

    async def caught(self, ctx: Context, program: Program) -> Any:
        try:
            return await self.execute(ctx, program)
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    def told(self, ctx: Context, verb: str) -> str:
        match verb:
            case "now":
                return ctx.now().isoformat()
            case "random":
                return str(ctx.random().random())
            case "id":
                return str(ctx.id())
        ctx.emit(ReasonCard(decision="said"))
        return "said"

    def answering(self, run: Rehearsal) -> Callable[[str], str | None]:
        """Answers the questions of a run, but for those that are to expire."""

        def answer(key: str) -> str | None:
            asked = next(entry for entry in run.entries if (entry.kind, entry.key) == (Kind.ASKED, key))
            return f"answer to {key}" if b'"expires_at":null' in asked.payload else None

        return answer

    async def finish(self, answer_at: Container[int] = (), **losses: Any) -> Rehearsal:
        """Execute the program to its end; at the appends `answer_at` what is open is answered at once."""
        run = self.run = Rehearsal(self.flow, **losses)
        answer = self.answering(run)

        def answer_meanwhile(_: object) -> None:
            for key in run.open_questions if run.appends in answer_at else ():
                if (text := answer(key)) is not None:
                    run.answer(key, text)

        run.while_appending = answer_meanwhile
        await run.finish(answer)
        return run


FLAKY = st.tuples(st.just("flaky"), st.integers(0, 2))


def flaky_sequences(depth: int) -> st.SearchStrategy[Program]:
    """Sequences in which nothing fails for ever and no failure is caught."""
    sound = st.sampled_from(
        [("call", 1, False), ("act", 2, False), ("ask", "person"), ("sleep", 5), ("emit",)]
    )
    if depth == 0:
        return st.lists(st.one_of(FLAKY, sound), min_size=1, max_size=3)
    inner = flaky_sequences(depth - 1)
    nested = st.one_of(
        st.tuples(st.just("gather"), st.lists(inner, min_size=2, max_size=3)),
        st.tuples(st.just("agent"), inner),
    )
    return st.lists(st.one_of(FLAKY, sound, nested), min_size=1, max_size=4)
