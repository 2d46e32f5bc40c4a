"""A site that has a provider of models, which plays a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.provider.process import serving
from support.site import Site, site

SETTINGS = """
[providers.one]
kind = "compatible"
url = "{url}/v1"
keyless = true

[models]
default = ["one:m", "one:n"]
cheap = ["one:unpriced"]

[model_prices."one:m"]
input = "1"
output = "2"

[model_prices."one:n"]
input = "3"
output = "6"
"""


@contextmanager
def modelled(folder: Path, script: str = "answers") -> Iterator[Site]:
    """A site that knows a provider, which plays the named script."""
    with serving(script) as url:
        (folder / "pilothouse.toml").write_text(SETTINGS.format(url=url))
        with site(folder) as started:
            yield started


def answered(here: Site, text: str, **more: object) -> Mapping[str, Any]:
    """What the gateway answers to a text."""
    body = {"model": "default", "messages": [{"role": "user", "content": text}], **more}
    answer: Mapping[str, Any] = here.post("/v1/chat/completions", body)
    return answer
