"""Runs the generated repository's own tests in a process of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from pilothouse.apps.mlops.validators.model import Finding, ValidatorResult, counted
from pilothouse.apps.mlops.validators.process import DEADLINE, Tool, python, without_folder

_PLACE = re.compile(r"^(?P<path>[^\s:]+\.py):(?P<line>\d+)\b", re.MULTILINE)
_REPORT = "tests.xml"


def start_tests(folder: Path, home: Path, deadline: float = DEADLINE) -> Tool:
    """Start pytest; the report it writes lies outside of the repository."""
    report = home / _REPORT
    command = python(
        "-m",
        "pytest",
        "-q",
        "--tb=short",
        "--disable-warnings",
        "-p",
        "no:cacheprovider",
        "-o",
        "junit_family=xunit1",
        f"--rootdir={folder}",
        f"--basetemp={home / 'pytest'}",
        f"--junitxml={report}",
    )
    return Tool(command, folder, home, deadline)


def result_of_tests(tool: Tool, files: Mapping[str, bytes], folder: Path, home: Path) -> ValidatorResult:
    """Wait for the tests: failed when one fails, when none ran, and when pytest did not come to its end."""
    outcome = tool.finish()
    report = home / _REPORT
    where = next((path for path in sorted(files) if Path(path).name.startswith("test_")), "tests")
    if outcome.code is None:
        message = "The tests were still running at their deadline and were ended."
        return ValidatorResult.of("tests", [Finding(path=where, line=1, rule="deadline", message=message)])
    if outcome.code not in {0, 1, 2} or not report.exists():
        told = "No tests were found." if outcome.code == 5 else _last(outcome.errors or outcome.output)
        return ValidatorResult.of("tests", [Finding(path=where, line=1, rule="pytest", message=told)])
    cases = list(ET.fromstring(report.read_text()).iter("testcase"))  # noqa: S314 - pytest's own report
    failures = [found for case in cases if (found := _failure(case, files, folder)) is not None]
    if outcome.code and not failures:
        failures = [Finding(path=where, line=1, rule="pytest", message=_last(outcome.output))]
    skipped = sum(case.find("skipped") is not None for case in cases)
    note = f"{counted(len(cases) - skipped - len(failures), 'test')} passed"
    if failures:
        note += f", {len(failures)} failed"
    return ValidatorResult.of("tests", failures, f"{note}, {skipped} skipped" if skipped else note)


def _failure(case: ET.Element, files: Mapping[str, bytes], folder: Path) -> Finding | None:
    """Where and why a test failed: the last line of the repository in its trace."""
    told = case.find("failure")
    told = told if told is not None else case.find("error")
    if told is None:
        return None
    text = without_folder(told.text or "", folder)
    places = [found for found in _PLACE.finditer(text) if found["path"] in files]
    tests = [found for found in places if Path(found["path"]).name.startswith("test_")] or places
    path = tests[-1]["path"] if tests else case.get("file") or "tests"
    line = int(tests[-1]["line"]) if tests else int(case.get("line") or 0) + 1
    reason = [line[1:].strip() for line in text.splitlines() if re.match(r"E\s", line)]
    message = reason[0] if reason else without_folder(told.get("message") or "It failed.", folder)
    name = case.get("name") or path
    return Finding(
        path=path, line=line, rule="test-failed", message=f"{name}: {' '.join(message.split())[:300]}"
    )


def _last(text: str) -> str:
    """The last lines of an output, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "pytest did not run to its end: " + (" | ".join(lines[-4:])[:400] or "it wrote nothing.")
