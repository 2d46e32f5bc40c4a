"""The architect's agents: each wraps one part of the application and explains itself in a reason card."""

from __future__ import annotations

from pilothouse import Artifact, Context, agent
from pilothouse.apps.mlops import cards
from pilothouse.apps.mlops.design import Design, Objection, Review
from pilothouse.apps.mlops.rationale import Rationale
from pilothouse.apps.mlops.requirements import Coverage, Frozen, Inquiry, Intake, Requirements
from pilothouse.apps.mlops.validators import Validation

ENOUGH = 0.7
"""The coverage from which on a design is attempted without asking."""

TRIES = 3
"""How often a person is asked the same question before its default is taken."""


class Reviewed(Frozen):
    """What was read, and how much of what a design needs is known."""

    intake: Intake
    coverage: Coverage


class PlanRequest(Frozen):
    """What the planner is to meet, and what critics objected to in the rounds before."""

    requirements: Requirements
    objections: tuple[Objection, ...] = ()
    round: int = 1


class BuildRequest(Frozen):
    """A design and its last reviews."""

    design: Design
    reviews: tuple[Review, ...]


class Repository(Frozen):
    """The generated files: paths below the repository's root, and their text."""

    project: str
    files: dict[str, str]


class PublishRequest(Frozen):
    """Everything that is published."""

    build: BuildRequest
    repository: Repository
    validation: Validation
    rationale: Rationale


def misread(prompt: str, found: Intake) -> list[str]:
    """What is wrong with what a model read from a prompt."""
    from pilothouse.apps.mlops.checking import intake_problems

    return intake_problems(prompt, found)


@agent(prompt="mlops/intake", draft=True, verify=misread, card=cards.intake)
def intake(_: Context, prompt: str) -> Intake:
    """Read typed constraints from free text, each with the words it was read from."""
    from pilothouse.apps.mlops.intake import read

    return read(prompt)


@agent
def coverage(ctx: Context, understood: Intake) -> Coverage:
    """Measure how much of what a design needs is known."""
    from pilothouse.apps.mlops.coverage import cover

    known = cover(understood)
    ctx.emit(cards.coverage(known, ENOUGH))
    return known


@agent
async def questions(ctx: Context, given: Reviewed) -> Intake:
    """Ask a person what matters most for the design; assume what nobody answers."""
    from pilothouse.apps.mlops.coverage import assume, cover

    asked = given.coverage.inquiries
    replies = await ctx.gather(*(_reply(ctx, given.intake, item) for item in asked))
    settled = given.intake
    for item, reply in zip(asked, replies, strict=True):
        settled = _answered(settled, item, reply) or settled
    settled = assume(settled, cover(settled))  # an answer may have brought up something new
    ctx.emit(cards.questions(asked, replies, settled))
    return settled


async def _reply(ctx: Context, known: Intake, item: Inquiry) -> str:
    """A usable answer; who gives an unusable one is asked again, and at last the default is taken."""
    text, key = item.text, item.key
    for attempt in range(2, TRIES + 2):
        reply = await ctx.ask(
            text,
            choices=item.choices,
            free=True,
            default=item.default,
            why=item.why,
            default_assumes=item.default_assumes,
            key=key,
        )
        if _answered(known, item, reply) is not None:
            return reply
        text, key = f"{reply[:60]!r} was not understood. {item.text}", f"{item.key}.{attempt}"
    return item.default


def _answered(known: Intake, item: Inquiry, reply: str) -> Intake | None:
    """What is known with the answer; None where it says nothing about what was asked."""
    from pilothouse.apps.mlops.coverage import answer
    from pilothouse.apps.mlops.intake.errors import UnusableAnswer

    try:
        return answer(known, item.key, reply)
    except UnusableAnswer:
        return None


@agent
def planner(ctx: Context, request: PlanRequest) -> Design:
    """Build candidates from the catalogue, check and score them, and pick one."""
    from pilothouse.apps.mlops.catalogue import load_catalogue
    from pilothouse.apps.mlops.planner import plan
    from pilothouse.apps.mlops.pricing import load_book

    design = plan(
        request.requirements,
        load_catalogue(),
        load_book(),
        objections=request.objections,
        round=request.round,
    )
    ctx.emit(cards.planner(design))
    return design


@agent
def tech_critic(ctx: Context, design: Design) -> Review:
    """Check latency, capacity, availability, single points of failure and team fit, in numbers."""
    from pilothouse.apps.mlops.catalogue import load_catalogue
    from pilothouse.apps.mlops.critics import review_technically

    review = review_technically(design, load_catalogue())
    ctx.emit(cards.review(review))
    return review


@agent
def cost_critic(ctx: Context, design: Design) -> Review:
    """Hold the bill of materials against the budget."""
    from pilothouse.apps.mlops.critics import review_cost

    review = review_cost(design)
    ctx.emit(cards.bill(design, review))
    return review


@agent
def policy_check(ctx: Context, design: Design) -> Review:
    """Check encryption, residency, retention, identity, tagging, exposure and compliance regimes."""
    from pilothouse.apps.mlops.catalogue import load_catalogue
    from pilothouse.apps.mlops.policies import check_policies

    review = check_policies(design, load_catalogue())
    ctx.emit(cards.review(review))
    return review


@agent
async def final_gate(ctx: Context, build: BuildRequest) -> str:
    """Ask a person whether the design is to be built; returns "approve" or "reject"."""
    verdict = await ctx.ask(
        cards.gate_prompt(build.design),
        choices=("approve", "reject"),
        default="approve",
        why=cards.gate_reason(build.reviews),
        default_assumes="the repository is generated; nothing is deployed",
        key="approval",
    )
    ctx.emit(cards.gate(build.design, verdict))
    return verdict


@agent
def codegen(ctx: Context, build: BuildRequest) -> Repository:
    """Write the repository: Terraform, pipelines, service, tests, CI, alerts and docs."""
    from pilothouse.apps.mlops.codegen import generate, project_name

    project = project_name(build.design)
    files = generate(build.design, build.reviews, project)
    repository = Repository(project=project, files={path: data.decode() for path, data in files.items()})
    ctx.emit(cards.repository(repository.files, build.design))
    return repository


@agent
def validators(ctx: Context, repository: Repository) -> Validation:
    """Parse, lint, test and scan what was generated; a failure stops the run with file and line."""
    from pilothouse.apps.mlops.validators import require_passed, validate

    validation = validate({path: text.encode() for path, text in repository.files.items()})
    ctx.emit(cards.validation(validation))
    require_passed(validation)
    return validation


def untrue(build: BuildRequest, found: Rationale) -> list[str]:
    """What is wrong with a model's rationale of a design."""
    from pilothouse.apps.mlops.checking import rationale_problems

    return rationale_problems(build.design, build.reviews, found)


@agent(prompt="mlops/rationale", draft=True, verify=untrue, card=cards.rationale)
def rationale(_: Context, build: BuildRequest) -> Rationale:
    """Write the decision record of every choice."""
    from pilothouse.apps.mlops.rationale import rationale as explain

    return explain(build.design, build.reviews)


@agent
async def publish(ctx: Context, request: PublishRequest) -> tuple[Artifact, ...]:
    """Save the zip, the report and the diagram as artifacts."""
    from pilothouse.apps.mlops import publish as publishing

    files = await ctx.in_thread(publishing.publication, request)
    saved = [await ctx.save(name, content) for name, content in files.items()]
    ctx.emit(cards.published(saved))
    return tuple(saved)
