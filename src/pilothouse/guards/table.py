"""What is done about what is found where: one table of inlets, which a file and its tenants' parts change."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pilothouse.errors import SettingsInvalid
from pilothouse.guards.findings import Act
from pilothouse.guards.rules import secrets
from pilothouse.runtime.guarding import Inlet


class Group(StrEnum):
    """What findings have in common; each group has a switch by which it only observes."""

    SECRETS = "secrets"
    PERSONAL = "personal"
    INJECTION = "injection"
    CODE = "code"
    STRUCTURE = "structure"
    OTHER = "other"


ALLOW, MASK, FLAG, BLOCK = Act.ALLOW, Act.MASK, Act.FLAG, Act.BLOCK
NAMES = frozenset(group.value for group in Group)
INLETS = frozenset(inlet.value for inlet in Inlet)
ACTS = frozenset(act.value for act in Act)
MASKABLE = frozenset({Group.SECRETS, Group.PERSONAL, Group.OTHER})

GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        **{row.type: Group.SECRETS for row in secrets.ROWS},
        **dict.fromkeys(
            ("private_key", "url_credentials", "bearer_token", "generic_secret", "password", "card"),
            Group.SECRETS,
        ),
        **dict.fromkeys(
            ("direct_injection", "indirect_injection", "jailbreak", "exfiltration"), Group.INJECTION
        ),
        **dict.fromkeys(("script", "shell"), Group.CODE),
        **dict.fromkeys(
            ("too_long", "repetition", "control_characters", "invalid_surrogate", "mixed_scripts"),
            Group.STRUCTURE,
        ),
        **dict.fromkeys(("json_invalid", "json_too_deep", "json_too_many_keys", "schema"), Group.STRUCTURE),
        **dict.fromkeys(("url", "date_time"), Group.OTHER),
    }
)
"""The group of each type that is not personal."""

_IN: Mapping[str, Act] = {Group.SECRETS: MASK, Group.PERSONAL: FLAG, Group.INJECTION: FLAG, Group.CODE: FLAG}
_ALIKE = ("person_name", "postal_address", "ip_address", "mac_address")
"""Types that things have in common with people: what a product is called, where a machine is reached."""
_OUT: Mapping[str, Act] = {Group.SECRETS: FLAG, Group.PERSONAL: FLAG}
DEFAULTS: Mapping[Inlet, Mapping[str, Act]] = MappingProxyType(
    {
        Inlet.INPUT: {**_IN, Group.STRUCTURE: BLOCK},
        Inlet.ANSWER: {**_IN, Group.STRUCTURE: BLOCK},
        Inlet.TOOL_ARGUMENTS: _IN,
        Inlet.TOOL_RESULT: _IN,
        Inlet.OUTPUT: _OUT,
        Inlet.ARTIFACT: _OUT,
        Inlet.LABEL: {Group.SECRETS: BLOCK, Group.PERSONAL: BLOCK, **dict.fromkeys(_ALIKE, ALLOW)},
        Inlet.IDEMPOTENCY_KEY: {Group.SECRETS: MASK, Group.PERSONAL: MASK},
        Inlet.UPLOAD: _IN,
        Inlet.QUESTION: {Group.SECRETS: MASK, Group.PERSONAL: FLAG},
        Inlet.EMITTED: {
            Group.SECRETS: MASK,
            Group.PERSONAL: MASK,
            **dict.fromkeys(_ALIKE, FLAG),
        },
        Inlet.NAME: {Group.SECRETS: MASK, Group.PERSONAL: MASK, **dict.fromkeys(_ALIKE, ALLOW)},
        Inlet.MODEL_PROMPT: {Group.SECRETS: MASK, Group.PERSONAL: MASK, Group.INJECTION: FLAG},
        Inlet.MODEL_ANSWER: {**_IN, Group.STRUCTURE: BLOCK},
    }
)
"""What is done by default: the act of each group, and of single types, at each inlet; otherwise nothing."""


def group_of(kind: str) -> Group:
    """The group of a type of findings."""
    return GROUPS.get(kind, Group.PERSONAL)


@dataclass(frozen=True)
class Limits:
    """What a text may be, all its strings together."""

    characters: int = 4_000_000
    depth: int = 100
    keys: int = 200_000


class Acts:
    """What is done at one inlet for one tenant. `layers` are tried in order, the type before its group.

    It `withholds` where anything is masked or blocked.
    """

    def __init__(self, layers: tuple[Mapping[str, Act], ...]) -> None:
        self._layers = layers
        self._known: dict[str, Act] = {}
        self.values = self._any(Group.SECRETS, Group.PERSONAL, Group.OTHER)
        self.attacks = self._any(Group.INJECTION, Group.CODE)
        self.structure = self._any(Group.STRUCTURE)
        self.withholds = any(act in {MASK, BLOCK} for layer in layers for act in layer.values())

    def of(self, kind: str) -> Act:
        """What is done about a type."""
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = self._find(kind, group_of(kind))
        return found

    def of_group(self, group: Group) -> Act:
        """What is done about the types of a group that are not named."""
        return self._find(group, group)

    def named(self) -> dict[str, Act]:
        """What is done about the types of values that are named one by one."""
        names = {name for layer in self._layers for name in layer if name not in NAMES}
        return {name: self.of(name) for name in names if group_of(name) in MASKABLE}

    @property
    def masks(self) -> bool:
        """Whether anything is masked here."""
        return any(act is MASK for layer in self._layers for act in layer.values())

    def _find(self, kind: str, group: Group) -> Act:
        for layer in self._layers:
            if (act := layer.get(kind) or layer.get(group)) is not None:
                return act
        return ALLOW

    def _any(self, *groups: Group) -> bool:
        named = {name for layer in self._layers for name, act in layer.items() if act is not ALLOW}
        return any(
            self.of_group(group) is not ALLOW
            or any(
                name not in NAMES and group_of(name) is group and self.of(name) is not ALLOW for name in named
            )
            for group in groups
        )


@dataclass(frozen=True)
class Table:
    """The table in force: defaults, what the file changes for all, and what it changes for single tenants."""

    changes: Mapping[Inlet, Mapping[str, Act]] = field(default_factory=dict)
    tenants: Mapping[str, Mapping[Inlet, Mapping[str, Act]]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    _made: dict[tuple[str, Inlet], Acts] = field(default_factory=dict, repr=False, compare=False)

    def of(self, tenant_id: str, inlet: Inlet) -> Acts:
        """What is done at an inlet for a tenant."""
        key = (tenant_id if tenant_id in self.tenants else "", inlet)
        found = self._made.get(key)
        if found is None:
            own = self.tenants.get(tenant_id, {}).get(inlet, {})
            found = self._made[key] = Acts((own, self.changes.get(inlet, {}), DEFAULTS[inlet]))
        return found

    def rows(self, tenant_id: str) -> Iterator[tuple[Inlet, dict[str, Act]]]:
        """The table as a tenant has it: of each inlet what is done about groups, and about named types."""
        for inlet in Inlet:
            acts = self.of(tenant_id, inlet)
            shown = {str(group): acts.of_group(group) for group in Group if group is not Group.OTHER}
            named = {**DEFAULTS[inlet], **self.changes.get(inlet, {})}
            named |= self.tenants.get(tenant_id, {}).get(inlet, {})
            yield inlet, shown | {name: acts.of(name) for name in named if name not in NAMES}


def read(path: Path | None, known: frozenset[str]) -> Table:
    """The table that a file makes of the defaults; `known` are all types. Raises `SettingsInvalid`."""
    if path is None:
        return Table()
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid(
            f"The table of guards {path} cannot be read: {error}", hint="Correct the setting `guards`."
        ) from error
    where = str(path)
    tenants = said.pop("tenants", {})
    bounds = said.pop("limits", {})
    for name, part in (("tenants", tenants), ("limits", bounds)):
        if not isinstance(part, dict):
            raise SettingsInvalid(f"{where}: {name} is no table.", hint=f"Write it as [{name}] with lines.")
    wrong = [name for name, value in bounds.items() if name not in _BOUNDS or not _is_bound(value)]
    if wrong:
        raise SettingsInvalid(
            f"{where}: [limits] has {', '.join(wrong)}.", hint=f"Take {', '.join(_BOUNDS)}, each from 1 on."
        )
    return Table(
        changes=_inlets(said, where, known),
        tenants={name: _inlets(part, f"{where} [tenants.{name}]", known) for name, part in tenants.items()},
        limits=Limits(**bounds),
    )


_BOUNDS = ("characters", "depth", "keys")


def _is_bound(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _inlets(said: Any, where: str, known: frozenset[str]) -> dict[Inlet, dict[str, Act]]:
    if not isinstance(said, dict):
        raise SettingsInvalid(f"{where} is no table.", hint="Write it as [input] with lines type = 'mask'.")
    found: dict[Inlet, dict[str, Act]] = {}
    for name, acts in said.items():
        if name not in INLETS or not isinstance(acts, dict):
            raise SettingsInvalid(f"{where}: {name!r} is no inlet.", hint=f"Take one of: {', '.join(Inlet)}.")
        found[Inlet(name)] = {kind: _act(kind, act, f"{where} [{name}]", known) for kind, act in acts.items()}
    return found


def _act(kind: str, act: Any, where: str, known: frozenset[str]) -> Act:
    if kind not in NAMES and kind not in known:
        raise SettingsInvalid(
            f"{where}: {kind!r} is no type and no group.",
            hint=f"Groups are {', '.join(Group)}; `pilothouse guards show --types` lists the types.",
        )
    if act not in ACTS:
        raise SettingsInvalid(f"{where}: {kind} = {act!r}.", hint=f"Take one of: {', '.join(Act)}.")
    group = Group(kind) if kind in NAMES else group_of(kind)
    if act == MASK and group not in MASKABLE:
        raise SettingsInvalid(f"{where}: {kind} cannot be masked.", hint="Take flag or block.")
    return Act(act)
