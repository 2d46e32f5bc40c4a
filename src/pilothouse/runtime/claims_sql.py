"""The claim: which queued runs a worker executes next, and the lock that puts all claims in order."""

from __future__ import annotations

KEY = "x'636c61696d73'::bigint"
"""The advisory lock that all claims of an installation take: `claims` in hexadecimal."""

FREE = f"""
select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)
 where locktype = 'advisory' and granted and objsubid = 1
   and database = (select oid from pg_database where datname = current_database())
   and (classid::bigint << 32 | objid::bigint) = {KEY}
   and wait_event = 'ClientRead' and state_change < clock_timestamp() - interval '0.5 seconds'
"""  # noqa: S608 - the key is a constant
"""Ends the session that holds the lock and sends no claim: its process is frozen, or cut off in between."""

_TAKE = """
locked as materialized (
  select id, changed_at from runs where id = any(array(select id from chosen)) and status = concat('queued')
     for no key update skip locked),
claimed as (
  update runs set epoch = epoch + 1, status = 'running', worker_id = %(worker)s, wake_at = null,
                  changed_at = now()
    from locked where runs.id = locked.id
  returning runs.id, runs.tenant_id, runs.pin, runs.epoch, runs.wakes, runs.principal,
            runs.cancel_requested, runs.request_id, runs.traceparent, runs.personal,
            runs.engagement_id, runs.untrusted, runs.injection,
            greatest(extract(epoch from now() - locked.changed_at), 0)::float8 as waited)"""

# `concat` keeps the planner from proving that an index of queued runs serves: the id is to be looked up.

_FOUND = """chosen.id, claimed.tenant_id, claimed.pin, claimed.epoch, claimed.wakes, claimed.principal,
       claimed.cancel_requested, claimed.request_id, claimed.traceparent, claimed.waited,
       claimed.personal, claimed.engagement_id, claimed.untrusted, claimed.injection"""

_PLAIN = """
with ends as materialized (
  select least.tenant_id as low, greatest.tenant_id as high
    from unnest(%(pins)s::text[]) as wanted(pin)
         cross join lateral (select tenant_id from runs where status = 'queued' and runs.pin = wanted.pin
                              order by tenant_id limit 1) as least
         cross join lateral (select tenant_id from runs where status = 'queued' and runs.pin = wanted.pin
                              order by tenant_id desc limit 1) as greatest),
situation as materialized (
  select min(low) as tenant_id,
         coalesce(min(low) < max(high), false) or exists (select from limits) as crowded from ends),
chosen as materialized (
  select first.id from unnest(%(pins)s::text[]) as wanted(pin) cross join lateral (
    select id, priority from runs
     where status = 'queued' and runs.pin = wanted.pin
       and runs.tenant_id = (select tenant_id from situation) and id <> all(%(avoid)s::uuid[])
     order by priority desc, id limit %(slots)s) as first
   where not (select crowded from situation)
     and ALIVE(situation)
     and not exists (select from tenants
                      where id = (select tenant_id from situation) and tenants.status <> 'active')
   order by priority desc, id limit %(slots)s),
TAKE
select crowded, null::text as since, null::float8 as held, FOUND
  from situation left join chosen on true left join claimed on claimed.id = chosen.id
"""

_HEADS = """
  select head.*, 0 as depth from unnest(%(pins)s::text[]) as wanted(pin) cross join lateral (
    select pin, tenant_id, id from runs
     where status = 'queued' and runs.pin = wanted.pin and tenant_id >= %(since)s
       and id <> all(%(avoid)s::uuid[])
     order by tenant_id, priority desc, id limit 1) as head
  union all
  select head.*, depth + 1 from walk cross join lateral (
    select pin, tenant_id, id from runs
     where status = 'queued' and runs.pin = walk.pin and tenant_id > walk.tenant_id
       and id <> all(%(avoid)s::uuid[])
     order by tenant_id, priority desc, id limit 1) as head
"""

_ONE_HEAD = """
  select pin, tenant_id, id, 0 as depth from runs
   where id = %(only)s and status = 'queued' and pin = any(%(pins)s::text[])
"""

