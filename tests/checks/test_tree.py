"""Which files are read, and the command that runs every check on them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from checks.__main__ import CHECKS, main
from checks.tree import Source, Tree, read_tree


def written(folder: Path) -> Path:
    """Files of all sorts in a folder."""
    files = {
        "README.md": "# Read me\n",
        ".gitignore": "ignored.txt\n",
        "ignored.txt": "ignored\n",
        ".ci/run": "#!/bin/sh\n",
        ".venv/lib/x.py": "x = 1\n",
        "src/a.py": "x = 1\n",
        "node_modules/x.js": "x\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    (folder / "zeros.bin").write_bytes(b"\0\0")
    (folder / "link.md").symlink_to("README.md")
    return folder


def test_without_git_everything_but_hidden_folders_caches_and_binaries_is_read(tmp_path: Path) -> None:
    tree = read_tree(written(tmp_path))
    paths = [source.path for source in tree.sources]
    assert paths == [".ci/run", ".gitignore", "README.md", "ignored.txt", "src/a.py"]


def test_with_git_tracked_and_new_files_are_read_and_ignored_and_deleted_ones_are_not(tmp_path: Path) -> None:
    root = written(tmp_path)
    (root / "deleted.txt").write_text("gone soon\n")
    (root / ".gitignore").write_text("ignored.txt\n.venv/\nnode_modules/\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "README.md", "deleted.txt"], cwd=root, check=True)
    (root / "deleted.txt").unlink()
    paths = [source.path for source in read_tree(root).sources]
    assert paths == [".ci/run", ".gitignore", "README.md", "src/a.py"]


def test_a_folder_inside_another_repository_is_read_as_it_lies(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("inner/\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "a.py").write_text("x = 1\n")
    assert [source.path for source in read_tree(inner).sources] == ["a.py"]


def test_the_script_without_an_ending_counts_as_python() -> None:
    tree = Tree(Path("/x"), (Source("dev", "x = 1\n"), Source("src/a.py", ""), Source("docs/dev", "")))
    assert [source.path for source in tree.python()] == ["src/a.py", "dev"]
    assert [source.path for source in tree.python("src")] == ["src/a.py"]


def test_the_command_names_place_rule_and_remedy_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/utils.py").write_text("try:\n    x = 1\nexcept Exception:\n    pass\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n")
    assert main([str(tmp_path)]) == 1
    *findings, summary = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in findings] == ["src/utils.py:1", "src/utils.py:3"]
    assert findings[1].endswith("[swallowed errors]")
    assert summary == f"2 of {len(CHECKS)} checks failed (files: 2, median module of src: 4 lines)."


def test_the_command_succeeds_where_nothing_is_found(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n")
    command = [sys.executable, "-m", "checks", str(tmp_path)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(CHECKS)} checks passed (files: 1, median module of src: 0 lines).\n"
