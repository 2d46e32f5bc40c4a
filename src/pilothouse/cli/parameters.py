"""What several commands take, said in one way. Nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

Tenant = Annotated[
    str | None, typer.Option(help="Another tenant than your own; on this machine's database only.")
]
