from __future__ import annotations

import pytest

from pilothouse.apps.mlops.validators.documents import check_json, check_yaml, read_documents


def yaml_of(text: str, path: str = "a.yaml") -> list[tuple[str, str]]:
    return [(item.place, item.rule) for item in check_yaml(read_documents({path: text.encode()})).findings]


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "duplicate-key"),
        ("a:\n  - b: 1\n    b: 2\n", 3, "duplicate-key"),
        ("a: [1\nb: 2\n", 2, "syntax"),
        ("a: 1\n---\nb: {c: 1, c: 2}\n", 3, "duplicate-key"),
        ("a: &a\n  b: *a\n", 1, "recursive-alias"),
        ("a: *gone\n", 1, "syntax"),
        ("\ta: 1\n", 1, "syntax"),
        ("a: \x01\n", 1, "syntax"),
    ],
)
def test_bad_yaml_is_found_with_its_line(text: str, line: int, rule: str) -> None:
    assert (f"a.yaml:{line}", rule) in yaml_of(text)


def test_several_documents_aliases_and_an_empty_file_are_fine() -> None:
    assert yaml_of("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n---\n- 1\n") == []
    assert yaml_of("") == []


def test_values_are_read_as_written_with_their_lines() -> None:
    text = "on: push\ncount: 3\nok: true\nnone:\nday: 2026-01-02\nbase: &b {x: 1}\n"
    text += "all:\n  <<: [*b]\n  y: [a, 2.5]\n"
    (document,) = read_documents({"a.yml": text.encode()}).by_path["a.yml"]
    assert document.value == {
        "on": "push",
        "count": 3,
        "ok": True,
        "none": None,
        "day": "2026-01-02",
        "base": {"x": 1},
        "all": {"x": 1, "y": ["a", 2.5]},
    }
    assert document.line(["all", "y", 1]) == 9
    assert document.line([], "count") == 2
    assert document.line(["gone", "x"]) == 1
    assert document.line(["ok", 3]) == 3


def test_helm_templates_are_skipped_and_said_to_be() -> None:
    files = {"chart/Chart.yaml": b"name: a\n", "chart/templates/a.yaml": b"{{ range }}\n---\n{{ end }}\n"}
    result = check_yaml(read_documents(files))
    assert result.passed
    assert result.notes == ("1 file parsed", "1 Helm template skipped: YAML only once rendered")
    unrendered = read_documents({"templates/a.yaml": b"{{ range }}\n---\n{{ end }}\n"})
    assert [(item.line, item.rule) for item in unrendered.findings] == [
        (1, "complex-key"),
        (3, "complex-key"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ('{"a": 1,\n "b": }', 2, "syntax"),
        ('{"a": 1,\n "a": 2}', 2, "duplicate-key"),
        ('{"\\u0061": 1,\n "a": 2}', 1, "duplicate-key"),
        ('{"a": NaN}', 1, "syntax"),
    ],
)
def test_bad_json_is_found_with_its_line(text: str, line: int, rule: str) -> None:
    result = check_json({"a.json": text.encode(), "b.json": b"[]"})
    assert [(item.place, item.rule) for item in result.findings] == [(f"a.json:{line}", rule)]
    assert result.notes == ("2 files parsed",)


def test_aliases_that_multiply_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (found,) = check_yaml(read_documents({"a.yml": "\n".join(lines).encode()})).findings
    assert found.rule == "too-large"
