"""What crosses the API about limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pilothouse.kit.numbers import Whole

EVERY_WORKFLOW = "*"
MOST = 1_000_000
DAY = 86_400


Workflow = Annotated[
    str,
    Field(
        pattern=r"^(\*|[A-Za-z_][A-Za-z0-9_.\-]{0,99})$",
        description="A workflow's name (all of its versions count), or `*` for all workflows together.",
    ),
]
Tenant = Annotated[
    str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$", description="Of the scope `tenant` only.")
]


class LimitScope(StrEnum):
    """Whose runs are counted together."""

    INSTALLATION = "installation"
    EACH_TENANT = "each_tenant"
    TENANT = "tenant"


class LimitKey(BaseModel):
    """Which limit is meant; there is one for each scope, tenant and workflow.

    `installation` counts the runs of all tenants together, `each_tenant` those of each tenant by itself, and
    `tenant` those of one, in place of what holds for each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scope: LimitScope
    tenant: Tenant | None = None
    workflow: Workflow = EVERY_WORKFLOW

    @model_validator(mode="after")
    def _names_its_tenant(self) -> Self:
        if (self.scope is LimitScope.TENANT) != (self.tenant is not None):
            message = "a tenant is named for the scope `tenant`, and for no other"
            raise ValueError(message)
        return self


class Limit(LimitKey):
    """A limit: at most `concurrency` runs execute at once, at most `rate` start in `per_seconds`.

    A start is the first time that a run is executed: one that goes on after a wait needs no leave. Starts
    that were not used are saved, as many as `rate`. What has no number is not limited; 0 executes nothing.
    """

    concurrency: Annotated[int, Field(ge=0, le=MOST, strict=True), Whole] | None = None
    rate: Annotated[int, Field(ge=1, le=MOST, strict=True), Whole] | None = None
    per_seconds: Annotated[int, Field(ge=1, le=DAY, strict=True), Whole] = 1

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.concurrency is None and self.rate is None:
            message = "give a concurrency, a rate or both"
            raise ValueError(message)
        return self


class Limits(BaseModel):
    """Every limit, the widest first."""

    model_config = ConfigDict(frozen=True)

    items: list[Limit]
