"""Experiments with what came of their calls by hour, and feedback of people on runs, steps and messages."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import by_engagement, of_tenants
from pilothouse.migrations.statements import execute

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TOLD = """
create function tell_experiments() returns trigger language plpgsql as $$
begin
  perform pg_notify('pilothouse_experiments', '');
  return null;
end
$$
"""
"""Wakes those who assign arms."""

ADDED = """
create function added_counts(one jsonb, other jsonb) returns jsonb language sql immutable as $$
  select coalesce(jsonb_object_agg(key, count), '{}') from (
    select key, sum(value::bigint) as count
      from (select * from jsonb_each_text(one) union all select * from jsonb_each_text(other)) as counted
     group by key) as totals
$$
"""
"""Two histograms as one: counts by bucket."""

COUNT = """
create function count_experiments(given json) returns void language plpgsql as $$
begin
  with item as (
    select own.tenant_id as owner, own.epoch, given.*
      from json_to_recordset(given) as given(
        tenant_id text, experiment_id uuid, arm text, hour timestamptz, calls bigint, valid bigint,
        errors bigint, repairs bigint, tokens bigint, cost numeric, cost_log float8, cost_squares float8,
        latency_log float8, latency_squares float8, latencies jsonb)
      join experiments as own on own.id = given.experiment_id
       and (own.everybody or own.tenant_id = given.tenant_id)
       and own.arms @> jsonb_build_array(jsonb_build_object('name', given.arm))),
  bucket as (
    select experiment_id, arm, hour, key, sum(value::bigint) as calls
      from item cross join jsonb_each_text(item.latencies) group by 1, 2, 3, 4),
  histogram as (
    select experiment_id, arm, hour, jsonb_object_agg(key, calls) as latencies from bucket group by 1, 2, 3),
  total as (
    select experiment_id, arm, hour, min(owner) as tenant_id, min(epoch) as epoch, sum(calls) as calls,
           sum(valid) as valid, sum(errors) as errors, sum(repairs) as repairs, sum(tokens) as tokens,
           sum(cost) as cost, sum(cost_log) as cost_log, sum(cost_squares) as cost_squares,
           sum(latency_log) as latency_log, sum(latency_squares) as latency_squares
      from item group by 1, 2, 3)
  insert into experiment_hours as known (
    experiment_id, arm, epoch, hour, tenant_id, calls, valid, errors, repairs, tokens, cost, cost_log,
    cost_squares, latency_log, latency_squares, latencies)
  select experiment_id, arm, epoch, hour, tenant_id, calls, valid, errors, repairs, tokens, cost, cost_log,
         cost_squares, latency_log, latency_squares, coalesce(latencies, '{}')
    from total left join histogram using (experiment_id, arm, hour)
   order by experiment_id, arm, epoch, hour
  on conflict (experiment_id, arm, epoch, hour) do update
     set calls = known.calls + excluded.calls, valid = known.valid + excluded.valid,
         errors = known.errors + excluded.errors, repairs = known.repairs + excluded.repairs,
         tokens = known.tokens + excluded.tokens, cost = known.cost + excluded.cost,
         cost_log = known.cost_log + excluded.cost_log,
         cost_squares = known.cost_squares + excluded.cost_squares,
         latency_log = known.latency_log + excluded.latency_log,
         latency_squares = known.latency_squares + excluded.latency_squares,
         latencies = added_counts(known.latencies, excluded.latencies);
end
$$
"""
"""Counts calls, each object with the sums of some calls of one arm in one hour.

They count in the epoch that the experiment is in now. What belongs to no experiment, or to one of another
tenant that does not hold for everybody, is left out. Rows are locked in the order of their keys.
"""

STATEMENTS: tuple[str, ...] = (
    """
    create table experiments (
      id uuid primary key,
      tenant_id text not null,
      name text not null,
      about text not null,
      key text not null check (key in ('run', 'user', 'tenant')),
      state text not null check (state in ('draft', 'running', 'stopped', 'concluded')),
      everybody boolean not null default false,
      arms jsonb not null,
      ranges jsonb not null,
      guards jsonb not null,
      alpha float8 not null,
      rollout jsonb,
      stage int,
      stage_since timestamptz,
      epoch int not null default 0,
      winner text,
      why text not null default '',
      made_by text not null,
      made_at timestamptz not null default now(),
      started_at timestamptz,
      ended_at timestamptz,
      unique (tenant_id, name)
    )
    """,
    "create unique index experiments_running on experiments (tenant_id, about) where state = 'running'",
    "create index experiments_by_tenant on experiments (tenant_id, id)",
    """
    create table experiment_hours (
      experiment_id uuid not null references experiments on delete cascade,
      arm text not null,
      epoch int not null,
      hour timestamptz not null,
      tenant_id text not null,
      calls bigint not null,
      valid bigint not null,
      errors bigint not null,
      repairs bigint not null,
      tokens bigint not null,
      cost numeric not null,
      cost_log float8 not null,
      cost_squares float8 not null,
      latency_log float8 not null,
      latency_squares float8 not null,
      latencies jsonb not null default '{}',
      primary key (experiment_id, arm, epoch, hour)
    )
    """,
    """
    create table feedback (
      id uuid primary key,
      tenant_id text not null,
      run_id uuid,
      step text not null default '',
      message text not null default '',
      principal text not null,
      rating int not null check (rating between -1 and 1),
      comment bytea,
      prompt text,
      version text,
      experiment_id uuid,
      arm text,
      epoch int,
      made_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      check (run_id is not null or message <> ''),
      unique nulls not distinct (tenant_id, run_id, step, message, principal)
    )
    """,
    "create index feedback_by_tenant on feedback (tenant_id, id)",
    "create index feedback_by_run on feedback (run_id) where run_id is not null",
    "create index feedback_by_version on feedback (tenant_id, prompt, version) where prompt is not null",
    "create index feedback_by_experiment on feedback (experiment_id) where experiment_id is not null",
    "alter table notices drop constraint notices_kind_check",
    """
    alter table notices add constraint notices_kind_check
      check (kind in ('question', 'expiring', 'budget', 'kill', 'experiment')) not valid
    """,
    *of_tenants("experiments", app="select, insert, update"),
    *of_tenants("experiment_hours", app="select"),
    *of_tenants("feedback", narrow=by_engagement("feedback.run_id")),
    TOLD,
    """
    create trigger experiments_told after insert or update or delete on experiments
      for each statement execute function tell_experiments()
    """,
    ADDED,
    COUNT,
)
UNDO: tuple[str, ...] = (
    "delete from notices where kind = 'experiment'",
    "alter table notices drop constraint notices_kind_check",
    """
    alter table notices add constraint notices_kind_check
      check (kind in ('question', 'expiring', 'budget', 'kill'))
    """,
    "drop function count_experiments",
    "drop function added_counts",
    "drop table feedback",
    "drop table experiment_hours",
    "drop table experiments",
    "drop function tell_experiments",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
