"""Tests of policies: files beside them that give actions and say what is expected of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilothouse.policies.actions.bundles import Bundle
from pilothouse.policies.actions.engine import ActionEngine
from pilothouse.policies.actions.given import GivenAction
from pilothouse.policies.errors import PolicyInvalid
from pilothouse.runtime.governing import Decision, Verdict
from pilothouse.runtime.signature import explain

if TYPE_CHECKING:
    import yaml

MOST_TESTS = 2_000
"""Tests in one file."""


class Expected(BaseModel):
    """What a decision should be: its verdict, and where they are said the ids of policies and the roles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict
    policies: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None


class PolicyTest(BaseModel):
    """One test: an action, and what is expected of the decision about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    action: GivenAction
    expect: Expected


class PolicyTests(BaseModel):
    """A file of tests. `action` holds what the actions of all tests have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tests: Annotated[tuple[PolicyTest, ...], Field(min_length=1, max_length=MOST_TESTS)]


class Tested(BaseModel):
    """How a test went: `failure` is what differs from what was expected, None where nothing does."""

    model_config = ConfigDict(frozen=True)

    file: str
    name: str
    failure: str | None = None


@cache
def _loader() -> type[yaml.SafeLoader]:
    """Reads YAML in which a moment stays the text that it is, as in JSON."""
    import yaml

    class Loader(yaml.SafeLoader):
        """A class of its own: what is registered with it holds for nobody else."""

    Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: str(node.value))
    return Loader


def read_tests(bundle: Bundle) -> Iterator[tuple[str, PolicyTest]]:
    """The tests of a set, each with its file; raises `PolicyInvalid` for a file that holds none."""
    import yaml

    for file, text in bundle.tests.items():
        try:
            given = yaml.load(text, _loader())  # noqa: S506 - derived from the safe one
            tests = PolicyTests.model_validate(_completed(given)).tests
        except yaml.YAMLError as error:
            raise PolicyInvalid(found=[f"{file} cannot be read: {error}"]) from None
        except ValidationError as error:
            raise PolicyInvalid(found=[f"{file}: {explain(error)}"]) from None
        yield from ((file, test) for test in tests)


def _completed(given: Any) -> Any:
    """The file with what its `action` says put into each test that does not say otherwise."""
    if not isinstance(given, dict) or not isinstance(given.get("action"), dict):
        return given
    shared, tests = given["action"], given.get("tests")
    rest = {name: value for name, value in given.items() if name != "action"}
    if not isinstance(tests, list):
        return rest
    return rest | {"tests": [_with(shared, test) for test in tests]}


def _with(shared: dict[str, Any], test: Any) -> Any:
    if not isinstance(test, dict) or not isinstance(test.get("action", {}), dict):
        return test
    return test | {"action": shared | test.get("action", {})}


def run_tests(engine: ActionEngine, tests: Iterable[tuple[str, PolicyTest]], tenant_id: str) -> list[Tested]:
    """How each test goes by `engine`."""
    return [
        Tested(file=file, name=test.name, failure=_failure(engine, test, tenant_id)) for file, test in tests
    ]


def _failure(engine: ActionEngine, test: PolicyTest, tenant_id: str) -> str | None:
    decision, expected = (
        engine.decide(test.action.action(tenant_id), test.action.circumstances()),
        test.expect,
    )
    if decision.verdict is not expected.verdict:
        return f"expected {expected.verdict}, got {_told(decision)}"
    if expected.policies is not None and set(expected.policies) != set(decision.policies):
        return f"expected the policies {', '.join(expected.policies) or 'none'}, got {_told(decision)}"
    roles = roles_of(decision)
    if expected.roles is not None and sorted(expected.roles) != list(roles):
        return f"expected the roles {', '.join(expected.roles) or 'none'}, got {', '.join(roles) or 'none'}"
    return None


def roles_of(decision: Decision) -> tuple[str, ...]:
    """The roles whose approval a decision requires, in order."""
    return tuple(sorted(one.role for one in decision.requirements))


def _told(decision: Decision) -> str:
    by = f" by {', '.join(decision.policies)}" if decision.policies else ""
    why = f" ({' '.join(decision.reasons)})" if decision.reasons else ""
    return f"{decision.verdict}{by}{why}"