_CLAIM = """
with recursive
walk as (HEADS),
lane as materialized (
  select pin, tenant_id, split_part(pin, '@', 1) as workflow, depth from walk limit %(lanes)s),
situation as materialized (
  select min(tenant_id) < max(tenant_id) as shared, exists (select from limits) as limited,
         clock_timestamp() as present,
         case when count(*) >= %(lanes)s then max(depth) - 1 end as since from lane),
busy as materialized (
  select tenant_id, workflow, count(*)::int as runs from runs
   where status = 'running' and (select shared or limited from situation) group by 1, 2),
bound as materialized (
  select lane.pin, lane.tenant_id as tenant, workflow_of.workflow, concurrency, rate, per_seconds,
         case when scope = 'installation' then 'installation' else 'tenant' end as scope,
         case when scope = 'installation' then '' else lane.tenant_id end as counted
    from lane join limits as workflow_of
      on workflow_of.workflow in ('*', lane.workflow)
     and (scope = 'installation' or scope = 'tenant' and workflow_of.tenant_id = lane.tenant_id
          or scope = 'each_tenant' and not exists (
               select from limits as own where own.scope = 'tenant' and own.tenant_id = lane.tenant_id
                  and own.workflow = workflow_of.workflow))),
pool as materialized (
  select row_number() over ()::int as number, found.* from (
    select scope, counted, workflow, false as starts, null::float8 as tokens, null::float8 as pace,
           concurrency - coalesce((
             select sum(runs) from busy where (scope = 'installation' or busy.tenant_id = counted)
                and bound.workflow in ('*', busy.workflow)), 0) as room
      from bound where concurrency is not null group by scope, counted, workflow, concurrency
    union all
    select scope, counted, workflow, true, tokens, pace, floor(tokens) from (
      select scope, counted, workflow, rate::float8 / per_seconds as pace,
             least(rate, coalesce((
               select level.tokens + rate::float8 / per_seconds * case when at <= present
                        then extract(epoch from present - at)::float8 else per_seconds end
                 from limit_tokens as level
                where level.scope = bound.scope and level.tenant_id = counted
                  and level.workflow = bound.workflow), rate))::float8 as tokens
        from bound cross join situation where rate is not null
       group by scope, counted, workflow, rate, per_seconds, present) as rated) as found),
free as materialized (
  select pin, tenant_id, always, at_start, room, starts from (
    select lane.pin, lane.tenant_id, min(pool.room) filter (where not pool.starts) as room,
           min(pool.room) filter (where pool.starts) as starts,
           array_agg(number) filter (where not pool.starts) as always,
           array_agg(number) filter (where pool.starts) as at_start
      from lane left join bound on bound.pin = lane.pin and bound.tenant = lane.tenant_id
           left join pool on pool.scope = bound.scope and pool.counted = bound.counted
                         and pool.workflow = bound.workflow
     group by lane.pin, lane.tenant_id) as lane
   where not exists (select from tenants where id = lane.tenant_id and tenants.status <> 'active')
     and ALIVE(lane)
     and (room > 0) is not false and ((starts > 0) is not false or exists (
     select from runs where status = 'queued' and epoch > 0 and runs.pin = lane.pin
        and runs.tenant_id = lane.tenant_id and id <> all(%(avoid)s::uuid[])))),
tenant as materialized (
  select tenant_id, runs, rank() over (order by runs) as place, nth_value(runs, %(slots)s) over (
           order by runs rows between unbounded preceding and unbounded following) as ceiling
    from (select tenant_id, coalesce((select sum(busy.runs) from busy
                                       where busy.tenant_id = free.tenant_id), 0) as runs
            from free group by tenant_id) as counted),
candidate as materialized (
  select waiting.id, waiting.priority, lane.tenant_id, tenant.runs,
         case when fresh then always || at_start else always end as pools, fresh
    from free as lane join tenant on tenant.tenant_id = lane.tenant_id cross join lateral (
      select least(%(slots)s + 1 - place, ceiling + 1 - runs, room)::int as most) as share
    cross join lateral (
      (select id, priority, true as fresh from runs
        where status = 'queued' and runs.pin = lane.pin and runs.tenant_id = lane.tenant_id ONLY
          and id <> all(%(avoid)s::uuid[])
        order by priority desc, id limit case when starts is null then most else 0 end)
      union all
      (select id, priority, true from runs
        where status = 'queued' and runs.pin = lane.pin and runs.tenant_id = lane.tenant_id ONLY
          and id <> all(%(avoid)s::uuid[]) and epoch = 0
        order by priority desc, id limit case when starts is null then 0 else least(most, starts) end)
      union all
      (select id, priority, false from runs
        where status = 'queued' and runs.pin = lane.pin and runs.tenant_id = lane.tenant_id ONLY
          and id <> all(%(avoid)s::uuid[]) and epoch > 0
        order by priority desc, id limit case when starts is null then 0 else most end)) as waiting
   where most > 0),
ranked as materialized (
  select id, pools, fresh, row_number() over (order by level, id)::int as place from (
    select *, runs + row_number() over (partition by tenant_id order by priority desc, id) as level
      from candidate) as levelled),
deck as materialized (
  select array_agg(id order by place) as ids, count(*)::int as size,
         array_agg(pools || array_fill(0, array[8 - cardinality(pools)]) order by place) as pools
    from (select id, place, coalesce(pools, '{}'::int[]) as pools from ranked
           where (select limited from situation)) as cards),
pick as (
  select 0 as place, (select array_agg(room::int order by number) from pool) as rooms, null::uuid as id,
         0 as taken from deck where size > 0
  union all
  select pick.place + 1, case when fits then (
           select array_agg(room - (number = any(mine))::int order by number)
             from unnest(rooms) with ordinality as left_over(room, number)) else rooms end,
         case when fits then deck.ids[pick.place + 1] end, taken + fits::int
    from pick cross join deck
         cross join lateral (select deck.pools[pick.place + 1:pick.place + 1] as mine) as card
         cross join lateral (
           select not exists (select from unnest(mine) as number where rooms[number] < 1) as fits) as judged
   where pick.place < size and taken < %(slots)s),
chosen as materialized (
  select id from pick where id is not null
  union all
  select id from ranked where place <= %(slots)s and not (select limited from situation)),
TAKE,
spent as (
  insert into limit_tokens as level (scope, tenant_id, workflow, tokens, at)
  select scope, counted, workflow, tokens - used, present from situation cross join pool join (
      select number, count(*) as used from claimed join ranked on ranked.id = claimed.id
             cross join lateral unnest(pools) as number
       group by number) as users on users.number = pool.number
   where starts
  on conflict (scope, tenant_id, workflow) do update set tokens = excluded.tokens, at = excluded.at)
select coalesce(shared, false) or limited as crowded,
       (select min(tenant_id) from lane where depth = since) as since,
       (select min((1 - tokens) / pace) from pool where starts and tokens < 1) as held, FOUND
  from situation left join chosen on true left join claimed on claimed.id = chosen.id
"""


