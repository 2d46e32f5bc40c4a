"""Measures the support desk: turns of conversations, retrieval, intents, out-of-scope, the shop's rules.

Run with `./dev bench support --data ../shared/data [--only turns|retrieval|banking|scope|retail]
[--networks 3]`; turns need no data, and the rules are those of `./dev bench retail`, replayed as there.
Retrieval: the query is a task's whole description of what the customer wants, as written; it should find the
documents that the task requires. Banking77: a tenth of the training file, chosen by seed, is held out.
CLINC150: trained on its training part with its out-of-scope examples, the threshold from held-out folds of
these, judged on the validation part. Peers need `pip install bm25s scikit-learn`; without, they are left out.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, quantiles
from time import perf_counter

import numpy as np

from pilothouse.apps.support.classifying import OUTSIDE, Classifier, Example, shop_topics, train
from pilothouse.apps.support.knowledge import KnowledgeBase
from pilothouse.apps.support.shop.memory import MemoryShop
from pilothouse.apps.support.shop.tau2 import read_shop
from report import Measure, report
from retail import measures as retail_measures
from retail import run as replay_all
from retail_desk import policies
from retail_tasks import read_tasks
from support_turns import turns

HELD_OUT = 10  # one message of so many
SEED = 7
TOP = 10
Found = Callable[[str], list[str]]


def _least(name: str, value: float, unit: str, target: float, peer: tuple[str, float] | None) -> Measure:
    """A measure that must reach its target."""
    label, other = peer or (None, None)
    ratio = value / other if other else None
    return Measure(name, value, unit, target, label, other, ratio, value >= target)


def _most(name: str, value: float, unit: str, target: float) -> Measure:
    """A measure that must not exceed its target."""
    return Measure(name, value, unit, target, met=value <= target)


def _bm25s(documents: Sequence[tuple[str, str]]) -> Found | None:
    """BM25 as bm25s has it: Lucene's variant, English stop words, Snowball stems."""
    try:
        import bm25s
        import Stemmer
    except ImportError:
        return None
    stemmer = Stemmer.Stemmer("english")
    tokens = bm25s.tokenize(
        [text for _, text in documents], stopwords="en", stemmer=stemmer, show_progress=False
    )
    index = bm25s.BM25()
    index.index(tokens, show_progress=False)

    def find(query: str) -> list[str]:
        asked = bm25s.tokenize([query], stopwords="en", stemmer=stemmer, show_progress=False)
        places, _ = index.retrieve(asked, k=TOP, show_progress=False)
        return [documents[place][0] for place in places[0]]

    return find


def _judge(tasks: Sequence[tuple[str, set[str]]], find: Found) -> tuple[float, float, list[float]]:
    """Mean recall, share of tasks with a hit, and milliseconds of each query."""
    recalls, hits, taken = [], [], []
    for query, required in tasks:
        started = perf_counter()
        found = find(query)
        taken.append((perf_counter() - started) * 1000)
        good = len(required & set(found[:TOP]))
        recalls.append(good / len(required))
        hits.append(good > 0)
    return fmean(recalls), fmean(hits), taken


def retrieval(folder: Path) -> list[Measure]:
    """Recall, hits and time on the knowledge base of tau2's banking domain."""
    tasks = [
        (task["user_scenario"]["instructions"], set(task["required_documents"]))
        for task in json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    ]
    started = perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        base = KnowledgeBase(folder / "documents", Path(scratch) / "index")
    opened = perf_counter() - started
    recall, hit, taken = _judge(tasks, lambda query: [one.document for one in base.search(query, TOP)])
    read = (json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "documents").iterdir()))
    peer = _bm25s([(one["id"], f"{one['title']}\n{one['content']}") for one in read])
    other = _judge(tasks, peer) if peer else None
    return [
        _least("retrieval: recall@10", recall, "share", 0.40, ("bm25s", other[0]) if other else None),
        _least("retrieval: hit@10", hit, "share", 0.95, ("bm25s", other[1]) if other else None),
        _most("retrieval: query, p95", quantiles(taken, n=20)[-1], "ms", 20),
        Measure("retrieval: read and index all documents", opened, "s"),
    ]


