"""Whatever is asked of the API, it answers as its OpenAPI document says: every check that Schemathesis has.

Each operation is asked 50 times, the same each time, beside what every boundary of its schema demands. More,
and other things each time: `CONTRACT_EXAMPLES=500 ./dev test tests/attacks/test_contract.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import schemathesis

from pilothouse.kit import postgres
from pilothouse.telemetry import logs
from support.contract import Asker, contract, options
from support.served import Served

MANY = "CONTRACT_EXAMPLES"
EXAMPLES = int(os.environ.get(MANY, "50"))

schema = contract()


@pytest.fixture(autouse=True)
def _log_lines() -> None:
    """A line for each of thousands of requests would take longer than the requests."""
    logs.configure("error", "readable")


@pytest.fixture(scope="module")
def asker(postgres_server: postgres.Attachment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    conninfo = postgres_server.create_database("contract", "migrated")
    served = Served(conninfo, tmp_path_factory.mktemp("contract"))
    yield Asker(served)
    served.close()
    postgres_server.drop_database("contract")


@schema.parametrize()
@options(EXAMPLES, derandomize=MANY not in os.environ)
def test_whatever_is_asked_the_answer_is_a_documented_one(case: schemathesis.Case, asker: Asker) -> None:
    asker.ask(case)
