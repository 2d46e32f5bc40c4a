"""The OpenAPI document is the contract: it is kept in docs/reference, and the server keeps to it.

Written anew by `python tests/test_openapi.py`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from pilothouse.app import Pilothouse
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.server import create_api
from pilothouse.settings import Settings
from support.kept import secrets_in, vault_over

KEPT = Path(__file__).parent.parent / "docs" / "reference" / "openapi.json"


def written(folder: Path) -> str:
    """The document as it is kept."""
    store = ObjectArtifacts.local(folder)
    engine = Engine("dbname=none", Workflows([]), store)
    secrets = secrets_in(folder / "secrets")
    vault = vault_over("dbname=none", folder / "secrets")
    pilothouse = Pilothouse(Settings(_env_file=None), [], engine, store, "dbname=none", secrets, vault)
    document = create_api(pilothouse, execute=False).openapi()
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_the_document_that_is_kept_is_the_one_that_is_served(tmp_path: Path) -> None:
    assert KEPT.read_text() == written(tmp_path), "the API has changed: run `python tests/test_openapi.py`"


def test_every_operation_says_what_it_does_and_how_it_fails() -> None:
    document = json.loads(KEPT.read_text())
    operations = [item for path in document["paths"].values() for item in path.values()]
    assert len(operations) >= 19
    referred = set(re.findall(r"#/components/schemas/([\w-]+)", KEPT.read_text()))
    assert referred == set(document["components"]["schemas"])
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["description"]
        assert operation["responses"]["default"]["content"].keys() == {"application/problem+json"}
        assert "422" not in operation["responses"]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        KEPT.write_text(written(Path(folder)))
