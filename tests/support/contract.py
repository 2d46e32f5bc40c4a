"""The OpenAPI document as a demand: every operation is held to it, with as few exceptions as there can be.

An exception names the part of a request that may be refused although its schema allows it; every other part
of the same request is held to its schema all the same.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from zlib import crc32

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.parameters import ParameterLocation

from pilothouse.kit import text
from pilothouse.runtime.labels import KEY
from support import parcels
from support.served import Served

KEPT = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"

ENDLESS = ("/api/v1/events",)
"""Streams whose answers have no end: tests of live events read them."""

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUMBER = re.compile(r"/[0-9]+(?=/|$)")
GIVEN = "only what was handed out before is taken: a link, a name"
RULE = "a rule between members, which a schema of each does not tell"
LATER = "only the moment of the request tells which times are to come"
OTHERS = "a question of another kind is answered, and not decided on"
LONG = "JSON sets numbers no bound, and 64 bits do"
EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "accept_invitation": {"The link is not valid": GIVEN},
    "reset_password": {"The link is not valid": GIVEN},
    "erase_tenant": {"body /confirm": GIVEN},
    "create_key": {"body /engagement": GIVEN, "body /expires_at": LATER},
    "make_attestation": {"body ": RULE, "An attestation expires after now": LATER},
    "issue_token": {"body ": RULE},
    "set_limit": {"body ": RULE},
    "add_target": {"body ": RULE, "body /url": GIVEN, "body /addressee": GIVEN},
    "create_budget": {"body ": RULE, "body /time_zone": "the time zones are those of the machine"},
    "change_budget": {"body ": RULE},
    "kill": {"body ": RULE, "body /until": LATER, "It would let go": LATER},
    "unkill": {"body ": RULE},
    "remove_limit": {"query ": RULE},
    "list_runs": {"query ": RULE},
    "show_statistics": {"The window ends before it begins": RULE},
    "show_histogram": {"The window ends before it begins": RULE, "query ": RULE},
    "begin_chat": {"This link is good no more": GIVEN},
    "cancel_runs": {"The filter is empty": RULE, "body /filter": RULE},
    "retry_runs": {"The filter is empty": RULE, "body /filter": RULE},
    "move_runs": {"body /filter": RULE, "body ": RULE},
    "prove_audit_consistency": {"There are no trees of": "only the log tells how many entries it has"},
    "activate_policies": {"Version ": "what a version says is judged when it is to hold"},
    "simulate_policies": {"body ": RULE, "The policies are not valid": "a draft may say anything"},
    "create_prompt_version": {
        "The prompt is not valid": "a text is a prompt only where it can be read as one"
    },
    "shadow_policies": {"Version ": "what a version says is judged when it is to hold"},
    "delegate_action": {"body ": RULE, "The question ": OTHERS},
    "approve_action": {"The question ": OTHERS},
    "refuse_action": {"The question ": OTHERS},
    "edit_action": {"The question ": OTHERS, "The body has an integer": LONG},
    "explain_action": {
        "body /action/cost/amount": "money is exact, and a text may be none",
        "The body has an integer": LONG,
        "The policies are not valid": "a draft may say anything",
    },
    "fork_run": {"It is not said where": RULE, "The body has an integer": LONG},
    "submit_run": {"The body has an integer": LONG},
    "create_schedule": {"body ": RULE, "body /end_at": RULE, "The body has an integer": LONG},
    "preview_schedule": {"body ": RULE, "body /end_at": RULE, "The body has an integer": LONG},
    "edit_schedule": {
        "body ": RULE,
        "body /end_at": RULE,
        "body /start_at": RULE,
        "The body has an integer": LONG,
    },
    "create_experiment": {"body ": RULE, "body /guards/N": RULE, "body /rollout": RULE},
    "override_breaker": {"body /until": LATER},
    "set_experiment_weights": {"body ": RULE},
    "give_feedback": {"body ": RULE},
    "report_usage": {"The time ends before it begins": RULE},
    "list_calls": {"The time ends before it begins": RULE},
    "create_upload": {"The file is empty": "a file of no bytes is none"},
    "follow_run": {"The journal of run": "only the journal tells where it ends"},
}
"""By operation, what may be refused, and why: the place of a fault (`N` is any number), or how the refusal
begins without one."""

_GONE = "an If-Match may name a version that is gone (RFC 9110)"
CONDITIONAL: Mapping[str, str] = dict.fromkeys(
    ("edit_schedule", "move_prompt_label", "remove_prompt_label"), _GONE
)
"""What may be answered with 412, and why, where the request has an If-Match."""

LARGE: Mapping[str, str] = {
    "draft_policies": "its files may be larger together than any body",
    "scan_text": "a text that is too long may be larger than any body",
}
"""What may be answered with 413, and why."""

TEXTS: Mapping[str, str] = {"change_tenant": "violates `format` at /properties/attributes"}
"""What Schemathesis takes for wrong: it does not know formats of our own, such as a line of text."""

WHOLE = frozenset({"cron", "time-zone", "email"})
"""Formats that say everything of a text, so that no text is made for its length."""


def document() -> dict[str, Any]:
    """The contract, without `default`, which would let every status pass as a declared one."""
    told: dict[str, Any] = json.loads(KEPT.read_text())
    _taking(told["components"]["schemas"])
    for path in ENDLESS:
        del told["paths"][path]
    _only_formats(told)
    for item in told["paths"].values():
        for operation in item.values():
            del operation["responses"]["default"]
    return told


def _taking(schemas: dict[str, Any]) -> None:
    """Say what the server takes that was furnished so, which a document for all servers cannot."""
    workflow = {"enum": [workflow.name for workflow in parcels.app.workflows]}
    parcel = parcels.Parcel.model_json_schema()
    parcel["properties"] = {
        "text": parcel["properties"]["text"]
    }  # the rest is read as leniently as Pydantic does
    for wanted in (schemas["Submission"], schemas["NewSchedule"]):
        wanted["properties"] |= {"workflow": workflow, "input": parcel, "engagement": {"type": "null"}}
        wanted["required"] = [*{*wanted["required"], "input"}]
        del wanted["properties"]["version"]
    del schemas["ScheduleEdit"]["properties"]["version"]
    schemas["ScheduleEdit"]["properties"] |= {"workflow": workflow, "input": parcel}
    schemas["ForkRequest"]["properties"]["input"] = parcel


def _only_formats(told: Any) -> None:
    for inner in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        _only_formats(inner)
    if isinstance(told, dict) and told.get("format") in WHOLE:
        told.pop("minLength", None)
        told.pop("maxLength", None)


def _fits(check: Callable[[str], str]) -> Callable[[str], bool]:
    def fits(value: str) -> bool:
        try:
            check(value)
        except ValueError:
            return False
        return True

    return fits


def _formats() -> None:
    """Teach the generator the formats of our own."""
    seen = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")))
    line = seen.filter(_fits(text.line))
    label = st.builds("{}:{}".format, st.from_regex(KEY, fullmatch=True), line)
    moments = st.datetimes(dt.datetime(2000, 1, 2), dt.datetime(2899, 12, 30))  # noqa: DTZ001 - as below
    for name, strategy in {
        "line": line,
        "name": seen.filter(_fits(text.name)),
        "text": seen.filter(_fits(text.text)),
        "label": label,
        "cron": st.sampled_from(("@daily", "30 7 * * MON-FRI", "*/5 0-6 1,15 * *")),
        "time-zone": st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kolkata")),
        "email": st.from_regex("[a-z0-9]{1,20}@example[.]com", fullmatch=True),
        "date-time": moments.map(lambda moment: f"{moment.isoformat()}Z"),
    }.items():
        schemathesis.openapi.format(name, strategy)


def options(examples: int, **said: Any) -> settings:
    """How much is asked: `examples` beside what every boundary of a schema demands."""
    known: dict[str, Any] = {
        "deadline": None,
        "derandomize": True,
        "database": None,
        "phases": (Phase.explicit, Phase.generate, Phase.shrink),
        "suppress_health_check": list(HealthCheck),
    }
    return settings(max_examples=examples, **known | said)


def contract() -> Any:
    """The document as Schemathesis reads it; each test has its own, as a state machine adds links to it."""
    _formats()
    schema = schemathesis.openapi.from_dict(document())
    schema.config.generation.update(with_security_parameters=False, allow_x00=False)
    return schema


class Asker:
    """Asks a server, signed in, and holds each answer to the document. One connection serves all."""

    def __init__(self, served: Served) -> None:
        """Ask `served`."""
        load_all_checks()
        self.served = served
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        known = {check.__name__: check for check in CHECKS.get_all()}
        self._accepted = known.pop("positive_data_acceptance")
        self._rejected = known.pop("negative_data_rejection")
        self._guard = known.pop("ignored_auth")
        self._rest = list(known.values())
        self._guarded: set[str] = set()

    @property
    def how(self) -> dict[str, Any]:
        """What every request is made with."""
        return {
            "base_url": self.served.url,
            "session": self.session,
            "headers": self.served.headers,
            "timeout": 10,
        }

    def ask(self, case: schemathesis.Case) -> None:
        """Ask once; raises with everything that is not as the document says."""
        self._point(case)
        self.hold(case.call(**self.how), case)

    def hold(self, response: Any, case: schemathesis.Case, **said: Any) -> None:
        """Hold an answer to the document; raises with everything that is otherwise.

        That an operation lets nobody in without a credential is asked of each once, when it has let one in.
        """
        name = operation_id(case)
        checks = [*self._rest, self.accepted, self.rejected] + (
            [] if name in self._guarded else [self._guard]
        )
        case.validate_response(
            response, checks=checks, transport_kwargs=self.how, headers=self.served.headers, **said
        )
        if response.status_code < 300:
            self._guarded.add(name)

    def _point(self, case: schemathesis.Case) -> None:
        """Name what is there in the path of a request, if it was not meant to miss."""
        meta = case.meta
        if meta is None or meta.generation.mode.is_positive:
            of_one_order(case)
        if meta is None or meta.is_negative_at(ParameterLocation.PATH):
            return
        if meta.phase.name.value == "fuzzing" and crc32(case.formatted_path.encode()) % 2:
            return
        for name, value in case.path_parameters.items():
            if UUID.fullmatch(str(value)) or not name.endswith("_id") or name == "tenant_id":
                case.path_parameters[name] = self.served.known.get(name, value)

    def rejected(self, context: Any, response: Any, case: schemathesis.Case) -> Any:
        """As Schemathesis' own check, but for what is too large to be read, or is no more what was meant."""
        if response.status_code == 413 and operation_id(case) in LARGE:
            return None
        if response.status_code == 412 and _is_conditional(case):
            return None
        try:
            return self._rejected(context, response, case)
        except AssertionError as error:
            if TEXTS.get(operation_id(case), "nothing") in str(error):
                return None
            raise

    def accepted(self, context: Any, response: Any, case: schemathesis.Case) -> Any:
        """As Schemathesis' own check, but for the exceptions."""
        if response.status_code == 412 and _is_conditional(case):
            return None
        try:
            return self._accepted(context, response, case)
        except AssertionError:
            if response.status_code in {400, 410} and self._excepted(case, response.json()):
                return None
            raise

    @staticmethod
    def _excepted(case: schemathesis.Case, problem: Mapping[str, Any]) -> bool:
        if "None" in map(str, case.path_parameters.values()):
            return True  # a chain took an id that was null, as that of a run's engagement may be
        told = [f"{fault['where']} {NUMBER.sub('/N', fault['name'])}" for fault in problem["errors"]] or [
            problem["detail"]
        ]
        known = EXCEPTIONS.get(operation_id(case), {})
        return all(
            place in known or any(place.startswith(start) for start in known if not problem["errors"])
            for place in told
        )


def operation_id(case: schemathesis.Case) -> str:
    """The operation that a request is of."""
    return str(case.operation.definition.raw["operationId"])


def _is_conditional(case: schemathesis.Case) -> bool:
    return operation_id(case) in CONDITIONAL and "if-match" in map(str.lower, case.headers)


def of_one_order(case: schemathesis.Case) -> None:
    """Take away a cursor that was given out for a list in another order."""
    asked, meant = case.query, case.query
    if isinstance(case.body, dict):
        asked, meant = case.body, case.body.get("filter") or {}
    by_moment = meant.get("sort") == "changed" or any(
        meant.get(f"{what}_{side}") for what in ("created", "finished") for side in ("after", "before")
    )
    told = operation_id(case) in {"list_runs", "cancel_runs", "move_runs", "retry_runs"}
    if told and isinstance(asked.get("cursor"), str) and (len(asked["cursor"]) > 22) != by_moment:
        del asked["cursor"]
