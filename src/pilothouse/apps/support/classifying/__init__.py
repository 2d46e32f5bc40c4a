"""What a message is about, how urgent it is, how it feels and in which language it is written."""

from pilothouse.apps.support.classifying.classifier import Classifier, UnusableClassifier, Verdict
from pilothouse.apps.support.classifying.language import language
from pilothouse.apps.support.classifying.tone import Tone, Urgency, tone
from pilothouse.apps.support.classifying.topics import shop_topics
from pilothouse.apps.support.classifying.training import OUTSIDE, Example, train

__all__ = [
    "OUTSIDE",
    "Classifier",
    "Example",
    "Tone",
    "UnusableClassifier",
    "Urgency",
    "Verdict",
    "language",
    "shop_topics",
    "tone",
    "train",
]
