"""Run the project's own checks: `python -m checks [FOLDER]`. Exits 1 where anything was found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from checks.access import raw_tables, repositories_without_scope, sessions_without_scope
from checks.changelog import changelog
from checks.comments import suppressions_without_reason, unfinished
from checks.documents import broken_links, decision_records
from checks.errors import swallowed_errors
from checks.layers import app_imports, core_imports, domain_imports
from checks.migrations import unsafe_migrations
from checks.names import empty_names
from checks.outgoing import unguarded_connections
from checks.queries import queries_elsewhere
from checks.sizes import file_length, function_length, median_length, median_of_src
from checks.tables import tables_without_tenant
from checks.text import emoji, places_of_one_machine
from checks.tree import Finding, Tree, read_tree

CHECKS: Mapping[str, Callable[[Tree], Iterable[Finding]]] = MappingProxyType(
    {
        "file length": file_length,
        "function length": function_length,
        "median length": median_length,
        "empty names": empty_names,
        "swallowed errors": swallowed_errors,
        "suppressions without a reason": suppressions_without_reason,
        "unfinished work": unfinished,
        "queries outside repositories": queries_elsewhere,
        "tables without a tenant": tables_without_tenant,
        "sessions without a scope": sessions_without_scope,
        "repositories without a scope": repositories_without_scope,
        "tables outside repositories": raw_tables,
        "connections past the guarded client": unguarded_connections,
        "imports of kit and runtime": core_imports,
        "imports between domains": domain_imports,
        "imports of applications": app_imports,
        "migrations beside older processes": unsafe_migrations,
        "emoji": emoji,
        "places of one machine": places_of_one_machine,
        "broken links": broken_links,
        "decision records": decision_records,
        "changelog": changelog,
    }
)


def main(arguments: list[str]) -> int:
    """Print what every check finds in the folder (the current one without an argument), then a summary."""
    tree = read_tree(Path(arguments[0] if arguments else ".").resolve())
    broken = 0
    for name, check in CHECKS.items():
        findings = sorted(check(tree), key=lambda finding: (finding.path, finding.line))
        broken += bool(findings)
        sys.stdout.writelines(f"{finding} [{name}]\n" for finding in findings)
    verdict = f"{broken} of {len(CHECKS)} checks failed" if broken else f"{len(CHECKS)} checks passed"
    size = f"files: {len(tree.sources)}, median module of src: {median_of_src(tree):g} lines"
    sys.stdout.write(f"{verdict} ({size}).\n")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
