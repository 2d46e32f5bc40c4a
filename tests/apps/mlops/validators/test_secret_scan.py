from __future__ import annotations

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apps.mlops.validators.secret_scan import check_secrets, entropy, looks_secret

LETTERS = string.ascii_letters + string.digits


def noise(length: int, letters: str = LETTERS) -> str:
    """Random text, made here so that no credential stands in this file."""
    return "".join(random.Random(7).choices(letters, k=length))


def rules(line: str) -> list[tuple[str, int]]:
    text = f"first\n{line}\nlast\n"
    return [(item.rule, item.line) for item in check_secrets({"a.txt": text.encode()}).findings]


@pytest.mark.parametrize(
    ("secret", "rule"),
    [
        ("AKIA" + noise(16, string.ascii_uppercase), "aws-access-key-id"),
        ("ghp_" + noise(36), "github-token"),
        ("glpat-" + noise(20), "gitlab-token"),
        ("AIza" + noise(35), "google-api-key"),
        ("xoxb-" + noise(24), "slack-token"),
        ("sk_live_" + noise(24), "stripe-key"),
        ("sk-ant-" + noise(40), "openai-or-anthropic-key"),
        ("hf_" + noise(34), "huggingface-token"),
        ("AccountKey=" + noise(86) + "==", "azure-storage-key"),
        ("-----BEGIN RSA PRIVATE" + " KEY-----", "private-key"),
        (f"eyJ{noise(20)}.eyJ{noise(30)}.{noise(20)}", "json-web-token"),
        (f"postgresql://user:{noise(12)}@host/db", "password-in-url"),
    ],
)
def test_a_known_format_is_found_with_its_line_and_never_repeated(secret: str, rule: str) -> None:
    assert (rule, 2) in rules(f"value: {secret}")
    result = check_secrets({"a.txt": secret.encode()})
    assert secret not in result.model_dump_json()


@pytest.mark.parametrize(
    "form", ['password = "{}"', '"api_key": "{}"', "CLIENT_SECRET='{}'", 'auth_token := "{}"']
)
def test_a_random_value_assigned_to_a_telling_name_is_found(form: str) -> None:
    assert rules(form.format(noise(20))) == [("assigned-secret", 2)]


@pytest.mark.parametrize(
    "line",
    [
        'secret = "${var.db_secret_arn_1234567890ABCdef}"',
        'password = "change-me-before-A1b2C3d4"',
        f'token_sha256 = "{"0123456789abcdef" * 4}"',
        f'secret_digest = "sha256:{"0123456789abcdef" * 4}"',
        'secret_name = "projects/demo/secrets/serving-key"',
        'password = "correct"',
        'API_TOKEN_VARIABLE = "SERVICE_API_TOKEN"',
        "AKIAIOSFODNN7EXAMPLE",
        "https://user:${PASSWORD}@host/",
        "uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683",
    ],
)
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert rules(line) == []


def test_binary_files_are_passed_over() -> None:
    assert check_secrets({"a.bin": b"\xff\xfe" + b"AKIA"}).notes[0].startswith("0 files")


@given(st.text(max_size=200))
def test_entropy_is_bounded_by_the_alphabet(text: str) -> None:
    assert -1e-9 <= entropy(text) <= 8 * 2
    assert entropy(text + text) == pytest.approx(entropy(text))
    looks_secret(text)


@pytest.mark.timed
def test_no_text_takes_long() -> None:
    hostile = {
        "a": b"secret" * 20_000,
        "b": b"a://" * 20_000,
        "c": b"eyJ" * 20_000,
        "d": b"token=" + b'"' * 90_000,
    }
    started = time.perf_counter()
    check_secrets(hostile)
    assert time.perf_counter() - started < 5
