import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pilothouse.apps.support.classifying import OUTSIDE, Classifier, Example, UnusableClassifier, train

OBJECTS = ["lamp", "kettle", "jacket", "phone", "table", "blender", "camera", "shoes", "bag", "toy"]
WAYS = {
    "late": ["the {} has not arrived", "still waiting for my {}", "where does my {} stay"],
    "broken": ["the {} is broken", "my {} does not work", "{} arrived with a crack"],
    "price": ["how much is the {}", "what does the {} cost", "price of a {} please"],
}
ELSEWHERE = ["sing a song about a {}", "how do I draw a {}", "translate {} into Greek", "history of the {}"]


def made(seed: int, count: int = 90) -> list[Example]:
    chance = random.Random(seed)
    inside = [(topic, chance.choice(ways)) for topic, ways in WAYS.items() for _ in range(count // 3)]
    outside = [(OUTSIDE, chance.choice(ELSEWHERE)) for _ in range(count // 3)]
    return [Example(way.format(chance.choice(OBJECTS)), topic) for topic, way in inside + outside]


@pytest.fixture(scope="module")
def trained() -> Classifier:
    return train(made(1))


def test_new_messages_get_their_topic(trained: Classifier) -> None:
    fresh = [one for one in made(2) if one.topic]
    assert np.mean([trained.classify(one.message).topic == one.topic for one in fresh]) >= 0.97


def test_messages_about_something_else_are_out_of_scope(trained: Classifier) -> None:
    outside = ["sing us a song", "weather on mars", "sing a song about a dragon"]
    assert [trained.classify(message).in_scope for message in outside] == [False] * 3
    assert trained.classify("my camera is broken").in_scope


@pytest.mark.parametrize("message", ["", "   ", "\N{SNOWMAN}"])
def test_a_message_without_a_known_word_is_out_of_scope(trained: Classifier, message: str) -> None:
    anything = trained.adjusted(1.0, 0.0)
    assert anything.classify("lamp").in_scope
    assert not anything.classify(message).in_scope


def test_probabilities_add_up_and_are_calibrated(trained: Classifier) -> None:
    fresh = made(4)
    shares = trained.shares([one.message for one in fresh])
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(fresh)), abs=1e-4)
    topics = [*trained.topics, OUTSIDE]
    right = np.array(
        [topics[place] == one.topic for place, one in zip(shares.argmax(axis=1), fresh, strict=True)]
    )
    assert abs(shares.max(axis=1).mean() - right.mean()) < 0.1


def test_others_follow_the_best_in_order(trained: Classifier) -> None:
    verdict = trained.classify("what does the lamp cost")
    shares = [verdict.confidence, *(share for _, share in verdict.others)]
    assert shares == sorted(shares, reverse=True)
    assert len({verdict.topic, *(topic for topic, _ in verdict.others)}) == 3


def test_the_same_examples_train_the_same(trained: Classifier) -> None:
    again = train(made(1))
    assert np.array_equal(again.weights, trained.weights)
    assert (again.threshold, again.temperature) == (trained.threshold, trained.temperature)


@pytest.mark.parametrize("networks", [0, 1])
def test_what_is_saved_reads_back_with_the_same_verdicts(tmp_path: Path, networks: int) -> None:
    classifier = train(made(5, 48), networks=networks)
    classifier.save(tmp_path / "c.npz")
    back = Classifier.load(tmp_path / "c.npz")
    messages = [one.message for one in made(6, 30)]
    assert back.shares(messages) == pytest.approx(classifier.shares(messages), abs=0.02)
    assert (back.topics, back.threshold) == (classifier.topics, classifier.threshold)
    assert list(tmp_path.iterdir()) == [tmp_path / "c.npz"]


def test_networks_have_a_say_and_need_only_what_several_messages_share() -> None:
    plain, joined = train(made(5, 48)), train(made(5, 48), networks=2)
    fresh = [one for one in made(6) if one.topic]
    assert np.mean([joined.classify(one.message).topic == one.topic for one in fresh]) >= 0.97
    assert len(joined.networks) == 2
    assert set(joined.vocabulary.names) < set(plain.vocabulary.names)
    rows = joined.vocabulary.rows([one.message for one in fresh])
    alone, first = (replace(joined, networks=some).raw(rows) for some in ((), joined.networks[:1]))
    assert abs(alone - first).max() > 0.02
    assert abs(first - joined.raw(rows)).max() > 0.002


def test_a_file_with_networks_lacking_is_refused(tmp_path: Path) -> None:
    train(made(5, 48), networks=1).save(tmp_path / "c.npz")
    with np.load(tmp_path / "c.npz") as arrays:
        kept = {name: arrays[name] for name in arrays.files if name != "network0_3"}
    np.savez(tmp_path / "c.npz", allow_pickle=False, **kept)
    with pytest.raises(UnusableClassifier, match="network0_3"):
        Classifier.load(tmp_path / "c.npz")


@pytest.mark.parametrize("content", [b"", b"not a classifier", b"[1, 2]"])
def test_a_file_that_is_no_classifier_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.npz").write_bytes(content)
    with pytest.raises(UnusableClassifier, match=r"c\.npz"):
        Classifier.load(tmp_path / "c.npz")


def test_another_format_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "c.npz", about=np.frombuffer(b'{"format": 99}', np.uint8))
    with pytest.raises(UnusableClassifier, match="format 99"):
        Classifier.load(tmp_path / "c.npz")


def test_one_topic_is_not_enough() -> None:
    with pytest.raises(ValueError, match="two topics"):
        train([Example("hello", "a")] * 5)


def test_a_topic_with_too_few_examples_is_named() -> None:
    with pytest.raises(ValueError, match="rare"):
        train([*made(1), Example("once", "rare")])


def test_a_promise_that_cannot_be_kept_leaves_the_highest_threshold() -> None:
    chance = random.Random(0)
    noise = [
        Example(f"{chance.choice(OBJECTS)} {chance.choice(OBJECTS)}", chance.choice("ab")) for _ in range(60)
    ]
    strict = train(noise, precision=1.01)
    assert strict.threshold >= train(noise, precision=0.0).threshold
