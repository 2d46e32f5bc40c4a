"""What is told of known advisories, and what where their database cannot be asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks.advisories import Unknown, report

from support.advisories import advisories


@pytest.mark.parametrize(("known", "code"), [({"idna"}, 1), (None, 2)])
def test_the_audit_asks_about_the_locked_versions_and_says_where_it_could_not(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    known: set[str] | None,
    code: int,
) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("# locked\nanyio==4.9.0\nidna==3.10\ncolorama==0.4.6 ; sys_platform == 'win32'\n")
    with advisories(known or set()) as database:
        if known is None:
            with pytest.raises(Unknown, match="was not reached"):
                report(constraints, ["-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query"])
            return
        assert report(constraints, ["-s", "osv", "--osv-url", database.url]) == code
    assert database.asked == {("anyio", "4.9.0"), ("idna", "3.10")}
    told = capsys.readouterr().out
    assert "idna 3.10: TEST-1, mended in 99" in told
    assert "1 of 2 packages have known advisories." in told
