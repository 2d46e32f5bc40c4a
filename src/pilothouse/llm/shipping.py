"""What models bring to policies: the tool by which they are asked, and the policy that permits it."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from pilothouse.llm.call import MODEL_TOOL
from pilothouse.runtime.ports import Actor

MODELS: tuple[str, tuple[Actor[Any, Any], ...], Traversable] = (
    "models",
    (MODEL_TOOL,),
    files("pilothouse.llm") / "policies",
)
"""The name of the set, its tools, and the folder with its policies."""
