"""Budgets are accounted for once per transaction: what actions reserve and settle, in one function."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.statements import execute

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

ACCOUNT = """
create function account_budgets(given json) returns void language plpgsql as $$
declare
  places int[]; runs uuid[]; steps text[]; wanted uuid[]; named text[]; amounts numeric[]; exceeds boolean[];
  freed jsonb;
  missing boolean;
  short boolean;
  reached uuid[]; reached_in text[];
begin
  select array_agg(place), array_agg(run_id), array_agg(step), array_agg(budget_id), array_agg(period),
         array_agg(amount), array_agg(beyond)
    into places, runs, steps, wanted, named, amounts, exceeds
    from (select * from json_to_recordset(given) as t(
            place int, run_id uuid, step text, budget_id uuid, period text, amount numeric, beyond boolean)
           where budget_id is not null order by place, budget_id) as item;

  if coalesce(cardinality(wanted), 0) < json_array_length(given) then
    with item as (
      select distinct on (run_id, step) * from json_to_recordset(given) as t(
        run_id uuid, step text, budget_id uuid, succeeded boolean, money numeric, currency text,
        tokens numeric)
       where budget_id is null),
    gone as (
      delete from reservations as own using item
       where own.run_id = item.run_id and own.step = item.step
      returning own.budget_id, own.period, own.amount, item.succeeded::int as well, item.money, item.currency,
                item.tokens)
    select jsonb_agg(total) into freed from (
      select gone.budget_id, gone.period, -sum(amount) as reserved,
             sum(case when budget.unit = 'actions' then amount
                      when budget.unit = 'tokens' then coalesce(gone.tokens, amount * gone.well)
                      when gone.currency = budget.currency then gone.money
                      else amount * gone.well end) as spent
        from gone join budgets as budget on budget.id = gone.budget_id group by 1, 2) as total;
  end if;
  if wanted is null and freed is null then
    return;
  end if;
  freed := coalesce(freed, '[]');

  loop
    with needed as (
      select id, period, sum(amount) as amount, bool_or(is_new) as is_new from (
        select id, period, amount, true as is_new from unnest(wanted, named, amounts) as t(id, period, amount)
         union all
        select budget_id, period, reserved + spent, false
          from jsonb_to_recordset(freed) as t(budget_id uuid, period text, reserved numeric, spent numeric))
        as changed group by 1, 2),
    locked as materialized (
      select held.budget_id, held.period, held.spent + held.reserved as used
        from budget_periods as held join needed on held.budget_id = needed.id and held.period = needed.period
       order by held.budget_id, held.period for no key update of held)
    select bool_or(needed.is_new and locked.used is null), bool_or(locked.used + needed.amount > budget.hard)
      into missing, short
      from needed join budgets as budget on budget.id = needed.id
      left join locked on locked.budget_id = needed.id and locked.period = needed.period;
    exit when missing is not true;
    insert into budget_periods (budget_id, period, tenant_id, starts_at, ends_at)
    select distinct on (budget.id, t.period) budget.id, t.period, budget.tenant_id, t.starts_at, t.ends_at
      from json_to_recordset(given)
        as t(budget_id uuid, period text, starts_at timestamptz, ends_at timestamptz)
      join budgets as budget on budget.id = t.budget_id
     order by budget.id, t.period
    on conflict do nothing;
  end loop;

  if short and wanted is not null then
    perform refuse_budgets(places, runs, steps, wanted, named, amounts, exceeds, freed);
  end if;

  with made as (
    insert into reservations (run_id, step, budget_id, period, tenant_id, amount)
    select run_id, step, budget.id, t.period, budget.tenant_id, amount
      from unnest(runs, steps, wanted, named, amounts) as t(run_id, step, id, period, amount)
      join budgets as budget using (id)
    on conflict do nothing
    returning budget_id, period, amount),
  total as (
    select budget_id, period, sum(reserved) as reserved, sum(spent) as spent
      from (select budget_id, period, amount as reserved, 0 as spent from made
             union all
            select budget_id, period, reserved, spent
              from jsonb_to_recordset(freed)
                as t(budget_id uuid, period text, reserved numeric, spent numeric))
        as changed group by 1, 2),
  held as (
    update budget_periods as held
       set reserved = held.reserved + total.reserved, spent = held.spent + total.spent, changed_at = now()
      from total where held.budget_id = total.budget_id and held.period = total.period
    returning held.budget_id, held.period, held.spent, held.alerted)
  select array_agg(held.budget_id), array_agg(held.period) into reached, reached_in
    from held join budgets as budget on budget.id = held.budget_id
   where held.spent * 100 >= coalesce(budget.hard, budget.soft)
         * case when held.alerted < 50 then 50 when held.alerted < 80 then 80
                when held.alerted < 100 then 100 end;
  if reached is not null then
    perform alert_budgets(reached, reached_in);
  end if;
