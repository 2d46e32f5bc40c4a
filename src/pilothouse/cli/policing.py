"""What `pilothouse policy` does, on a folder, this machine's database or a server, and what it prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.errors import InvalidInput

if TYPE_CHECKING:
    from pilothouse.cli.local import LocalClient
    from pilothouse.cli.opening import Options
    from pilothouse.cli.remote import RemoteClient
    from pilothouse.policies.versions.service import Policies

Given = Mapping[str, Any]


async def done(options: Options, what: str, given: dict[str, Any]) -> Any:
    """Have it done; returns what the API would answer."""
    from pilothouse.cli.local import LocalClient
    from pilothouse.cli.opening import opened
    from pilothouse.cli.remote import RemoteClient

    if what == "explain":
        given["action"] = _action(given["action"])
    if what in {"check", "test"}:
        which = given.pop("which")
        if not which.isdecimal():
            return _of_folder(options, Path(which), what)
        given["number"] = int(which)
    if what == "explain" and given["folder"] is not None:
        return _explained(options, given["folder"], given["action"])
    if what == "draft":
        from pilothouse.policies.actions.bundles import read_folder

        given = {"given": {"files": dict(read_folder(given["folder"]).files), "note": given["note"]}}
    async with opened(options) as client:
        if isinstance(client, LocalClient):
            return await here(client, what, given)
        if not isinstance(client, RemoteClient):
            raise TypeError(client)
        return await there(client, what, given)


def _of_folder(options: Options, folder: Path, what: str) -> Any:
    from pilothouse.app import policies_of
    from pilothouse.kit.scope import HOME_TENANT
    from pilothouse.policies.actions.bundles import read_folder
    from pilothouse.policies.versions.checking import checked

    shipped = policies_of(options.installed())
    found = checked(read_folder(folder), shipped, HOME_TENANT, with_tests=what == "test")
    return found.model_dump(mode="json")


def _explained(options: Options, folder: Path, action: Given) -> Any:
    from pilothouse.app import policies_of
    from pilothouse.kit.scope import HOME_TENANT
    from pilothouse.policies.actions.bundles import read_folder
    from pilothouse.policies.actions.explaining import explain
    from pilothouse.policies.actions.given import GivenAction
    from pilothouse.policies.versions.checking import beside

    bundle, said = read_folder(folder), GivenAction.model_validate(action)
    shipped = beside(policies_of(options.installed()), bundle)
    engine = shipped.engine(bundle.check(shipped.vocabulary), str(folder))
    return explain(engine, said.action(HOME_TENANT), said.circumstances()).model_dump(mode="json")


async def there(client: RemoteClient, what: str, given: Given) -> Any:
    """Have a server do it."""
    number, body = given.get("number"), given.get("given")
    match what:
        case "list":
            return await client.every("/policies")
        case "decisions":
            params = {name: value for name, value in (body or {}).items() if value is not None}
            return (await client.ask("GET", "/policies/decisions", params=params))["items"]
        case "schema":
            return await client.ask("GET", "/policies/schema")
        case "show":
            return await client.ask("GET", f"/policies/{number}")
        case "draft":
            return [await client.ask("POST", "/policies", json=body)]
        case "explain":
            asked = {"action": given["action"], "number": number}
            return await client.ask("POST", "/policies/explain", json=asked)
        case "rollback" | "shadow":
            return await client.ask("PUT" if what == "shadow" else "POST", f"/policies/{what}", json=body)
        case _:
            sent = {} if body is None else {"json": body}
            return await client.ask("POST", f"/policies/{number}/{what}", **sent)


async def here(client: LocalClient, what: str, given: Given) -> Any:
    """Do it on this machine's database, as an admin of the home tenant."""
    from pilothouse.cli.opening import sensible
    from pilothouse.kit.clock import SystemClock
    from pilothouse.kit.scope import local_scope
    from pilothouse.policies.versions.repository import PolicyRepository
    from pilothouse.policies.versions.service import Policies, PolicyParts

    parts = client.pilothouse
    known = PolicyParts(parts.policies, parts.vault, SystemClock(), parts.engine.ids)
    with sensible():
        async with client.session() as session:
            policies = Policies(PolicyRepository(session, local_scope()), known, local_scope())
            found = await _asked(policies, what, given)
    many = isinstance(found, list)
    return [item.model_dump(mode="json") for item in found] if many else found.model_dump(mode="json")


async def _asked(policies: Policies, what: str, given: Given) -> Any:
    from pilothouse.cli.client import every
    from pilothouse.policies.versions import schemas

    number, body = given.get("number"), given.get("given") or {}
    match what:
        case "list":
            return await every(lambda which: policies.page(schemas.PolicyPageQuery.model_validate(which)))
        case "decisions":
            return (await policies.decisions(schemas.DecisionQuery.model_validate(body))).items
        case "schema":
            return policies.vocabulary()
        case "draft":
            return [await policies.draft(schemas.NewDraft.model_validate(body))]
        case "explain":
            question = {"action": given["action"], "number": number}
            return await policies.explain(schemas.ToExplain.model_validate(question))
        case "rollback":
            wanted = schemas.Rollback.model_validate(body)
            return await policies.rollback(wanted.number, wanted.note)
        case "shadow":
            wanted_shadow = schemas.Shadowing.model_validate(body)
            return await policies.shadow(wanted_shadow.number, wanted_shadow.note)
        case _:
            return await _on_version(policies, what, int(number or 0), body)


