"""A set of policies as files: Cedar beside its tests, with one digest over all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path

import cedarpy

from pilothouse.kit import canonical
from pilothouse.policies.actions.rules import Rule, insist_on_ids, parse
from pilothouse.policies.actions.schema import Vocabulary
from pilothouse.policies.errors import PolicyInvalid

POLICIES, TESTS = (".cedar",), (".tests.yaml", ".tests.yml", ".tests.json")
"""How the names of files with policies and of those with their tests end."""
LARGEST = 1_000_000
"""Characters of all files together."""
MOST_POLICIES = 2_000
"""Policies in one set."""


@dataclass(frozen=True)
class Bundle:
    """The files of a set of policies by name: `*.cedar`, and `*.tests.yaml` or `*.tests.json`."""

    files: Mapping[str, str] = field(repr=False)

    def __post_init__(self) -> None:
        """Raises `PolicyInvalid` for files that are neither, and for too many characters."""
        strange = [name for name in self.files if not name.endswith((*POLICIES, *TESTS))]
        if strange:
            raise PolicyInvalid(
                found=[f"{min(strange)} holds neither policies (.cedar) nor tests (.tests.yaml, .tests.json)"]
            )
        if sum(map(len, self.files.values())) > LARGEST:
            raise PolicyInvalid(found=[f"the files have more than {LARGEST:,} characters"])

    @property
    def content(self) -> str:
        """All files as one text: canonical JSON."""
        return canonical.to_json(dict(self.files)).decode()

    @property
    def sha256(self) -> str:
        """The digest of `content`, in hexadecimal: the same files have the same one."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def tests(self) -> dict[str, str]:
        """The files with tests."""
        return {name: text for name, text in sorted(self.files.items()) if name.endswith(TESTS)}

    def rules(self) -> tuple[Rule, ...]:
        """The policies of all files, by name of file; raises `PolicyInvalid` that says all that is wrong."""
        rules: list[Rule] = []
        wrong: list[str] = []
        for name, text in sorted(self.files.items()):
            if not name.endswith(POLICIES):
                continue
            try:
                rules += parse(text, name)
            except PolicyInvalid as error:
                wrong += error.found
        if wrong:
            raise PolicyInvalid(found=wrong)
        if len(rules) > MOST_POLICIES:
            raise PolicyInvalid(
                found=[f"there are {len(rules):,} policies, at most {MOST_POLICIES:,} are taken"]
            )
        insist_on_ids(rules)
        return tuple(rules)

    def check(self, vocabulary: Vocabulary) -> tuple[Rule, ...]:
        """The policies, if all of them are valid and fit the schema; raises `PolicyInvalid`."""
        rules = self.rules()
        wrong: list[str] = []
        for name, text in sorted(self.files.items()):
            if not name.endswith(POLICIES):
                continue
            checked = cedarpy.validate_policies(text, vocabulary.schema)
            ids = checked.id_annotations_by_policy_id
            wrong += [
                f"{name}, {ids.get(one.policy_id, one.policy_id)}: {one.error}" for one in checked.errors
            ]
        if wrong:
            raise PolicyInvalid(found=wrong)
        return rules


def read_content(content: str) -> Bundle:
    """The files in what `Bundle.content` has written."""
    return Bundle(canonical.from_json(content))


def read_folder(folder: Path | Traversable) -> Bundle:
    """The files with policies and tests in a folder, not below it; others are passed over.

    Raises `PolicyInvalid` where there is no policy.
    """
    files: dict[str, str] = {}
    if folder.is_dir():
        for item in folder.iterdir():
            if item.is_file() and item.name.endswith((*POLICIES, *TESTS)):
                try:
                    files[item.name] = item.read_text("utf-8")
                except UnicodeDecodeError:
                    raise PolicyInvalid(found=[f"{item.name} is no UTF-8 text"]) from None
    if not any(name.endswith(POLICIES) for name in files):
        raise PolicyInvalid(
            f"There is no .cedar file in {folder}.", hint="Name the folder with your policies."
        )
    return Bundle(dict(sorted(files.items())))