end
$$
"""
"""Accounts for all actions whose appends share a transaction, each an object with the `place` of its append.

With a budget it is a reservation: `run_id`, `step`, `budget_id`, `period`, `starts_at`, `ends_at`, `amount`
and whether it may go `beyond` the limit. An action is reserved for in all of its budgets or in none, and one
whose reservation is open reserves nothing more. Without a budget it is a settlement: `run_id`, `step`,
`succeeded`, and what the call really cost, if told: `money` in a `currency`, `tokens`. What failed has cost
nothing, but it was an action; where there is no reservation (any more), nothing changes.

Every period's row is locked once, in the order of keys, whether something is reserved, settled or both, and
changed once. What settles makes room for what is reserved.
"""

REFUSE = """
create function refuse_budgets(
  places int[], runs uuid[], steps text[], wanted uuid[], named text[], amounts numeric[], beyond boolean[],
  freed jsonb
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
  for asked in
    select given.place, given.amount, given.beyond, budget.name, budget.unit, budget.currency, budget.hard,
           held.spent + held.reserved + coalesce(back.spent + back.reserved, 0) as start, budget.id,
           budget.id || ' ' || given.period as of
      from unnest(places, runs, steps, wanted, named, amounts, beyond) with ordinality
           as given(place, run_id, step, id, period, amount, beyond, number)
      join budgets as budget using (id)
      join budget_periods as held on held.budget_id = given.id and held.period = given.period
      left join jsonb_to_recordset(freed)
           as back(budget_id uuid, period text, reserved numeric, spent numeric)
        on back.budget_id = given.id and back.period = given.period
     where not exists (select from reservations as own
                        where own.run_id = given.run_id and own.step = given.step
                          and own.budget_id = given.id)
     order by given.place, given.number
  loop
    if asked.place <> before then
      used := coalesce(taken, used);
      before := asked.place;
      fits := true;
      taken := used;
    end if;
    room := asked.hard - coalesce((coalesce(taken, used) ->> asked.of)::numeric, asked.start);
    if asked.amount > room and not asked.beyond then
      declined := declined || jsonb_build_object(
        'item', asked.place, 'source', 'budget:' || asked.id, 'reason',
        format('The budget %s has %s left, and %s is needed.', asked.name,
               told_budget(greatest(room, 0), asked.unit, asked.currency),
               told_budget(asked.amount, asked.unit, asked.currency)));
      fits := false;
      taken := null;
    elsif fits then
      taken := taken || jsonb_build_object(
        asked.of, coalesce((taken ->> asked.of)::numeric, asked.start) + asked.amount);
    end if;
  end loop;
  if jsonb_array_length(declined) > 0 then
    raise exception using errcode = 'PH001', message = 'budgets decline', detail = declined::text;
  end if;
end
$$
"""
"""Raises the error that names the appends that do not fit, in order, if any. The rows are locked by then."""

STATEMENTS = (REFUSE, ACCOUNT)
UNDO = ("drop function account_budgets", "drop function refuse_budgets")
"""`reserve_budgets` and `settle_budgets` stay for older processes, which work on while this is migrated."""


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
