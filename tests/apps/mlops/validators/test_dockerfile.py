from __future__ import annotations

import pytest

from apps.mlops.validators.samples import CLEAN
from pilothouse.apps.mlops.validators.dockerfile import RULES, check_dockerfiles, read_instructions

GOOD = CLEAN["Dockerfile"]


def rules(text: str, path: str = "Dockerfile") -> list[tuple[str, int]]:
    return [(item.rule, item.line) for item in check_dockerfiles({path: text.encode()}).findings]


def test_a_clean_dockerfile_passes() -> None:
    assert rules(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("USER 10001\n", "", "DL3002", 4),
        ("USER 10001", "USER root", "DL3002", 6),
        ("USER 10001", "USER 0:0", "DL3002", 6),
        ("FROM python:3.12-slim AS", "FROM python AS", "DL3006", 1),
        ("FROM python:3.12-slim AS", "FROM registry.internal:5000/python AS", "DL3006", 1),
        ("FROM python:3.12-slim AS", "FROM python:latest AS", "DL3007", 1),
        ("COPY --from=build /usr/local /usr/local", "ADD app /app", "DL3020", 5),
        ('CMD ["python", "-m", "demo"]', "CMD python -m demo", "DL3025", 9),
        ('CMD ["python", "-m", "demo"]', 'ENTRYPOINT demo\nCMD ["x"]', "DL3025", 9),
        ("--no-cache-dir ", "", "DL3042", 2),
        (
            "RUN pip install --no-cache-dir demo",
            "RUN apt-get update && \\\n    apt-get install -y gcc",
            "DL3009",
            2,
        ),
        (
            "RUN pip install --no-cache-dir demo",
            "RUN apt-get install gcc && rm -r /var/lib/apt/lists",
            "DL3014",
            2,
        ),
        ("RUN pip", "RUN sudo pip", "DL3004", 2),
        ("USER 10001", "WORKDIR app\nUSER 10001", "DL3000", 6),
        ("USER 10001", "ENV API_TOKEN=abc\nUSER 10001", "secret-in-image", 6),
        ("USER 10001", "ARG DB_PASSWORD=abc\nUSER 10001", "secret-in-image", 6),
        ("USER 10001", 'ENV PASSWORD "abc d"\nUSER 10001', "secret-in-image", 6),
        ("HEALTHCHECK", "# HEALTHCHECK", "no-healthcheck", 7),
        ("USER 10001", "USR 10001\nUSER 10001", "syntax", 6),
        ('CMD ["python", "-m", "demo"]', 'CMD ["a"]\nCMD ["b"]', "DL4003", 10),
    ],
)
def test_each_rule_finds_its_mistake(old: str, new: str, rule: str, line: int) -> None:
    assert old in GOOD
    assert (rule, line) in rules(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    "more",
    [
        "ENV TOKEN_FILE=/run/secrets/token\n",
        "ARG API_KEY\n",
        "ADD https://example.org/a.txt /a.txt\n",
        "RUN --mount=type=cache,target=/var/cache/pip pip install demo\n",
        "RUN --mount=type=cache,target=/var/lib/apt apt-get install --yes gcc\n",
        "RUN <<EOF\nsudoers\nEOF\n",
        "RUN a \\\n# a remark\n    && b\n",
    ],
)
def test_what_is_allowed_is_left_alone(more: str) -> None:
    assert rules(GOOD.replace("USER 10001\n", f"{more}USER 10001\n")) == []


def test_a_digest_a_stage_and_scratch_are_pinned_enough() -> None:
    text = f"FROM a@sha256:{'0' * 64} AS x\nFROM x AS y\nFROM scratch\nUSER 1\n"
    assert rules(text) == []


def test_an_empty_file_has_no_from_and_other_files_are_not_linted() -> None:
    assert rules("# nothing\n") == [("syntax", 1)]
    assert rules("nonsense", "notes.txt") == []
    assert len(RULES) == 14


def test_continuations_belong_to_their_instruction() -> None:
    found = read_instructions("RUN a \\\n  b\n\n# c\nUSER 1\n")
    assert [(item.name, item.text.split(), item.line) for item in found] == [
        ("RUN", ["a", "b"], 1),
        ("USER", ["1"], 5),
    ]
