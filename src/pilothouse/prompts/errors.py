"""What can be wrong with prompts and with what they are given."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from pilothouse.errors import Category, Faulty, PilothouseError, Severity


class PromptMissing(PilothouseError):
    """There is no such prompt here."""

    code = "prompt_missing"
    status = 404
    category = Category.USER
    severity = Severity.INFO


class PromptInvalid(Faulty):
    """The prompt is not valid."""

    code = "prompt_invalid"


class PromptTestsFailed(PromptInvalid):
    """Tests of the prompt fail."""

    code = "prompt_tests_failed"
    status = 409


class LabelMoved(PilothouseError):
    """The label was moved since it was read."""

    code = "label_moved"
    status = 412
    category = Category.USER
    severity = Severity.INFO


class VariablesInvalid(PilothouseError):
    """The variables do not fit the prompt."""

    code = "variables_invalid"
    status = 400
    category = Category.USER
    severity = Severity.INFO


class VariableMissing(VariablesInvalid):
    """The prompt needs a variable that was not given."""

    code = "variable_missing"


class VariableUnknown(VariablesInvalid):
    """The prompt knows no such variable."""

    code = "variable_unknown"


class VariableWrong(VariablesInvalid):
    """A variable has another type than the prompt says."""

    code = "variable_wrong"


class RenderFailed(VariablesInvalid):
    """The prompt cannot be rendered with these variables."""

    code = "render_failed"


class RenderTooLarge(RenderFailed):
    """Rendering the prompt takes more than a prompt may."""

    code = "render_too_large"


def meant(name: str, known: Sequence[str]) -> str:
    """A hint that names what was probably meant, else all that there is."""
    close = get_close_matches(name, known, 1)
    if close:
        return f"Did you mean {close[0]}?"
    return f"There are: {', '.join(sorted(known))}." if known else "There are none."
