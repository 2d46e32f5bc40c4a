"""Makes the chain of places that the settings name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from pilothouse.resilience import Registry
from pilothouse.secrets.providers.aws import Aws
from pilothouse.secrets.providers.environment import PREFIX, Environment
from pilothouse.secrets.providers.files import Files
from pilothouse.secrets.providers.port import Keeper, Provider
from pilothouse.secrets.service import Secrets

if TYPE_CHECKING:
    from pilothouse.secrets.ledger import DatabaseLedger

FOLDER = "secrets"
"""The folder within that for data, where no other one is named."""


def open_secrets(
    places: Sequence[str],
    data: Path,
    *,
    folder: Path | None = None,
    aws_prefix: str = "pilothouse/",
    ledger: DatabaseLedger | None = None,
    variables: Mapping[str, str] | None = None,
    resilience: Registry | None = None,
) -> Secrets:
    """The secrets of a process whose folder for data is `data`. Raises `AwsMissing`.

    What Pilothouse makes is kept in files below `data`, unless another `folder` or AWS is named, or `files`
    are none of the `places`: then nothing but the token of this machine is made by itself.
    """
    own = Files(data / FOLDER)
    providers: list[Provider] = []
    for place in places:
        if place == "aws":
            providers.append(Aws(aws_prefix, resilience=resilience))
        elif place == "environment":
            providers.append(Environment(secret_variables() if variables is None else variables))
        else:
            providers.append(own if folder is None else Files(folder))
    by_itself = folder is None and "files" in places and "aws" not in places
    maker: Keeper | None = own if by_itself else None
    return Secrets(providers, maker=maker, own=own, ledger=ledger)


def secret_variables() -> dict[str, str]:
    """The variables that hold secrets, of this process and of `.env`."""
    said = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {name: value for name, value in (said | dict(os.environ)).items() if name.startswith(PREFIX)}
