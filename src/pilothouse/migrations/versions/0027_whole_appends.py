"""An append with statements beside it takes one round trip: it fails as a whole where a turn was lost."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.statements import execute

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

INSIST = """
create function insist_on_turns(kept bigint, wanted bigint) returns boolean language plpgsql as $$
begin
  if kept < wanted then
    raise exception using errcode = 'PH002', message = 'a turn was lost';
  end if;
  return true;
end
$$
"""


def upgrade() -> None:
    execute((INSIST,))


def downgrade() -> None:
    op.execute("drop function insist_on_turns")
