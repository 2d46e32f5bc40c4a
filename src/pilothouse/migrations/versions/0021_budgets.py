"""Budgets, what is spent and reserved of them in each period, and the alerts about that."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_tenants
from pilothouse.migrations.statements import execute

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

RESERVE = """
create function reserve_budgets(
  items int[], runs uuid[], steps text[], wanted uuid[], named text[], opens timestamptz[],
  closes timestamptz[], amounts numeric[], beyond boolean[]
) returns void language plpgsql as $$
declare
  asked record;
  used jsonb := '{}';
  room numeric;
  before int := -1;
  fits boolean;
  taken jsonb;
  declined jsonb := '[]';
begin
  insert into budget_periods (budget_id, period, tenant_id, starts_at, ends_at)
  select distinct on (budget.id, given.period) budget.id, given.period, budget.tenant_id, given.opens,
         given.closes
    from unnest(wanted, named, opens, closes) as given(id, period, opens, closes)
    join budgets as budget using (id)
   where not exists (select from budget_periods as known
                      where known.budget_id = given.id and known.period = given.period)
   order by budget.id, given.period
  on conflict do nothing;

  perform from budget_periods as held
    where (held.budget_id, held.period) in (select id, period from unnest(wanted, named) as given(id, period))
    order by held.budget_id, held.period for no key update;

  if exists (
    select from (select id, period, sum(amount) as amount
                   from unnest(wanted, named, amounts) as given(id, period, amount) group by 1, 2) as total
      join budget_periods as held on held.budget_id = total.id and held.period = total.period
      join budgets as budget on budget.id = total.id
     where budget.hard is not null and held.spent + held.reserved + total.amount > budget.hard)
  then
    for asked in
      select given.item, given.amount, given.beyond, budget.name, budget.unit, budget.currency, budget.hard,
             held.spent + held.reserved as start, budget.id, budget.id || ' ' || given.period as place
        from unnest(items, runs, steps, wanted, named, amounts, beyond) with ordinality
             as given(item, run_id, step, id, period, amount, beyond, number)
        join budgets as budget using (id)
        join budget_periods as held on held.budget_id = given.id and held.period = given.period
       where not exists (select from reservations as own
                          where own.run_id = given.run_id and own.step = given.step
                            and own.budget_id = given.id)
       order by given.item, given.number
    loop
      if asked.item <> before then
        used := coalesce(taken, used);
        before := asked.item;
        fits := true;
        taken := used;
      end if;
      room := asked.hard - coalesce((coalesce(taken, used) ->> asked.place)::numeric, asked.start);
      if asked.amount > room and not asked.beyond then
        declined := declined || jsonb_build_object(
          'item', asked.item, 'source', 'budget:' || asked.id, 'reason',
          format('The budget %s has %s left, and %s is needed.', asked.name,
                 told_budget(greatest(room, 0), asked.unit, asked.currency),
                 told_budget(asked.amount, asked.unit, asked.currency)));
        fits := false;
        taken := null;
      elsif fits then
        taken := taken || jsonb_build_object(
          asked.place, coalesce((taken ->> asked.place)::numeric, asked.start) + asked.amount);
      end if;
    end loop;
    if jsonb_array_length(declined) > 0 then
      raise exception using errcode = 'PH001', message = 'budgets decline', detail = declined::text;
    end if;
  end if;

  with made as (
    insert into reservations (run_id, step, budget_id, period, tenant_id, amount)
    select run_id, step, budget.id, given.period, budget.tenant_id, amount
      from unnest(runs, steps, wanted, named, amounts) as given(run_id, step, id, period, amount)
      join budgets as budget using (id)
    on conflict do nothing
    returning budget_id, period, amount)
  update budget_periods as held set reserved = held.reserved + total.amount, changed_at = now()
    from (select budget_id, period, sum(amount) as amount from made group by 1, 2) as total
   where held.budget_id = total.budget_id and held.period = total.period;
end
$$
"""
"""Reserves for many actions at once: each all or nothing, over every budget that applies to it.

The periods' rows are locked in the order of their keys, once for all actions together. Where they do not all
fit, nothing is changed and the error's detail names those that do not, taken in order; who calls it does so
again without them. An action whose reservation is open reserves nothing more.
"""

SETTLE = """
create function settle_budgets(
  items int[], runs uuid[], steps text[], succeeded boolean[], moneys numeric[], currencies text[],
  tokens numeric[]
) returns void language plpgsql as $$
declare
  freed jsonb;