def _plain(known: Sequence[Example], asked: Sequence[str]) -> list[str] | None:
    """TF-IDF of words and pairs with logistic regression, as scikit-learn has them."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
    except ImportError:
        return None
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10, max_iter=200))
    model.fit([one.message for one in known], [one.topic for one in known])
    return [str(topic) for topic in model.predict(list(asked))]


def _right(found: Sequence[str], messages: Sequence[Example]) -> float:
    return fmean(topic == one.topic for topic, one in zip(found, messages, strict=True))


def _chosen(classifier: Classifier, messages: Sequence[Example]) -> tuple[list[str], list[bool], list[float]]:
    """The topic of each message, whether it was accepted, and the milliseconds it took."""
    topics, accepted, taken = [], [], []
    for one in messages:
        started = perf_counter()
        verdict = classifier.classify(one.message)
        taken.append((perf_counter() - started) * 1000)
        topics.append(verdict.topic)
        accepted.append(verdict.in_scope)
    return topics, accepted, taken


def banking(path: Path, networks: int) -> list[Measure]:
    """Accuracy on a held-out tenth of Banking77's training file."""
    with path.open(encoding="utf-8", newline="") as file:
        examples = [Example(row["text"], row["category"]) for row in csv.DictReader(file)]
    order = np.random.default_rng(SEED).permutation(len(examples))
    held = [examples[place] for place in order[: len(order) // HELD_OUT]]
    known = [examples[place] for place in order[len(order) // HELD_OUT :]]
    started = perf_counter()
    classifier = train(known, networks=networks, folds=2)
    trained = perf_counter() - started
    topics, _, taken = _chosen(classifier, held)
    plain = _plain(known, [one.message for one in held])
    peer = ("TF-IDF + logistic regression", _right(plain, held)) if plain else None
    return [
        _least("banking77: accuracy", _right(topics, held), "share", 0.925, peer),
        Measure("banking77: a message, p95", quantiles(taken, n=20)[-1], "ms"),
        Measure("banking77: training with calibration", trained, "s"),
    ]


def scope(path: Path) -> list[Measure]:
    """What CLINC150's validation part shows of the threshold that the training part chose."""
    data = json.loads(path.read_text(encoding="utf-8"))
    known = [Example(message, topic) for message, topic in data["train"]]
    known += [Example(message, OUTSIDE) for message, _ in data["oos_train"]]
    classifier = train(known)
    inside = [Example(message, topic) for message, topic in data["val"]]
    topics, accepted, taken = _chosen(classifier, inside)
    right = [topic == one.topic for topic, one, took in zip(topics, inside, accepted, strict=True) if took]
    _, leaked, _ = _chosen(classifier, [Example(message, OUTSIDE) for message, _ in data["oos_val"]])
    plain = _plain(known[: len(data["train"])], [one.message for one in inside])
    peer = ("TF-IDF + logistic regression", _right(plain, inside)) if plain else None
    return [
        _least("clinc150: accuracy before the threshold", _right(topics, inside), "share", 0.0, peer),
        _least("clinc150: in scope, automated", fmean(accepted), "share", 0.80, None),
        _least("clinc150: precision of these", fmean(right), "share", 0.97, None),
        _most("clinc150: out of scope, accepted", fmean(leaked), "share", 0.10),
        Measure("clinc150: a message, p95", quantiles(taken, n=20)[-1], "ms"),
    ]


def shipped() -> list[Measure]:
    """What the classifier that ships costs."""
    started = perf_counter()
    classifier = shop_topics()
    loaded = perf_counter() - started
    _, _, taken = _chosen(
        classifier, [Example("where is the parcel that I ordered last week", OUTSIDE)] * 200
    )
    return [
        Measure("shop topics: load", loaded * 1000, "ms"),
        Measure("shop topics: a message, p95", quantiles(taken, n=20)[-1], "ms"),
    ]


def rules(folder: Path) -> list[Measure]:
    """What the shop's policies make of tau2's retail tasks, and of violations derived from them."""
    shop = MemoryShop(read_shop((folder / "db.json").read_bytes()))
    tally = replay_all(read_tasks((folder / "tasks.json").read_bytes()), shop, policies())
    found = retail_measures(tally)
    return [replace(one, measure=f"tau2 retail: {one.measure}") for one in found]


def main() -> int:
    """Runs the benchmark; what has no data is said, and left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", choices=("turns", "retrieval", "banking", "scope", "retail"))
    parser.add_argument("--networks", type=int, default=3)
    options = parser.parse_args()
    folder: Path = options.data
    banked, meant = folder / "intents" / "banking77_train.csv", folder / "intents" / "clinc150_open.json"
    parts: dict[str, tuple[Path | None, Callable[[], list[Measure]]]] = {
        "turns": (None, turns),
        "retrieval": (folder / "tau2_banking_kb", lambda: retrieval(folder / "tau2_banking_kb")),
        "banking": (banked, lambda: banking(banked, options.networks)),
        "scope": (meant, lambda: scope(meant)),
        "retail": (folder / "tau2_retail", lambda: rules(folder / "tau2_retail")),
    }
    measures = shipped()
    for name, (needed, part) in parts.items():
        if options.only not in (None, name):
            continue
        if needed is not None and not needed.exists():
            print(f"support: no data for {name} ({needed} does not exist)")
            continue
        measures += part()
    report("support" if options.only is None else f"support-{options.only}", measures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
