"""Rights of the roles, and row-level security; runs belong to engagements."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import ENGAGED, by_engagement, of_installation, of_tenants, withdrawn
from pilothouse.migrations.statements import execute

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OF_RUNS = ("journal", "questions", "artifacts", "payload_references")
OF_TENANTS = ("schedules", "run_labels", "artifact_contents", "retention_rules", "released_contents")
OF_INSTALLATION = ("workers", "incarnations", "backups", "schema_state", "alembic_version")

# Each may be executed again: the index of an attempt that failed is built anew after this was committed.
COLUMN = ("alter table runs add column if not exists engagement_id uuid",)
INDEX = (
    """
    create index concurrently runs_by_engagement on runs (tenant_id, engagement_id, id)
     where engagement_id is not null
    """,
)
STATEMENTS = (
    *of_tenants("runs", narrow=ENGAGED),
    *(statement for table in OF_RUNS for statement in of_tenants(table, narrow=by_engagement("run_id"))),
    *(statement for table in OF_TENANTS for statement in of_tenants(table)),
    *(statement for table in OF_INSTALLATION for statement in of_installation(table)),
    # Limits bound tenants, and are not theirs: only admins of the home tenant are let to them by the roles.
    *of_installation("limits", app="select, insert, update, delete"),
    *of_installation("limit_tokens", app="select, insert, update, delete"),
)


def upgrade() -> None:
    execute(COLUMN)
    execute(INDEX)
    execute(STATEMENTS)


def downgrade() -> None:
    for table in ("runs", *OF_RUNS, *OF_TENANTS, *OF_INSTALLATION, "limits", "limit_tokens"):
        for statement in withdrawn(table):
            op.execute(statement)
    op.execute("drop index runs_by_engagement")
    op.execute("alter table runs drop column engagement_id")
