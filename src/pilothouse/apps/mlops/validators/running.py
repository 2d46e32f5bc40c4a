"""Runs all validators: the tools in processes of their own, everything else meanwhile in this one."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.apps.mlops.validators.dockerfile import check_dockerfiles
from pilothouse.apps.mlops.validators.documents import check_json, check_yaml, read_documents
from pilothouse.apps.mlops.validators.lint import result_of_ruff, start_ruff
from pilothouse.apps.mlops.validators.mermaid import check_mermaid
from pilothouse.apps.mlops.validators.model import Validation, ValidatorResult
from pilothouse.apps.mlops.validators.own_tests import result_of_tests, start_tests
from pilothouse.apps.mlops.validators.process import running, written
from pilothouse.apps.mlops.validators.secret_scan import check_secrets
from pilothouse.apps.mlops.validators.structure import check_compose, check_workflows


def validate(files: Mapping[str, bytes]) -> Validation:
    """Check a generated repository: paths relative to its root, and their content.

    Raises ValueError on a path that leads out of the repository. What is wrong with the files themselves is
    in the result; `require_passed` makes a failure of it. Takes as long as the repository's own tests, at
    most `process.DEADLINE`.
    """
    with written(files) as (folder, home):
        tests = start_tests(folder, home)
        lint = start_ruff(files, folder, home)
        with running(tests, *lint):
            terraform, rest = _in_process(files)
            tools = (result_of_ruff(lint, files), result_of_tests(tests, files, folder, home))
    return Validation(results=(*terraform, *tools, *rest))


def _in_process(
    files: Mapping[str, bytes],
) -> tuple[tuple[ValidatorResult, ...], tuple[ValidatorResult, ...]]:
    """The Terraform results, which come before those of the tools, and all others."""
    from pilothouse.apps.mlops.validators.terraform import check_references, check_syntax, parse_files

    modules = parse_files(files)
    documents = read_documents(files)
    return (check_syntax(modules), check_references(modules)), (
        check_workflows(documents),
        check_compose(documents),
        check_dockerfiles(files),
        check_yaml(documents),
        check_json(files),
        check_secrets(files),
        check_mermaid(files),
    )
