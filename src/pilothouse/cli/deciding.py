"""What the commands on the inbox do: on a server by its API, on this machine by the same service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import typer
from pydantic import BaseModel, JsonValue

from pilothouse.cli.cards import short
from pilothouse.cli.local import LocalClient
from pilothouse.cli.opening import Options, opened, sensible
from pilothouse.cli.remote import RemoteClient
from pilothouse.cli.tables import document, facts, listed, printed
from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.inbox import schemas
from pilothouse.kit import canonical, ids
from pilothouse.kit.scope import local_scope

if TYPE_CHECKING:
    from pilothouse.inbox.service import Questions

LEAST = 8
"""Characters of an id or a digest that name it."""

_BODIES: Mapping[str, type[BaseModel]] = {
    "approve": schemas.Approve,
    "refuse": schemas.Refuse,
    "edit": schemas.Edit,
    "delegate": schemas.Delegate,
}


class Inbox(Protocol):
    """The inbox as the API gives it."""

    async def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The wanted questions, the newest first."""
        ...

    async def show(self, question: str) -> dict[str, Any]:
        """One question with all that is known of it."""
        ...

    async def decide(self, question: str, how: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Decide about its action; returns it as it is then."""
        ...


class RemoteInbox:
    """A server's."""

    def __init__(self, client: RemoteClient) -> None:
        """Ask by `client`."""
        self._client = client

    async def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The wanted questions, the newest first."""
        return list((await self._client.ask("GET", "/questions", params=query))["items"])

    async def show(self, question: str) -> dict[str, Any]:
        """One question with all that is known of it."""
        return dict(await self._client.ask("GET", f"/questions/{question}"))

    async def decide(self, question: str, how: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Decide about its action; returns it as it is then."""
        return dict(await self._client.ask("POST", f"/questions/{question}/{how}", json=dict(said)))


class LocalInbox:
    """This machine's, as its only user."""

    def __init__(self, questions: Questions) -> None:
        """Work through `questions`."""
        self._questions = questions

    async def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The wanted questions, the newest first."""
        page = await self._questions.page(schemas.QuestionQuery.model_validate(query))
        return [item.model_dump(mode="json") for item in page.items]

    async def show(self, question: str) -> dict[str, Any]:
        """One question with all that is known of it."""
        return (await self._questions.show(ids.parse(question, "id of a question"))).model_dump(mode="json")

    async def decide(self, question: str, how: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Decide about its action; returns it as it is then."""
        body = _BODIES[how].model_validate(said)
        done = await getattr(self._questions, how)(ids.parse(question, "id of a question"), body)
        return dict(done.model_dump(mode="json"))


@asynccontextmanager
async def inbox(options: Options) -> AsyncIterator[Inbox]:
    """The inbox that the command works on. Raises `InvalidInput` for what the service would not take."""
    async with opened(options) as client:
        if isinstance(client, RemoteClient):
            yield RemoteInbox(client)
            return
        if not isinstance(client, LocalClient):
            raise TypeError(client)
        from pilothouse.inbox.repository import QuestionRepository
        from pilothouse.inbox.service import Questions
        from pilothouse.policies.service import Authority

        scope = local_scope()
        async with client.session() as session:
            repository = QuestionRepository(session, scope)
            with sensible():
                yield LocalInbox(Questions(repository, client.pilothouse.engine, scope, Authority()))


def read_arguments(text: str) -> JsonValue:
    """New arguments; raises `InvalidInput` where they are no JSON."""
    try:
        value: JsonValue = canonical.exact(text)
    except ValueError as error:
        raise InvalidInput(f"The arguments are no JSON: {error}.") from None
    return value


async def list_questions(options: Options, query: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what waits for a person."""
    async with inbox(options) as found:
        items = await found.page(query)
    if as_json:
        document(items)
        return
    rows = []
    for item in items:
        digest = item["action"]["digest"][:LEAST] if item["action"] else ""
        cells = (short(item["id"]), digest, short(item["run_id"]), item["status"], _addressee(item))
        rows.append((*cells, item["prompt"], (item["expires_at"] or "")[:16]))
    headings = ("question", "digest", "run", "state", "for", "asks", "expires")
    listed(headings, rows, "Nothing waits for a person.", whole=("question", "digest"))


async def show_question(options: Options, question: str, *, as_json: bool) -> None:
    """Print all that is to know of a question."""
    async with inbox(options) as found:
        item = await found.show(await _named(found, question))
    _tell(item, as_json=as_json)


async def decide(
    options: Options, question: str, how: str, digest: str, said: dict[str, Any], *, as_json: bool
) -> None:
    """Decide about the action of a question, whose digest begins with `digest`."""
    async with inbox(options) as found:
        item = await found.show(await _named(found, question))
        action = item["action"]
        if action is None:
            raise InvalidInput(
                "This question is about no action.", hint="Answer it: pilothouse answer RUN KEY=VALUE"
            )
        if len(digest) < LEAST or not action["digest"].startswith(digest.lower()):
            raise Conflict(
                f"The action is {action['digest'][:LEAST]}..., not {digest[:64]}.",
                hint=f"Look at it again: pilothouse inbox show {question}",
            )
        done = await found.decide(item["id"], how, {**said, "digest": action["digest"]})
    if as_json:
        document(done)
        return
    told = {"approve": "approved", "refuse": "refused", "edit": "edited", "delegate": "delegated"}[how]
    printed(f"{told}; go on with it: pilothouse watch {short(item['run_id'])}")


async def _named(found: Inbox, text: str) -> str:
    """The id of the question that `text` names: its id, or an end of it that no other open one has."""
    wanted = text.strip().lower()
    if len(wanted) == len("00000000-0000-0000-0000-000000000000"):
        return wanted
    items = await found.page({"status": ["open"], "limit": 200})
    fitting = [str(item["id"]) for item in items if len(wanted) >= 4 and item["id"].endswith(wanted)]
    if len(fitting) > 1:
        raise InvalidInput(
            f"{text!r} names several questions: {', '.join(fitting)}.", hint="Give more of the id."
        )
    if not fitting:
        raise NotFound(
            f"There is no open question {text[:60]!r}.", hint="`pilothouse inbox list` lists them."
        )
    return fitting[0]


def _tell(item: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        document(item)
        return
    action = item["action"]
    lines = [("question", item["id"]), ("run", item["run_id"]), ("state", item["status"])]
    lines += [("asks", item["prompt"]), ("why", item["why"]), ("for", _addressee(item))]
    if action is not None:
        lines += _action_lines(action)
    lines += [("expires", item["expires_at"] or ""), ("answer", item["answer"] or "")]
    facts(lines)
    if action is not None and item["status"] == "open":
        given = f"{short(item['id'])} {action['digest'][:LEAST]}"
        typer.echo(f"decide: pilothouse inbox approve|refuse|edit|delegate {given}")


def _action_lines(action: dict[str, Any]) -> list[tuple[str, str]]:
    cost = action["cost"]
    lines = [
        ("tool", action["tool"]),
        ("arguments", json.dumps(action["arguments"], ensure_ascii=False)),
        ("cost", f"{cost['amount']} {cost['currency']}" if cost else ""),
        ("asked by", action["principal"] + (f", agent {action['agent']}" if action["agent"] else "")),
        ("marks", ", ".join(action["marks"])),
        ("policies", ", ".join(action["policies"])),
        ("edited by", action["edited_by"] or ""),
        ("note", action["note"]),
        ("unanswered", "it is approved" if action["on_expiry"] == "approve" else ""),
    ]
    for change in action["changes"]:
        before, after = (json.dumps(change[side], ensure_ascii=False) for side in ("before", "after"))
        lines.append(("changed", f"{change['where']}: {before} -> {after}"))
    lines += [("before it", f"{past['step']} {past['what']}") for past in action["so_far"]]
    return [*lines, ("digest", action["digest"])]


def _addressee(item: dict[str, Any]) -> str:
    if item["assignee"]:
        return str(item["assignee"])
    return f"approver:{item['role']}" if item["role"] else "anybody who answers"
