"""Designs one system in this process, again and again; prints seconds and peak memory as JSON.

`spine` starts it in a process of its own, so that the memory is the design's and nothing else's. The figure
is the peak of this process plus that of the largest process it started (the validators').
"""

from __future__ import annotations

import json
import resource
import sys
import time

from pilothouse.apps.mlops.agents import BuildRequest, PublishRequest, Repository
from pilothouse.apps.mlops.catalogue import load_catalogue
from pilothouse.apps.mlops.codegen import generate, project_name
from pilothouse.apps.mlops.coverage import assume, cover
from pilothouse.apps.mlops.critics import review_cost, review_technically
from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.planner import plan
from pilothouse.apps.mlops.policies import check_policies
from pilothouse.apps.mlops.pricing import load_book
from pilothouse.apps.mlops.publish import publication
from pilothouse.apps.mlops.rationale import rationale
from pilothouse.apps.mlops.validators import Validation, require_passed, validate

PROMPT = "Design an MLOps system for real-time fraud detection with a budget of $5000/month"


def design(*, validated: bool) -> dict[str, bytes]:
    """Every step of the workflow for one prompt, without the engine; returns what would be published."""
    understood = read(PROMPT)
    requirements = assume(understood, cover(understood)).requirements
    catalogue = load_catalogue()
    made = plan(requirements, catalogue, load_book())
    reviews = (review_technically(made, catalogue), review_cost(made), check_policies(made, catalogue))
    project = project_name(made)
    files = generate(made, reviews, project)
    validation = Validation(results=())
    if validated:
        validation = validate(files)
        require_passed(validation)
    build = BuildRequest(design=made, reviews=reviews)
    repository = Repository(project=project, files={path: data.decode() for path, data in files.items()})
    why = rationale(made, reviews)
    return publication(
        PublishRequest(build=build, repository=repository, validation=validation, rationale=why)
    )


def main() -> None:
    """Measure `sys.argv[1]` rounds after one that does not count."""
    rounds = int(sys.argv[1])
    taken: dict[str, list[float]] = {"plain": [], "validated": []}
    for name, seconds in taken.items():
        for number in range(rounds + 1):
            started = time.perf_counter()
            design(validated=name == "validated")
            if number:
                seconds.append(time.perf_counter() - started)
    own, started_ = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(json.dumps({**taken, "peak_mb": own + started_}))


if __name__ == "__main__":
    main()
