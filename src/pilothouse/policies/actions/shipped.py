"""What the installed applications bring: their tools, and the policies that they ship for these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pilothouse.errors import SettingsInvalid
from pilothouse.policies.actions.bundles import Bundle, read_folder
from pilothouse.policies.actions.engine import ActionEngine
from pilothouse.policies.actions.rules import Rule, insist_on_ids
from pilothouse.policies.actions.schema import Vocabulary, known
from pilothouse.policies.errors import PolicyInvalid
from pilothouse.runtime.ports import Actor


@dataclass(frozen=True)
class Brought:
    """An application as policies see it: its name, its tools, and the folder with its policies, if any."""

    name: str
    tools: Sequence[Actor[Any, Any]] = ()
    policies: str | Path | Traversable | None = None


@dataclass(frozen=True)
class Shipped:
    """The vocabulary of all installed tools, and each application's own set of policies."""

    vocabulary: Vocabulary
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    @property
    def versions(self) -> dict[str, str]:
        """What names the set of each application: its name and the first digits of the digest."""
        return {app: f"{app}:{bundle.sha256[:12]}" for app, bundle in self.bundles.items()}

    def engine(self, rules: Sequence[Rule] = (), version: str | None = None) -> ActionEngine:
        """An engine for a tenant's `rules` beside all that is shipped.

        Raises `PolicyInvalid` where one of them has the id of a shipped one.
        """
        self.insist(rules)
        return ActionEngine(self.vocabulary, rules, base=self.rules, version=version, bases=self.versions)

    def insist(self, rules: Sequence[Rule]) -> None:
        """Raise `PolicyInvalid` where one of `rules` has the id of a shipped one."""
        insist_on_ids([*(rule for own in self.rules.values() for rule in own), *rules])


def shipped(apps: Iterable[Brought]) -> Shipped:
    """What the applications bring. Raises `SettingsInvalid` where policies that they ship are not valid."""
    brought = list(apps)
    vocabulary = Vocabulary(known(app.name, tool) for app in brought for tool in app.tools)
    bundles: dict[str, Bundle] = {}
    rules: dict[str, tuple[Rule, ...]] = {}
    for app in brought:
        if app.policies is None:
            continue
        folder = Path(app.policies) if isinstance(app.policies, str) else app.policies
        try:
            bundles[app.name] = read_folder(folder)
            rules[app.name] = bundles[app.name].check(vocabulary)
        except PolicyInvalid as error:
            raise SettingsInvalid(f"The policies of {app.name} cannot be used. {error}") from error
    made = Shipped(vocabulary, bundles, rules)
    try:
        made.insist(())
    except PolicyInvalid as error:
        raise SettingsInvalid(f"Policies of two applications collide. {error}") from error
    return made
