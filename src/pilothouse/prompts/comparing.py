"""What differs between two versions of a prompt, as unified diffs of the head and of the body."""

from __future__ import annotations

import difflib

import yaml

from pilothouse.prompts.schemas import Differences, PromptHead, PromptVersion


def compared(before: PromptVersion, after: PromptVersion) -> Differences:
    """What has to be changed in `before` to make it `after`."""
    return Differences(
        before=before.id,
        after=after.id,
        head=_diff(written(before), written(after), before.id, after.id),
        body=_diff(before.body, after.body, before.id, after.id),
    )


def written(version: PromptVersion) -> str:
    """The head of a version as YAML in one spelling: what is not said, and comments, are left out."""
    said = version.model_dump(mode="json", exclude_defaults=True, include=set(PromptHead.model_fields))
    return str(yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=100)) if said else ""


def _diff(before: str, after: str, before_id: str, after_id: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), before_id, after_id, lineterm="")
    return "\n".join(lines)
