"""The question about each need: its text, why it matters, choices, a default and what that assumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pilothouse.apps.mlops.requirements import Workload


@dataclass(frozen=True, slots=True)
class Question:
    """A question about one field. Every choice and default can be given back as the answer.

    `spread` in [0, 1] says how far the choices lead apart: 1 where each leads to a different system, less
    where they only resize the same one. `by_workload` holds (default, what it assumes) where the way of
    predicting is known.
    """

    text: str
    why: str
    choices: tuple[str, ...]
    default: str
    assumes: str
    spread: float
    by_workload: Mapping[Workload, tuple[str, str]] = field(default_factory=dict)


QUESTIONS: Mapping[str, Question] = {
    "workload": Question(
        "How are predictions made: at the moment of each request, from a stream, on a schedule, on devices, "
        "or as answers drawn from documents?",
        "It decides the shape of the whole system: what is always on, what may sleep, where the model runs.",
        (
            *("real-time predictions", "stream processing", "scheduled batch", "on edge devices"),
            *("answers from documents (RAG)", "a training platform"),
        ),
        "scheduled batch",
        "Nobody waits for a single prediction; once a day is enough. It is the cheapest way to begin.",
        1.0,
    ),
    "use_case": Question(
        "What is the model to predict, find or answer?",
        "It suggests the kind of model and data, and which rules apply.",
        (
            *("fraud detection", "recommendations", "demand forecasting", "churn prediction"),
            *("answers from documents", "chatbot", "visual inspection", "predictive maintenance", "other"),
        ),
        "other",
        "A tabular prediction problem without rules of its own.",
        0.9,
    ),
    "budget": Question(
        "What may the system cost a month, all in?",
        "It bounds every component: which services are affordable, and how much may stand idle for peaks.",
        ("500 USD per month", "2000 USD per month", "5000 USD per month", "20000 USD per month"),
        "2000 USD per month",
        "A first production system of a small team, without dedicated GPUs.",
        0.8,
    ),
    "throughput_rps": Question(
        "How many requests or events are to be handled, on average?",
        "It sizes serving, ingestion and caches, and is the largest part of most bills.",
        (
            "1 request per second",
            "10 requests per second",
            "100 requests per second",
            "1000 requests per second",
        ),
        "10 requests per second",
        "A middle-sized service: about 26 million requests a month.",
        0.8,
        {
            Workload.BATCH: ("1M rows per day", "A million records are scored a day."),
            Workload.RAG: ("1 request per second", "A few hundred people ask some questions an hour."),
            Workload.TRAINING: ("1 request per second", "Little is served; the load is in training."),
        },
    ),
    "latency_ms": Question(
        "How soon must an answer be there?",
        "It decides on caches, precomputed features and the size of the model.",
        ("50 ms", "200 ms", "1 second", "5 seconds"),
        "200 ms",
        "A page or service waits for it, and a fifth of a second goes unnoticed.",
        0.7,
        {
            Workload.RAG: ("3 seconds", "A person waits for the answer to begin."),
            Workload.STREAMING: ("1 second", "Reacting within about a second is early enough."),
        },
    ),
    "model_family": Question(
        "Is the kind of model already chosen?",
        "It decides whether GPUs are needed, for training and for serving.",
        (
            "gradient boosting",
            "deep learning",
            "computer vision",
            "transformer",
            "language model (LLM)",
            "time series model",
        ),
        "gradient boosting",
        "The data is tabular, and processors suffice.",
        0.7,
        {Workload.RAG: ("language model (LLM)", "Retrieval feeds a language model.")},
    ),
    "data_kinds": Question(
        "What does the data consist of?",
        "It decides how data is ingested and stored, and which features can be kept.",
        ("tabular data", "text", "images", "video", "audio", "time series"),
        "tabular data",
        "Rows from databases or files.",
        0.7,
        {Workload.RAG: ("text", "Documents are text.")},
    ),
    "data_volume_gb": Question(
        "How much data is there to learn from?",
        "It decides how data is stored and processed, and what that costs.",
        ("10 GB", "100 GB", "1 TB", "10 TB"),
        "100 GB",
        "It fits on one machine.",
        0.6,
    ),
    "availability": Question(
        "What share of the time must it be available?",
        "More than 99.9 % needs everything twice, in separate zones, and someone on call.",
        ("99 %", "99.5 %", "99.9 %", "99.99 %"),
        "99.5 %",
        "Some hours a year without it are borne.",
        0.6,
    ),
    "compliance": Question(
        "Which rules apply?",
        "They prescribe encryption, logs, where data may be, and who has to agree.",
        ("GDPR", "HIPAA", "PCI DSS", "SOC 2", "EU AI Act", "none"),
        "none",
        "No regime beyond good practice applies.",
        0.6,
    ),
    "cloud": Question(
        "Where shall it run?",
        "It decides which services there are to build from, and who has to run them.",
        ("AWS", "Google Cloud", "Azure", "Kubernetes", "on-premises", "any cloud"),
        "any cloud",
        "The choice is free; candidates on every cloud are compared by fit and cost.",
        1.0,
    ),
    "regions": Question(
        "In which region must data and users be served?",
        "It decides which services and prices apply, and where data may be kept.",
        ("EU", "US", "UK", "global"),
        "US",
        "Data may be kept in the United States, where most services exist and prices are lowest.",
        0.5,
    ),
    "personal_data": Question(
        "Does the data identify persons?",
        "Personal data needs consent, deletion on request and tighter access.",
        ("yes", "no"),
        "yes",
        "To be safe, the data is treated as personal.",
        0.5,
    ),
    "retraining_days": Question(
        "How often shall the model be trained again?",
        "It decides how training is run and what it costs a month.",
        ("daily", "weekly", "monthly", "quarterly"),
        "monthly",
        "What the model learns changes slowly.",
        0.4,
    ),
    "team_skill": Question(
        "How much experience with running such systems does the team have?",
        "A small or new team is better served by managed services than by clusters.",
        ("none", "some experience", "expert team"),
        "some experience",
        "The team has run services before, but no machine learning platform.",
        0.7,
    ),
    "explainability": Question(
        "Must single predictions be explained?",
        "It adds a step and storage to each prediction, and limits the choice of models.",
        ("yes", "no"),
        "no",
        "Nobody asks for the reasons of a single prediction.",
        0.5,
    ),
}
"""By the key of the need. Defaults and choices are planning defaults of this project."""
