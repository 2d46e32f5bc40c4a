"""Whether a set of policies can be used: it is valid, fits the schema, and its tests pass."""

from __future__ import annotations

from pilothouse.policies.actions.bundles import Bundle
from pilothouse.policies.actions.shipped import Shipped
from pilothouse.policies.actions.testing import read_tests, run_tests
from pilothouse.policies.errors import PolicyInvalid
from pilothouse.policies.versions.schemas import Checked


def checked(bundle: Bundle, shipped: Shipped, tenant_id: str, *, with_tests: bool = True) -> Checked:
    """What is wrong with `bundle` beside what is shipped. An application's own set is its own base."""
    rest = beside(shipped, bundle)
    try:
        rules = bundle.check(rest.vocabulary)
        engine = rest.engine(rules)
        tests = list(read_tests(bundle))
    except PolicyInvalid as error:
        return Checked(valid=False, faults=error.found)
    tested = run_tests(engine, tests, tenant_id) if with_tests else []
    notes = tuple(_unreachable(bundle, rest))
    return Checked(valid=True, policies=len(rules), tests=tuple(tested), notes=notes)


def beside(shipped: Shipped, bundle: Bundle) -> Shipped:
    """What is shipped but for `bundle` itself."""
    others = {app: other for app, other in shipped.bundles.items() if other.sha256 != bundle.sha256}
    return Shipped(shipped.vocabulary, others, {app: shipped.rules[app] for app in others})


def _unreachable(bundle: Bundle, shipped: Shipped) -> list[str]:
    """Policies that can match no registered tool, which is no fault: the tool may come later."""
    tools = shipped.vocabulary.tools.values()
    return [
        f"{rule.id} can match no tool that is registered here"
        for rule in bundle.rules()
        if not any(rule.concerns(tool) for tool in tools)
    ]