async def _on_version(policies: Policies, what: str, number: int, body: Given) -> Any:
    from pilothouse.policies.versions import schemas

    match what:
        case "show":
            return await policies.show(number)
        case "check":
            return await policies.check(number, with_tests=False)
        case "test":
            return await policies.check(number)
        case "simulate":
            return await policies.simulate(number, schemas.Replay.model_validate(body))
        case _:
            return await policies.activate(number, schemas.Activation.model_validate(body).note)


def _action(text: str) -> dict[str, Any]:
    """The action in JSON text, or in the file of that name; raises `InvalidInput`."""
    import sys

    from pilothouse.kit.bounded import read_bounded

    if text == "-":
        text = sys.stdin.read()
    elif not text.lstrip().startswith("{"):
        try:
            text = Path(text).read_text("utf-8")
        except OSError as error:
            raise InvalidInput(f"{text} is neither JSON nor a file: {error}.") from None
    found = read_bounded(text, "The action")
    if not isinstance(found, dict):
        raise InvalidInput("The action is no object.", hint='Write it as {"tool": "name", "arguments": {}}.')
    return found


def passed(found: Given) -> bool:
    """Whether what was checked can be activated."""
    return bool(found["valid"]) and not any(test["failure"] for test in found["tests"])


def _checked(found: Given) -> Iterator[str]:
    if not found["valid"]:
        yield "Not valid:"
        yield from (f"  {fault}" for fault in found["faults"])
        return
    yield f"{found['policies']} policies are valid."
    yield from (f"  note: {note}" for note in found["notes"])
    failed = [test for test in found["tests"] if test["failure"]]
    if found["tests"]:
        yield f"{len(found['tests']) - len(failed)} of {len(found['tests'])} tests pass."
    yield from (f"  {test['file']}, {test['name']}: {test['failure']}" for test in failed)


def _versions(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "No versions. Make one: pilothouse policy draft FOLDER"
    for item in found:
        states = [name for name in ("active", "shadow") if item[name]]
        told = f" ({', '.join(states)})" if states else ""
        note = f"  {item['note']}" if item["note"] else ""
        when = item["created_at"][:16]
        yield f"{item['number']}{told}  {item['sha256'][:12]}  {item['policies']} policies  {when}{note}"


def _files(found: Given) -> Iterator[str]:
    yield from _versions([dict(found)])
    for name, text in found["files"].items():
        yield f"\n--- {name}"
        yield text.rstrip()


def _state(found: Given) -> Iterator[str]:
    active = found["active"]
    yield "No version is active." if active is None else f"Version {active} is active."
    if found["shadow"] is not None:
        yield f"Version {found['shadow']} runs in its shadow."
    yield from (f"Shipped: {name}" for name in found["shipped"].values())


def _simulation(found: Given) -> Iterator[str]:
    yield f"{found['differing']} of {found['replayed']} decisions would differ."
    if found["unreadable"]:
        yield f"{found['unreadable']} could not be replayed: what they were about is gone."
    yield from (f"  {one['count']}: {one['before']} -> {one['after']}" for one in found["changes"])
    for one in found["examples"]:
        by = ", ".join(one["after"]["policies"]) or "no policy"
        change = f"{one['before']['verdict']} -> {one['after']['verdict']}"
        yield f"  {one['at'][:19]} {one['tool']} in run {one['run_id']}: {change} by {by}"


def _decisions(found: list[dict[str, Any]]) -> Iterator[str]:
    for item in found:
        by = ", ".join(item["decision"]["policies"]) or "no policy"
        told = (
            f"{item['at'][:19]} {item['tool']} in run {item['run_id']}: {item['decision']['verdict']} by {by}"
        )
        other = f"; version {item['shadow']}: {item['shadowed']['verdict']}" if item["differs"] else ""
        yield told + other
    if not found:
        yield "No decisions."


def _explanation(found: Given) -> Iterator[str]:
    from pilothouse.policies.actions.explaining import Explanation

    return Explanation.model_validate(found).lines()


def _schema(found: Given) -> Iterator[str]:
    yield found["cedar"].rstrip()
    yield from (f"// {note}" for note in found["notes"])


LINES: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "checked": _checked,
    "versions": _versions,
    "files": _files,
    "state": _state,
    "simulation": _simulation,
    "decisions": _decisions,
    "explanation": _explanation,
    "schema": _schema,
}
"""How each kind of answer is printed, a line at a time."""
