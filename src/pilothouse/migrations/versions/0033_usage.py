"""Usage of models, and leases: what a process may spend of budgets without asking at each call."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import by_engagement, of_tenants
from pilothouse.migrations.statements import execute

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

LEASE = """
create function lease_budgets(of_process uuid, given json)
returns table (budget uuid, place text, leased numeric, room numeric, used numeric, lapsed boolean,
               charged boolean)
language plpgsql as $$
begin
  insert into budget_periods (budget_id, period, tenant_id, starts_at, ends_at)
  select budgets.id, t.period, budgets.tenant_id, t.starts_at, t.ends_at
    from json_to_recordset(given)
      as t(budget_id uuid, period text, starts_at timestamptz, ends_at timestamptz)
    join budgets on budgets.id = t.budget_id
   where not exists (select from budget_periods as known
                      where known.budget_id = budgets.id and known.period = t.period)
   order by budgets.id, t.period
  on conflict do nothing;

  perform from budget_periods as held
     join json_to_recordset(given) as t(budget_id uuid, period text)
       on held.budget_id = t.budget_id and held.period = t.period
    order by held.budget_id, held.period for no key update of held;

  return query
  with found as (
    select budgets.id, t.period, budgets.tenant_id, budgets.hard, budgets.unit,
           budgets.lost = 'charge' as charges, held.spent + held.reserved as all_used,
           held.spent as all_spent, coalesce(own.amount, 0) as had, t.need, t.more, t.report,
           t.leased and own.amount is null as gone,
           case when own.report >= t.report then 0 else t.spent end as spent,
           case when own.report >= t.report then 0 else t.back end as back
      from json_to_recordset(given) as t(
             budget_id uuid, period text, report bigint, spent numeric, back numeric, need numeric,
             more numeric, leased boolean)
      join budgets on budgets.id = t.budget_id
      join budget_periods as held on held.budget_id = budgets.id and held.period = t.period
      left join budget_leases as own
        on own.process = of_process and own.budget_id = budgets.id and own.period = t.period),
  settled as (
    select found.*, greatest(found.had - found.spent - found.back, 0) as kept,
           case when found.gone and found.charges then 0 else found.spent end as spends
      from found),
  looked as (
    select settled.*, settled.hard - settled.all_used - settled.spends + settled.had - settled.kept as free
      from settled),
  granted as (
    select looked.*, looked.kept + case
             when looked.hard is null then looked.need + looked.more
             when looked.need >= looked.free then greatest(looked.free, 0)
             else looked.need + least(
               looked.more,
               trunc((looked.free - looked.need) / 4, case looked.unit when 'money' then 9 else 0 end))
           end as amount
      from looked),
  held as (
    update budget_periods as held
       set spent = held.spent + granted.spends, reserved = held.reserved + granted.amount - granted.had,
           changed_at = now()
      from granted
     where held.budget_id = granted.id and held.period = granted.period
       and (granted.spends <> 0 or granted.amount <> granted.had)),
  kept as (
    insert into budget_leases as own (process, budget_id, period, tenant_id, amount, report, renewed_at)
    select of_process, granted.id, granted.period, granted.tenant_id, granted.amount, granted.report, now()
      from granted
    on conflict (process, budget_id, period)
      do update set amount = excluded.amount, report = greatest(own.report, excluded.report),
                    renewed_at = excluded.renewed_at)
  select granted.id, granted.period, granted.amount, granted.free - granted.amount + granted.kept,
         granted.all_spent + granted.spends, granted.gone, granted.charges
    from granted;

  perform alert_budgets(array_agg(t.budget_id), array_agg(t.period))
     from json_to_recordset(given) as t(budget_id uuid, period text, spent numeric) where t.spent <> 0;
end
$$
"""
"""Reports what a process has spent of its leases, takes back what it gives back, and leases what it asks for.

Each object of `given` is about one budget in one period: `spent` since the last report, `back` is no longer
wanted, `need` has to be leased besides as far as there is room, and of what is left then a fourth at most, up
to `more`. Where the process believes to have something `leased` and has not, its lease has lapsed: what it
spent of it was charged then, or released, and is spent now in that case. It returns what is leased by the
process now, the `room` left for everybody and what is spent altogether; nothing of a budget that is gone.

A `report` has a number that rises. One that is sent again, as nobody heard the answer, is not counted again:
therefore the row of a lease stays when nothing is leased any more, until it lapses.

Periods' rows are locked in the order of their keys, before those of leases.
"""

LAPSE = """
create function lapse_leases(older interval, most int) returns int language plpgsql as $$
declare
  wanted uuid[]; named text[];
  freed jsonb;
  ended int;
begin
  select array_agg(budget_id), array_agg(period) into wanted, named
    from (select budget_id, period from budget_leases where renewed_at < now() - older
           order by renewed_at limit most) as old;
  if wanted is null then
    return 0;
  end if;
  perform from budget_periods as held
    where (held.budget_id, held.period) in (select * from unnest(wanted, named))
    order by held.budget_id, held.period for no key update;
  with gone as (
    delete from budget_leases as own
     where (own.budget_id, own.period) in (select * from unnest(wanted, named))
       and own.renewed_at < now() - older
    returning own.budget_id, own.period, own.amount)
  select jsonb_agg(total), sum(count) into freed, ended from (
    select gone.budget_id, gone.period, count(*) as count, sum(amount) as reserved,
           sum(case when budget.lost = 'charge' then amount else 0 end) as spent
      from gone left join budgets as budget on budget.id = gone.budget_id group by 1, 2) as total;
  if freed is not null then
    perform spend_budgets(freed);
  end if;
  return coalesce(ended, 0);
end
$$
"""
"""Charges or releases, as its budget says, each lease that nobody has renewed for so long; how many."""

STATEMENTS: tuple[str, ...] = (
    """
    create table usage (
      id uuid primary key,
      tenant_id text not null,
      at timestamptz not null,
      source text not null check (source in ('run', 'gateway')),
      provider text not null,
      model text not null,
      principal text not null,
      input_tokens bigint not null,
      output_tokens bigint not null,
      cache_read bigint not null,
      cache_write bigint not null,
      cost bigint not null,
      latency_ms real not null,
      latency_class smallint not null,
      outcome text not null,
      valid boolean,
      repairs int not null,
      streamed boolean not null,
      cached boolean not null,
      run_id uuid,
      step text not null,
      workflow text not null,
      agent text not null,
      prompt text not null,
      prompt_version text not null,
      experiment text not null,
      arm text not null
    )
    """,
    "create index usage_by_time on usage (tenant_id, at)",
    "create index usage_by_id on usage (tenant_id, id)",
    "create index usage_by_run on usage (run_id) where run_id is not null",
    "create index usage_by_prompt on usage (tenant_id, prompt, at) where prompt <> ''",
    "create index usage_by_age on usage using brin (at)",
    *of_tenants("usage", app="select", narrow=by_engagement("usage.run_id")),
    """
    create table budget_leases (
      process uuid not null,
      budget_id uuid not null,
      period text not null,
      tenant_id text not null,
      amount numeric not null,
      report bigint not null,
      renewed_at timestamptz not null default now(),
      primary key (process, budget_id, period)
    ) with (fillfactor = 50)
    """,
    "create index budget_leases_by_budget on budget_leases (budget_id)",
    *of_tenants("budget_leases", app="select"),
    LEASE,
    LAPSE,
)
"""Costs are billionths of a US dollar: summing numbers of any size takes twice as long as summing these."""

UNDO: tuple[str, ...] = (
    "drop function lapse_leases",
    "drop function lease_budgets",
    "drop table budget_leases",
    "drop table usage",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
