"""What is known around an action: when and where, in whose tenant; and all of it as the context of a policy.

The principal is the one of the credential with which the run was started: nothing of it comes from arguments.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from pilothouse.policies.actions.kinds import Record, Unfit, cents
from pilothouse.runtime.governing import Action

TIME_ZONE = "time_zone"
"""The tenant's attribute that names its time zone, as in Europe/Berlin; without it, UTC."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TYPES = {"person": "Person", "key": "Key", "agent": "Agent"}


@dataclass(frozen=True)
class Circumstances:
    """What a decision takes as given: the environment, and the tenant's attributes as `name=value`."""

    environment: str = "production"
    attributes: tuple[str, ...] = ()
    time_zone: str = "UTC"

    @classmethod
    def of(cls, environment: str, attributes: Mapping[str, Any]) -> Circumstances:
        """What a decision takes as given for a tenant with `attributes`, whose `time_zone` is where it is."""
        told = tuple(f"{name}={_told(attributes[name])}" for name in sorted(attributes))
        return cls(environment, told, str(attributes.get(TIME_ZONE) or "UTC"))


def principal_of(text: str) -> dict[str, str]:
    """The entity of a principal as runs name it: `person:<id>`, `key:<id>`, `agent:<name>`, `local`."""
    kind, colon, name = text.partition(":")
    if colon and kind in _TYPES:
        return {"type": _TYPES[kind], "id": name}
    return {"type": "Local" if text == "local" else "Service", "id": text}


def context_of(action: Action, around: Circumstances, wanted: Record) -> dict[str, Any]:
    """What is `wanted` of the context of `action`, as Cedar's JSON has it; raises `Unfit`."""
    found: dict[str, Any] = {}
    for name, member in wanted.members.items():
        if name == "arguments":
            found[name] = _arguments(action, member.type)
            continue
        if name == "facts":
            found[name] = _facts(action, member.type)
            continue
        value = _READERS[name](action, around)
        if value is not None:
            kind = member.type
            found[name] = {one: value[one] for one in kind.members} if isinstance(kind, Record) else value
        elif member.required:
            raise Unfit(f"{name} is missing")
    return found


def _arguments(action: Action, wanted: Any) -> Any:
    try:
        given = orjson.loads(action.arguments)
    except orjson.JSONDecodeError:
        raise Unfit("arguments are no JSON") from None
    if not isinstance(given, dict) or _is_single(wanted, given):
        given = {"value": given}
    try:
        return wanted.read(given)
    except Unfit as error:
        raise Unfit(f"arguments: {error}") from None


def _facts(action: Action, wanted: Any) -> Any:
    """What the tool's own code knows of the thing that the action is about."""
    if action.facts is None:
        raise Unfit("the facts are missing that the tool tells of")
    try:
        return wanted.read(orjson.loads(action.facts))
    except Unfit as error:
        raise Unfit(f"facts: {error}") from None


def _is_single(wanted: Record, given: Mapping[str, Any]) -> bool:
    """Whether the tool takes a value that is an object to JSON and none to policies."""
    return set(wanted.members) == {"value"} and "value" not in given


def _cost(action: Action, _: Circumstances) -> dict[str, Any] | None:
    if action.cost is None:
        return None
    return {"amount_cents": cents(str(action.cost.amount)), "currency": action.cost.currency}


def _confidence(action: Action, _: Circumstances) -> int | None:
    """Thousandths, rounded down: what is not quite sure enough is not rounded to be so."""
    if action.confidence is None:
        return None
    if not 0 <= action.confidence <= 1:
        raise Unfit("confidence is not between 0 and 1")
    return int(action.confidence * 1000 + 1e-9)


def _moment(action: Action) -> dt.datetime:
    if action.at is None:
        raise Unfit("the time of the action is missing")
    return action.at


def _local(action: Action, around: Circumstances) -> dict[str, Any]:
    there = _moment(action).astimezone(_zone(around.time_zone))
    return {
        "hour": there.hour,
        "minute": there.minute,
        "weekday": _WEEKDAYS[there.weekday()],
        "date": there.date().isoformat(),
        "zone": around.time_zone,
    }


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unfit(f"the tenant's time zone {name!r} is not known") from None


def _told(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


_READERS: Mapping[str, Callable[[Action, Circumstances], Any]] = {
    "cost": _cost,
    "confidence_per_mille": _confidence,
    "time": lambda action, _: int(_moment(action).timestamp()),
    "local": _local,
    "environment": lambda _, around: around.environment,
    "tenant": lambda action, _: action.tenant_id,
    "tenant_attributes": lambda _, around: list(around.attributes),
    "marks": lambda action, _: sorted(action.marks),
    "workflow": lambda action, _: action.workflow,
    "agent": lambda action, _: action.agent,
    "requester": lambda action, _: action.principal,
    "engagement": lambda action, _: None if action.engagement_id is None else str(action.engagement_id),
}
"""What each member of the context is, but for the arguments."""
