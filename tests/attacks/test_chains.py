"""What is made can be read, changed and deleted, in any order: chains of requests, each held to the document.

Schemathesis finds the chains by the ids that answers have and that later requests take. What was just made is
there, and what was deleted is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import Phase, seed
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.generation import GenerationMode

from pilothouse.kit import postgres
from pilothouse.telemetry import logs
from support.contract import Asker, contract, of_one_order, operation_id, options
from support.served import Served

SEEDS, CHAINS, LINKS = 24, 5, 8
"""Each seed makes some chains, of some requests at most. A seed ends early where what a chain has made is in
the way of the next one: Hypothesis expects the same request to be answered alike."""


@pytest.fixture
def asker(postgres_server: postgres.Attachment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    logs.configure("error", "readable")
    conninfo = postgres_server.create_database("chains", "migrated")
    served = Served(conninfo, tmp_path_factory.mktemp("chains"))
    yield Asker(served)
    served.close()
    postgres_server.drop_database("chains")


def test_what_is_made_is_there_until_it_is_deleted(asker: Asker) -> None:
    schema = contract()
    schema.config.phases.stateful.generation.update(modes=[GenerationMode.POSITIVE])
    found: list[BaseException] = []
    linked: Counter[str] = Counter()

    class Chain(schema.as_state_machine()):  # type: ignore[misc]  # the base is made at run time
        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return asker.how

        def before_call(self, case: schemathesis.Case) -> None:
            of_one_order(case)

        def validate_response(self, response: Any, case: schemathesis.Case, **_: Any) -> None:
            if response.status_code < 300 and self.recorder.find_parent(case_id=case.id) is not None:
                linked[operation_id(case)] += 1
            try:
                asker.hold(response, case, recorder=self.recorder)
            except Exception as failure:  # kept, as what Hypothesis tries next may hide it
                found.append(failure)
                raise

    for name in Chain.root_rules:
        if "POST" not in name or "_id" in name:
            setattr(Chain, name, None)  # only what makes something begins a chain
    for number in range(SEEDS):
        try:
            seed(number)(Chain).run(
                settings=options(CHAINS, stateful_step_count=LINKS, phases=(Phase.generate,))
            )
        except FlakyStrategyDefinition:  # what one chain has made is in the way of the next one
            continue
    assert not found
    assert {"show_engagement", "delete_engagement"} <= linked.keys()
    assert len(linked) >= 15