def _alive(tenant: str, pin: str) -> str:
    """That no kill switch holds the runs of a workflow for a tenant: those of `Switches.holds`."""
    return f"""not exists (
       select from kills where ended_at is null and (until is null or until > now())
          and kills.tenant_id in ('', {tenant})
          and (kind in ('everything', 'tenant') or kind = 'workflow' and name = split_part({pin}, '@', 1)))"""


def _with_parts(statement: str, heads: str = "", only: str = "") -> str:
    parts = {"HEADS": heads, "ONLY": only, "TAKE": _TAKE, "FOUND": _FOUND}
    parts["ALIVE(situation)"] = _alive("(select tenant_id from situation)", "wanted.pin")
    parts["ALIVE(lane)"] = _alive("lane.tenant_id", "lane.pin")
    for name, text in parts.items():
        statement = statement.replace(name, text)
    return statement


PLAIN = _with_parts(_PLAIN)
"""Claims the most urgent and oldest runs, where only one tenant's are queued and nothing limits them.

Everybody's claim until it says `crowded`: it takes a third of the time of `CLAIM`.
"""

CLAIM = _with_parts(_CLAIM, _HEADS)
"""Claims within every limit, the tenant with the fewest running first; in a tenant by priority, then by age.

A lane is what is queued for one pin by one tenant: the heads of the lanes are found by skipping through the
index, so that runs which this worker cannot execute cost nothing. A limit and those it counts together are
a pool, with room for some more runs and, where it has a rate, with tokens for some more starts. The
candidates are dealt in order, and each is taken whose pools have room left.
"""

CLAIM_ONE = _with_parts(_CLAIM, _ONE_HEAD, "and id = %(only)s")
"""As `CLAIM`, for one run and no other."""
