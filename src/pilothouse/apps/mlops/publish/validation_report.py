"""What the validators found, as Markdown and JSON for the repository's docs/ folder."""

from __future__ import annotations

from pilothouse.apps.mlops.publish import markdown
from pilothouse.apps.mlops.validators.model import Validation

MARKDOWN, JSON = "docs/validation.md", "docs/validation.json"


def validation_files(validation: Validation) -> dict[str, bytes]:
    """The report's two files by path."""
    return {
        MARKDOWN: validation_markdown(validation).encode(),
        JSON: (validation.model_dump_json(indent=2) + "\n").encode(),
    }


def validation_markdown(validation: Validation) -> str:
    """One row per validator, then every finding with its place."""
    passed = sum(result.passed for result in validation.results)
    rows = [
        (
            result.name,
            "passed" if result.passed else "failed",
            str(len(result.findings)),
            "; ".join(result.notes),
        )
        for result in validation.results
    ]
    parts = [
        "# Validation",
        f"{passed} of {len(rows)} validators passed on the files of this repository as they were generated.",
        markdown.table(("Validator", "Result", "Findings", "What was looked at"), rows),
    ]
    found = [
        (result.name, item.severity.value, item.place, item.rule, item.message)
        for result in validation.results
        for item in result.findings
    ]
    if found:
        parts += ["## Findings", markdown.table(("Validator", "Severity", "Place", "Rule", "Message"), found)]
    return "\n\n".join(parts) + "\n"
