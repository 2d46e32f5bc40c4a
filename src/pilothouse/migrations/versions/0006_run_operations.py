"""Listing, forking and moving runs."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.statements import execute

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create or replace function lineage(fork uuid) returns table (run_id uuid, high int)
    language sql stable as $$
      with recursive part(run_id, high) as (
        select forked_from, forked_seq from runs where id = fork and forked_from is not null
        union all
        select runs.forked_from, least(part.high, runs.forked_seq)
          from part join runs on runs.id = part.run_id
         where runs.forked_from is not null)
      select part.run_id, part.high from part
    $$
    """,
    """
    create index concurrently runs_by_state on runs (tenant_id, status, id)
     where status in ('waiting', 'failed', 'cancelled')
    """,
    "create index concurrently runs_by_creation on runs (tenant_id, created_at, id)",
    """
    create index concurrently runs_by_end on runs (tenant_id, finished_at, id)
     where finished_at is not null
    """,
    "create index concurrently runs_by_version on runs (tenant_id, workflow, version, id)",
    "create index concurrently runs_by_principal on runs (tenant_id, principal, id)",
    """
    create index concurrently runs_by_schedule on runs (tenant_id, schedule_id, id)
     where schedule_id is not null
    """,
    "create index concurrently runs_forks on runs (forked_from, id) where forked_from is not null",
    """
    create table run_labels (
      tenant_id text not null,
      key text not null,
      value text not null,
      run_id uuid not null references runs (id) on delete cascade,
      primary key (tenant_id, key, value, run_id)
    )
    """,
    "create index run_labels_of_run on run_labels (run_id)",
    """
    create function index_labels() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' then
        delete from run_labels where run_id = new.id;
      end if;
      insert into run_labels (tenant_id, key, value, run_id)
      select new.tenant_id, label.key, label.value, new.id from jsonb_each_text(new.labels) as label;
      return null;
    end
    $$
    """,
    """
    create trigger runs_labelled after insert on runs
      for each row when (new.labels <> '{}') execute function index_labels()
    """,
    """
    create trigger runs_labelled_anew after update of labels on runs
      for each row when (new.labels is distinct from old.labels) execute function index_labels()
    """,
    """
    create index concurrently runs_by_id_suffix on runs
     using brin (right(id::text, 4) text_bloom_ops (false_positive_rate = 0.002))
      with (pages_per_range = 16, autosummarize = on)
    """,
    """
    create index concurrently questions_open_by_run on questions (tenant_id, run_id)
     where status = 'open'
    """,
)
UNDO = (
    "drop index questions_open_by_run",
    "drop index runs_by_id_suffix",
    "drop index runs_forks",
    "drop index runs_by_schedule",
    "drop index runs_by_principal",
    "drop index runs_by_version",
    "drop index runs_by_end",
    "drop index runs_by_creation",
    "drop index runs_by_state",
    "drop trigger runs_labelled_anew on runs",
    "drop trigger runs_labelled on runs",
    "drop function index_labels()",
    "drop table run_labels",
    "drop function lineage(uuid)",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
