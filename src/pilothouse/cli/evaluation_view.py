"""How evaluations are shown: progress, standings, differences, and the cases that fail."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from enum import StrEnum
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from pilothouse.cli import tables
from pilothouse.evaluations.comparing import in_words
from pilothouse.evaluations.results import Results
from pilothouse.evaluations.schemas import OVER, Case, Difference, Share, Sheet, Standing, Trial

WIDTH = 20
"""Characters of a bar."""
LONGEST = 160
"""Characters of an answer that is shown."""


class Form(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


class Progress:
    """How far it is, on standard error: a bar in a terminal, else a line at each tenth."""

    def __init__(self, total: int) -> None:
        """There are `total` trials."""
        self._total, self._done, self._failed = total, 0, 0
        self._stack = ExitStack()
        self._step: Callable[[], None] = self._line

    def __enter__(self) -> Self:
        """Begin."""
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar

            bar = self._stack.enter_context(Bar(console=Console(stderr=True), transient=True))
            task = bar.add_task("asking", total=self._total)
            self._step = lambda: bar.advance(task)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, however it went."""
        self._stack.close()

    def told(self, trial: Trial) -> None:
        """One more is there."""
        self._done += 1
        self._failed += bool(trial.reply.failure)
        self._step()

    def _line(self) -> None:
        tenth = max(1, self._total // 10)
        if self._done % tenth == 0 or self._done == self._total:
            note(f"{self._done:,} of {self._total:,} asked, {self._failed:,} without a usable answer")


def note(text: str) -> None:
    """Say something beside the results."""
    sys.stderr.write(f"{text}\n")


def complain(wrong: Sequence[str]) -> None:
    """Say why it is not fine."""
    for text in wrong:
        note(f"not fine: {text}")


def told(
    form: Form,
    cases: Sequence[Case],
    sheets: Sequence[Sheet],
    standings: Sequence[Standing],
    differences: Sequence[Difference],
    show: int,
) -> None:
    """Print what came of an evaluation."""
    if form is Form.JSON:
        tables.document(
            {
                "standings": [one.model_dump(mode="json") for one in standings],
                "differences": [one.model_dump(mode="json") for one in differences],
                "failing": [failing for sheet in sheets for failing in _failing_json(sheet)],
            }
        )
        return
    if form is Form.CSV:
        _csv(sheets)
        return
    standings_table(standings)
    for one in differences:
        sys.stdout.write(f"{in_words(one)}\n")
    expected = {case.id: case.expected for case in cases if "expected" in case.model_fields_set}
    for sheet in sheets:
        _failing(sheet, expected, show)


def standings_table(standings: Sequence[Standing]) -> None:
    """Print how versions did."""
    headings = ["version", "model", "passed", "95 % interval", "agreement", "kappa", "no answer"]
    checks = sorted({name for one in standings for name in one.checks})
    rows = [
        (
            one.version,
            one.model,
            f"{one.passed.value:.1%} of {one.cases:,}" + (f" x {one.repeats}" if one.repeats > 1 else ""),
            f"{bar(one.passed)} {one.passed.low:.0%}-{one.passed.high:.0%}",
            _share(one.agreement),
            "-" if one.kappa is None else f"{one.kappa:.2f}",
            f"{one.failures:,}",
            f"{one.tokens:,}",
            f"${one.cost.normalize():f}" if one.cost else "$0",
            f"{one.latency_p50_ms:,.0f} / {one.latency_p95_ms:,.0f}",
            *(f"{one.checks[name]:.2f}" if name in one.checks else "-" for name in checks),
        )
        for one in standings
    ]
    tables.listed([*headings, "tokens", "cost", "p50 / p95 ms", *checks], rows, "Nothing was evaluated.")
    for one in standings:
        for name, agreed in one.judges.items():
            told = (
                "was asked about no answer twice" if agreed is None else f"agrees with itself in {agreed:.0%}"
            )
            cost = f"${one.judging.normalize():f}" if one.judging else "$0"
            sys.stdout.write(f"{name} on {one.version} with {one.model}: {told}; judging cost {cost}.\n")


def bar(share: Share) -> str:
    """A share as a bar: full up to the lower end of its interval, half up to the upper one."""
    low, high = round(share.low * WIDTH), round(share.high * WIDTH)
    return "█" * low + "▒" * (high - low) + "·" * (WIDTH - high)


def compared(form: Form, before: Results, after: Results, found: Sequence[Difference]) -> None:
    """Print how two results differ."""
    if form is Form.JSON:
        tables.document({"differences": [one.model_dump(mode="json") for one in found]})
        return
    same = sum(before.cases.get(case) == digest for case, digest in after.cases.items())
    if same != len(after.cases) or same != len(before.cases):
        sys.stdout.write(f"{same:,} cases are the same in both; the others are passed over.\n")
    for name, results in (("before", before), ("after", after)):
        if not results.complete:
            sys.stdout.write(f"The evaluation {name} was interrupted: what was there by then is compared.\n")
    for one in found:
        sys.stdout.write(f"{in_words(one)}\n")


def short(value: JsonValue) -> str:
    """A value in one line, cut off where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def why_failed(trial: Trial) -> str:
    """Why a trial is not passed."""
    if trial.reply.failure:
        return short(trial.reply.failure)
    marks = [mark for mark in trial.marks if mark.value < 0.5]
    return "; ".join(f"{mark.check}: {short(mark.why) or f'{mark.value:g}'}" for mark in marks)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _failures(sheet: Sheet) -> Mapping[str, list[Trial]]:
    """The trials of each case that did not always pass; those that were not asked are none."""
    by_case = dict[str, list[Trial]]()
    for trial in sheet.trials:
        if trial.reply.failure != OVER:
            by_case.setdefault(trial.case, []).append(trial)
    return {case: trials for case, trials in by_case.items() if not all(one.passed for one in trials)}


def _failing(sheet: Sheet, expected: Mapping[str, JsonValue], show: int) -> None:
    failures = _failures(sheet)
    if not failures or not show:
        return
    sys.stdout.write(f"\n{sheet.name} fails {len(failures):,} cases:\n")
    for case, trials in list(failures.items())[:show]:
        first = next(one for one in trials if not one.passed)
        often = f" ({sum(one.passed for one in trials)} of {len(trials)} passed)" if len(trials) > 1 else ""
        sys.stdout.write(f"  {case}{often}: {why_failed(first)}\n")
        if not first.reply.failure:
            wanted = f"; expected {short(expected[case])}" if case in expected else ""
            sys.stdout.write(f"    answered {short(first.reply.output)}{wanted}\n")
    if len(failures) > show:
        sys.stdout.write(f"  and {len(failures) - show:,} more; --show tells how many are listed\n")


def _failing_json(sheet: Sheet) -> list[dict[str, JsonValue]]:
    return [
        {
            "version": sheet.version,
            "model": sheet.model,
            "case": case,
            "passed": sum(one.passed for one in trials),
            "of": len(trials),
            "why": next(why_failed(one) for one in trials if not one.passed),
        }
        for case, trials in _failures(sheet).items()
    ]


def _csv(sheets: Sequence[Sheet]) -> None:
    checks = sorted({mark.check for sheet in sheets for trial in sheet.trials for mark in trial.marks})
    out = csv.writer(sys.stdout)
    head = [
        "version",
        "model",
        "case",
        "repeat",
        "passed",
        "failure",
        "output",
        "tokens",
        "cost",
        "latency_ms",
    ]
    out.writerow([*head, *checks])
    for sheet in sheets:
        for trial in sheet.trials:
            reply, marks = trial.reply, {mark.check: mark.value for mark in trial.marks}
            told = [sheet.version, sheet.model, trial.case, trial.repeat, int(trial.passed), reply.failure]
            told += [json.dumps(reply.output, ensure_ascii=False), reply.tokens, f"{reply.cost:f}"]
            told += [f"{reply.latency_ms:.1f}", *(marks.get(name, "") for name in checks)]
            out.writerow([_plain(cell) for cell in told])


def _plain(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
