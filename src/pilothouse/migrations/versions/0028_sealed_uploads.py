"""Uploads are stored sealed: the digest of what was sent, and the key, in their rows."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.statements import execute

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# Each may be executed again: the index of an attempt that failed is built anew after this was committed.
CONTENTS = (
    "alter table uploads add column if not exists content_sha256 text",
    "alter table uploads add column if not exists content_key bytea",
)
"""`sha256` is the digest of what is stored. Rows without a key name bytes that lie as they were sent."""
INDEX = (
    """
    create index concurrently uploads_by_sent on uploads (tenant_id, (coalesce(content_sha256, sha256)), id)
    """,
)
UNDO: tuple[str, ...] = (
    "drop index uploads_by_sent",
    "alter table uploads drop column content_key",
    "alter table uploads drop column content_sha256",
)


def upgrade() -> None:
    execute(CONTENTS)
    execute(INDEX)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