begin
  with given as (
    select distinct on (run_id, step) * from unnest(runs, steps, succeeded, moneys, currencies, tokens)
      as t(run_id, step, well, money, money_in, counted)),
  gone as (
    delete from reservations as own using given
     where own.run_id = given.run_id and own.step = given.step
    returning own.budget_id, own.period, own.amount, given.well::int as well, given.money, given.money_in,
              given.counted)
  select jsonb_agg(total) into freed from (
    select gone.budget_id, gone.period, sum(amount) as reserved,
           sum(case when budget.unit = 'actions' then amount
                    when budget.unit = 'tokens' then coalesce(gone.counted, amount * gone.well)
                    when gone.money_in = budget.currency then gone.money
                    else amount * gone.well end) as spent
      from gone join budgets as budget on budget.id = gone.budget_id group by 1, 2) as total;
  if freed is not null then
    perform spend_budgets(freed);
  end if;
end
$$
"""
"""Turns reservations into what was spent: what the call really cost, if told, else what was reserved.

What failed has cost nothing, but it was an action. Where there is no reservation (any more), nothing changes.
"""

SPEND = """
create function spend_budgets(freed jsonb) returns void language plpgsql as $$
begin
  perform from budget_periods as held
     join jsonb_to_recordset(freed) as total(budget_id uuid, period text) using (budget_id, period)
    order by held.budget_id, held.period for no key update of held;
  update budget_periods as held
     set spent = held.spent + total.spent, reserved = held.reserved - total.reserved, changed_at = now()
    from jsonb_to_recordset(freed) as total(budget_id uuid, period text, reserved numeric, spent numeric)
   where held.budget_id = total.budget_id and held.period = total.period;
  perform alert_budgets(array_agg(budget_id), array_agg(period))
     from jsonb_to_recordset(freed) as total(budget_id uuid, period text);
end
$$
"""

ALERT = """
create function alert_budgets(wanted uuid[], named text[]) returns void language plpgsql as $$
begin
  with crossed as (
    select held.budget_id, held.period, held.tenant_id, held.spent, limited.at_most, level
      from unnest(wanted, named) as given(id, period)
      join budget_periods as held on held.budget_id = given.id and held.period = given.period
      join budgets as budget on budget.id = given.id
           cross join lateral (select coalesce(budget.hard, budget.soft) as at_most) as limited
           cross join unnest(array[50, 80, 100]) as level
     where held.alerted < level and held.spent * 100 >= limited.at_most * level),
  noted as (
    update budget_periods as held set alerted = highest.level
      from (select budget_id, period, max(level) as level from crossed group by 1, 2) as highest
     where held.budget_id = highest.budget_id and held.period = highest.period)
  insert into budget_alerts (budget_id, period, tenant_id, level, spent, at_most)
  select budget_id, period, tenant_id, level, spent, at_most from crossed
  on conflict do nothing;
end
$$
"""
"""Makes the alerts of the levels that a period has reached, each once."""

EXHAUSTED = """
create function exhaust_budgets(items int[], wanted uuid[], named text[]) returns void language sql as $$
  insert into budget_alerts (budget_id, period, tenant_id, level, spent, at_most)
  select distinct on (held.budget_id, held.period) held.budget_id, held.period, held.tenant_id, 100,
         held.spent + held.reserved, budget.hard
    from unnest(wanted, named) as given(id, period)
    join budget_periods as held on held.budget_id = given.id and held.period = given.period
    join budgets as budget on budget.id = given.id
   where budget.hard is not null
   order by held.budget_id, held.period
  on conflict do nothing
$$
"""
"""Makes the alert of 100 % for budgets that have denied something, however little is left of them."""

RECLAIM = """
create function reclaim_budgets(before timestamptz, most int) returns int language plpgsql as $$
declare
  freed jsonb;
  closed int;
