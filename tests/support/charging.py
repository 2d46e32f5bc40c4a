"""An application with texts at every inlet: what it is given, asked for, told by tools and saves."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pilothouse import App, Context, Progress, ReasonCard, StepFailed, Upload, agent, tool, workflow
from pilothouse.runtime.workflows import Workflow
from pilothouse.tools.tool import Tool

POLICIES = """
@id("everything")
@reason("It is a test.")
permit (principal, action, resource);

@id("charges-are-approved")
@reason("Somebody looks at each charge.")
@approval("cashier")
forbid (principal, action == Action::"charge", resource)
when { context.arguments.cents > 10000 };

@id("no-mail-after-attacks")
@reason("What reads like an attack sends no mail.")
forbid (principal, action == Action::"send", resource)
when { context.marks.contains("injection") };
"""


class Charge(BaseModel):
    """What is charged to which card."""

    card: str
    cents: int


class Letter(BaseModel):
    """What is sent to whom."""

    to: str
    text: str


class Order(BaseModel):
    """What a customer has written."""

    text: str
    cents: int = 100


@dataclass
class Outside:
    """What the tools were really given, and what they tell; `fails` is the error that calls raise.

    `words` are what code says by itself, by where.
    """

    charged: list[Charge] = field(default_factory=list)
    sent: list[Letter] = field(default_factory=list)
    page: str = "nothing"
    fails: str = ""
    seen: list[Any] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)


def _tools(outside: Outside) -> tuple[Tool[Charge, str], Tool[Letter, str], Tool[str, str]]:
    """What reaches outside."""

    @tool(idempotent=True)
    async def charge(ctx: Context, charge: Charge) -> str:
        """Charge a card."""
        outside.charged.append(charge)
        if outside.fails:
            raise ValueError(outside.fails)
        return f"charged {charge.card}"

    @tool(idempotent=True)
    async def send(ctx: Context, letter: Letter) -> str:
        """Send a letter."""
        outside.sent.append(letter)
        return "sent"

    @tool(idempotent=True, result="untrusted")
    async def fetch(ctx: Context, what: str) -> str:
        """Read a page."""
        if outside.fails:
            raise ValueError(outside.fails)
        return outside.page

    return charge, send, fetch


def _saying(outside: Outside) -> list[Workflow]:
    """Workflows that read files, and that say things by themselves."""

    @agent
    async def ponder(ctx: Context, where: str) -> str:
        """Think aloud."""
        if where == "a card":
            ctx.emit(ReasonCard(decision=outside.words[where], inputs={"said": outside.words[where]}))
        else:
            ctx.delta(outside.words[where])
        return "pondered"

    @agent
    async def stumble(ctx: Context) -> str:
        """Fail with words."""
        raise ValueError(outside.words["an agent's error"])

    @workflow("file")
    async def read_file(ctx: Context, upload: Upload) -> str:
        """Read a file, and keep what it says as bytes."""
        opened = await ctx.open(upload)
        text = await opened.text()
        outside.seen.append((text, frozenset(ctx.marks)))
        await ctx.save("copy.csv", text.encode())
        return text

    @workflow("say")
    async def say(ctx: Context, where: str) -> str:
        """Say something in one of the ways that there are."""
        said = outside.words.pop(where) if where == "a run that goes on" else outside.words.get(where, "")
        match where:
            case "progress":
                await ctx.emit(Progress(message=said))
            case "a card" | "a delta":
                await ctx.call(ponder, where)
            case "an agent's error":
                with suppress(StepFailed):
                    await ctx.call(stumble)
            case "a reason to trust":
                await ctx.trust(1, why=said[:90])
            case "a name":
                await ctx.save(f"for {said}.csv", b"\0")
            case "an artifact of bytes":
                await ctx.save("bytes.csv", said.encode())
            case "a question":
                outside.seen.append(await ctx.ask(said, why=said))
            case "a choice":
                outside.seen.append(await ctx.ask("Which?", choices=(said, "no")))
            case "a run that goes on":
                ctx.continue_as_new(said)
            case "a workflow's error":
                raise ValueError(said)
            case _:
                outside.seen.append(where)
        return "said"

    return [read_file, say]


def charging(folder: Path) -> tuple[App, Outside]:
    """The application, its policies in `folder`, and what lies outside of it."""
    folder.mkdir()
    (folder / "charges.cedar").write_text(POLICIES)
    outside = Outside()
    charge, send, fetch = _tools(outside)

    @agent
    async def read(ctx: Context, text: str) -> str:
        """Take the card out of a text: the word behind `card`."""
        return text.partition("card ")[2].split(",")[0].split(" and")[0].strip()

    @workflow("charge")
    async def charge_order(ctx: Context, order: Order) -> str:
        """Charge what the text says, and say so."""
        outside.seen.append(order.text)
        card = await ctx.call(read, order.text)
        first, second = await ctx.gather(ctx.call(read, order.text), ctx.call(read, order.text))
        assert first == second == card
        said = await ctx.act(charge, Charge(card=card, cents=order.cents))
        await ctx.save("receipt.txt", f"{said}: {card}")
        return f"done: {said}"

    @workflow("read")
    async def read_page(ctx: Context, where: str) -> str:
        """Read a page, and send what it says."""
        try:
            page = await ctx.act(fetch, where)
        except StepFailed as error:
            page = error.message
        outside.seen.append(page)
        return await _sent(ctx, page)

    @workflow("listen")
    async def listen(ctx: Context, prompt: str) -> str:
        """Ask somebody, and send what was said."""
        said = await ctx.ask(prompt)
        outside.seen.append(said)
        return await _sent(ctx, said)

    async def _sent(ctx: Context, text: str) -> str:
        try:
            await ctx.act(send, Letter(to="desk", text=text))
        except Exception as error:
            return f"not sent: {error}"
        return f"sent {text}"

    @workflow("tell")
    async def tell(ctx: Context, order: Order) -> str:
        """Send what was given."""
        outside.seen.append(order.text)
        return await _sent(ctx, order.text)

    workflows = [charge_order, read_page, listen, tell, *_saying(outside)]
    tools: list[Tool[Any, Any]] = [charge, send, fetch]
    return App("charging", workflows=workflows, agents=[read], tools=tools, policies=folder), outside
