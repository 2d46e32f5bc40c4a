from __future__ import annotations

import pytest

from pilothouse.apps.mlops.validators.mermaid import check_mermaid


def lines(diagram: str, end: str = "```\n") -> list[int]:
    text = f"# Title\n\n```mermaid\n{diagram}{end}"
    return [item.line for item in check_mermaid({"docs/a.md": text.encode()}).findings]


@pytest.mark.parametrize(
    "diagram",
    [
        'flowchart LR\n  subgraph one ["One (1)"]\n    a[("A")] -->|"x (y)"| b{{B}}\n  end\n  %% remark ((\n',
        "sequenceDiagram\n  A->>B: hello (\n",
        "graph TD\n  a --> b\n",
    ],
)
def test_a_sound_diagram_passes(diagram: str) -> None:
    assert lines(diagram) == []


@pytest.mark.parametrize(
    ("diagram", "line"),
    [
        ("", 3),
        ("flow LR\n", 4),
        ("flowchart XY\n", 4),
        ("flowchart LR\n  a[A --> b\n", 5),
        ("flowchart LR\n  a -->\n", 5),
        ("flowchart LR\n  --> b\n", 5),
        ('flowchart LR\n  a["A] --> b\n', 5),
        ("flowchart LR\n  subgraph x\n  a --> b\n", 5),
        ("flowchart LR\n  a --> b\n  end\n", 6),
        ("flowchart LR\n  end --> b\n", 5),
    ],
)
def test_a_broken_diagram_is_found_with_its_line(diagram: str, line: int) -> None:
    assert line in lines(diagram)


def test_a_block_that_is_never_closed_is_found() -> None:
    assert lines("flowchart LR\n  a --> b\n", end="") == [3]