begin
  with lost as (
    select own.run_id, own.step, own.budget_id
      from reservations as own left join runs on runs.id = own.run_id
     where own.made_at < before
       and (runs.id is null or runs.status in ('completed', 'failed', 'cancelled'))
     limit most for update of own skip locked),
  gone as (
    delete from reservations as own using lost
     where own.run_id = lost.run_id and own.step = lost.step and own.budget_id = lost.budget_id
    returning own.budget_id, own.period, own.amount)
  select jsonb_agg(total), sum(count) into freed, closed from (
    select gone.budget_id, gone.period, count(*) as count, sum(amount) as reserved,
           sum(case when budget.lost = 'charge' then amount else 0 end) as spent
      from gone left join budgets as budget on budget.id = gone.budget_id group by 1, 2) as total;
  if freed is not null then
    perform spend_budgets(freed);
  end if;
  return coalesce(closed, 0);
end
$$
"""
"""Closes reservations whose runs have ended, or are gone, without the outcome; returns how many."""

TOLD = """
create function told_budget(amount numeric, unit text, currency text) returns text
language sql immutable as $$
  select case unit when 'money' then trim(to_char(amount, 'FM999999999999990.00')) || ' ' || currency
              else trim_scale(amount) || ' ' || case when amount = 1 then rtrim(unit, 's') else unit end end
$$
"""

STATEMENTS: tuple[str, ...] = (
    """
    create table budgets (
      id uuid primary key,
      tenant_id text not null,
      name text not null,
      scope text not null check (scope in ('tenant', 'engagement', 'workflow', 'agent', 'run', 'key')),
      subject text not null default '',
      unit text not null check (unit in ('money', 'tokens', 'actions')),
      currency text,
      period text not null check (period in ('run', 'hour', 'day', 'month')),
      time_zone text not null default 'UTC',
      soft numeric check (soft >= 0),
      hard numeric check (hard >= 0),
      beyond text not null default 'deny' check (beyond in ('deny', 'approval')),
      role text,
      lost text not null default 'charge' check (lost in ('charge', 'release')),
      made_by text not null,
      created_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      unique (tenant_id, name),
      check ((currency is not null) = (unit = 'money')),
      check (soft is not null or hard is not null),
      check ((role is not null) = (beyond = 'approval'))
    )
    """,
    """
    create table budget_periods (
      budget_id uuid not null references budgets on delete cascade,
      period text not null,
      tenant_id text not null,
      starts_at timestamptz,
      ends_at timestamptz,
      spent numeric not null default 0,
      reserved numeric not null default 0,
      alerted int not null default 0,
      changed_at timestamptz not null default now(),
      primary key (budget_id, period)
    ) with (fillfactor = 20)
    """,
    """
    create table reservations (
      run_id uuid not null,
      step text not null,
      budget_id uuid not null,
      period text not null,
      tenant_id text not null,
      amount numeric not null,
      made_at timestamptz not null default now(),
      primary key (run_id, step, budget_id)
    )
    """,
    """
    create table budget_days (
      budget_id uuid not null references budgets on delete cascade,
      day date not null,
      tenant_id text not null,
      period text not null,
      spent numeric not null,
      primary key (budget_id, day)
    )
    """,
    """
    create table budget_alerts (
      id bigint generated always as identity primary key,
      budget_id uuid not null references budgets on delete cascade,
      period text not null,
      tenant_id text not null,
      level int not null,
      spent numeric not null,
      at_most numeric not null,
      at timestamptz not null default now(),
      told_at timestamptz,
      unique (budget_id, period, level)
    )
    """,
    "create index reservations_by_budget on reservations (budget_id)",
    "create index reservations_by_age on reservations (made_at)",
    "create index budget_alerts_untold on budget_alerts (id) where told_at is null",
    # No reservation refers to its budget's row: to check that at each would lock the row of all of them.
    *of_tenants("budgets"),
    # What is spent and reserved the engine writes alone: whoever sets a budget cannot pretend otherwise.
    *of_tenants("budget_periods", app="select"),
    *of_tenants("reservations", app="select"),
    *of_tenants("budget_days", app="select"),
    *of_tenants("budget_alerts", app="select"),
    TOLD,
    ALERT,
    SPEND,
    RESERVE,
    SETTLE,
    RECLAIM,
    EXHAUSTED,
)
UNDO: tuple[str, ...] = (
    "drop function exhaust_budgets",
    "drop function reclaim_budgets",
    "drop function settle_budgets",
    "drop function reserve_budgets",
    "drop function spend_budgets",
    "drop function alert_budgets",
    "drop function told_budget",
    "drop table budget_alerts",
    "drop table budget_days",
    "drop table reservations",
    "drop table budget_periods",
    "drop table budgets",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
