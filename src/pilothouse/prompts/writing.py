"""Writes a version as the file that it can be read from again."""

from __future__ import annotations

import yaml

from pilothouse.prompts.errors import PromptInvalid
from pilothouse.prompts.files import FENCE, Source, read
from pilothouse.prompts.schemas import PromptHead, PromptVersion


def written(version: PromptVersion) -> str:
    """The text of a file that holds this version, its tests included.

    Raises `PromptInvalid` where the version is not valid, or no file can hold it.
    """
    head = PromptHead(**{field: getattr(version, field) for field in PromptHead.model_fields})
    said = head.model_dump(mode="json", exclude_defaults=True)
    top = (
        f"{FENCE}\n{yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120)}{FENCE}\n"
        if said
        else ""
    )
    text = f"{top}{version.body}\n"
    if read(version.name, Source(text)).digest != version.digest:
        raise PromptInvalid(found=["what is written is not read again as it was"])
    return text
