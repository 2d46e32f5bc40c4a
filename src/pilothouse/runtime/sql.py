"""The statements of the engine's hot path. Each is one transaction for any number of runs."""

from __future__ import annotations

SUBMIT = """
with item as (
  select * from unnest(%s::uuid[], %s::text[], %s::text[], %s::int[], %s::smallint[], %s::text[], %s::text[],
                       %s::bytea[], %s::smallint[], %s::bytea[], %s::jsonb[], %s::text[], %s::text[],
                       %s::uuid[], %s::uuid[], %s::boolean[], %s::boolean[], %s::boolean[])
    as t(id, tenant_id, workflow, version, priority, principal, idempotency_key, input_digest, codec,
         payload, labels, request_id, traceparent, schedule_id, engagement_id, personal, untrusted,
         injection)),
run as (
  insert into runs (id, tenant_id, workflow, version, pin, status, priority, principal, idempotency_key,
                    input_digest, seq, labels, request_id, traceparent, schedule_id, engagement_id,
                    personal, untrusted, injection)
  select id, tenant_id, workflow, version, workflow || '@' || version, 'queued', priority, principal,
         idempotency_key, input_digest, 1, labels, request_id, traceparent, schedule_id, engagement_id,
         personal, untrusted, injection
    from item order by id
  on conflict do nothing
  returning id),
entry as (
  insert into journal (run_id, seq, tenant_id, kind, key, codec, payload, request_id)
  select item.id, 1, item.tenant_id, 'submitted', '', item.codec, item.payload, item.request_id
    from item join run using (id)
  returning run_id),
told as (select pg_notify('pilothouse_runs', ''))
select entry.run_id from entry, told
"""
"""Submits runs. A run whose idempotency key is taken, or whose id (a schedule's fire), yields no row."""

READ = """
select run_id, kind, key, payload, digest, codec, seq, at from journal
 where run_id = any(%s::uuid[]) and seq > %s order by run_id, seq
"""
"""The journals of runs, from a sequence number on."""

_APPENDED = """
with item as (
  select * from unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::smallint[], %s::bytea[],
                       %s::bytea[])
    with ordinality as t(run_id, epoch, kind, key, codec, payload, digest, place)),
turn as (
  select * from unnest(%s::uuid[], %s::int[], %s::text[], %s::int[], %s::timestamptz[], %s::boolean[])
    as t(run_id, epoch, status, wakes, wake_at, unless_woken)),
counted as (
  select run_id, epoch, count(*)::int as entries, count(*) filter (where kind <> 'started') as advances
    from item group by 1, 2),
owned as materialized (
  select id from runs where id = any(select run_id from turn) order by id for no key update),
run as (
  update runs set
      seq = runs.seq + coalesce(counted.entries, 0), changed_at = now(),
      losses = case when turn.status is not null or counted.advances > 0 then 0 else runs.losses end,
      status = case when turn.status = 'waiting' and runs.wakes <> turn.wakes then 'queued'
                    else coalesce(turn.status, runs.status) end,
      wake_at = case when turn.status is null then runs.wake_at else turn.wake_at end,
      worker_id = case when turn.status is null then runs.worker_id end,
      finished_at = case when turn.status in ('completed', 'failed', 'cancelled') then now() end
    from turn left join counted using (run_id, epoch), owned
   where runs.id = turn.run_id and owned.id = runs.id
     and runs.epoch = turn.epoch and runs.status = 'running'
     and (not turn.unless_woken or runs.wakes = turn.wakes)
  returning runs.id, runs.tenant_id, runs.epoch, runs.status, runs.request_id,
            runs.seq - coalesce(counted.entries, 0) as base),
entry as (
  insert into journal (run_id, seq, tenant_id, kind, key, codec, payload, digest, request_id)
  select item.run_id, run.base + row_number() over (partition by item.run_id order by item.place),
         run.tenant_id, item.kind, item.key, item.codec, item.payload, item.digest, run.request_id
    from item join run on run.id = item.run_id and run.epoch = item.epoch
  returning run_id),
told as (
  select pg_notify('pilothouse_journal', string_agg(id::text, ','))
    from (select id, (row_number() over () - 1) / 200 as page from run) as paged group by page),
requeued as (select pg_notify('pilothouse_runs', '') from run where status = 'queued' limit 1)
select run.id, run.epoch, run.base, run.status, (select count(*) from told), (select count(*) from requeued)
"""

APPEND = _APPENDED + "from run"
"""Appends entries of many runs and moves the runs' states.

A run whose epoch was raised by another claim yields no row: that turn is fenced. Rows are locked in the
order of their ids, so that two batches cannot deadlock. A run that would wait but was woken since it was
claimed is queued instead. That a step has started is no advance: a step that kills its worker starts, too.
"""

APPEND_WHOLE = f"""{_APPENDED}
from (select insist_on_turns((select count(*) from run), (select count(*) from turn))) as insisted
     left join run on true
"""  # noqa: S608 - a text of our own
"""As `APPEND`, and where a turn is fenced it raises an error with the SQLSTATE `FENCES`."""

WAKE_TIMERS = """
with due as (
  select id from runs where status = 'waiting' and wake_at <= %s order by wake_at limit %s
     for no key update skip locked),
woken as (
  update runs set status = 'queued', wake_at = null, changed_at = now()
   where runs.id = any(array(select id from due))
  returning runs.id),
told as (select pg_notify('pilothouse_runs', '') from woken limit 1)
select (select count(*) from woken), (select count(*) from told),
       (select min(wake_at) from runs where status = 'waiting' and wake_at > %s)
"""
"""Queues the waiting runs whose time has come by the caller's clock, which is the one that set `wake_at`.

Returns how many, a number without meaning, and when the next one is due. The runs are named by an array: in a
join, statistics of a busier time would have all of them read.
"""

_TAKE_OVER = """
with gone as materialized (
  delete from workers
   where now() - greatest(heartbeat_at, pg_postmaster_start_time()) > %s * interval '1 second'
      or now() - greatest(heartbeat_at, pg_postmaster_start_time()) > %s * interval '1 second'
         and not exists (
           select 1 from pg_locks where locktype = 'advisory' and granted
              and database = (select oid from pg_database where datname = current_database())
              and (classid::bigint << 32 | objid::bigint) = workers.lock_key)
  returning id),
lost as (
  select runs.id from runs where status = 'running' and THEIRS
   order by runs.id for no key update skip locked),
taken as (
  update runs set status = case when losses < most then 'queued' else 'running' end,
                  worker_id = case when losses >= most then taker end,
                  epoch = epoch + 1, losses = losses + 1, seq = seq + 1, changed_at = now()
    from (select %s::int as most, %s::uuid as taker) as given where runs.id = any(array(select id from lost))
  returning runs.id, runs.tenant_id, runs.seq, runs.losses, runs.request_id),
entry as (
  insert into journal (run_id, seq, tenant_id, kind, key, payload, request_id)
  select id, seq, tenant_id, 'run_lost', '', convert_to('{"losses":' || losses || '}', 'UTF8'), request_id
    from taken
  returning run_id),
told as (
  select pg_notify('pilothouse_journal', run_id::text), pg_notify('pilothouse_runs', '') from entry)
select id, losses, (select count(*) from told) from taken
"""
TAKE_OVER = _TAKE_OVER.replace("THEIRS", "worker_id = any(array(select id from gone))")
"""Queues the runs of dead workers again; the raised epoch fences whoever still executes them.

Dead is a worker whose heartbeat is older than the lease, or whose session is gone and has been for a moment.
After the database was away the time counts from its return, so that workers can report back. A run that
has lost too many workers is not queued: it is the taker's, which fails it.
"""

TAKE_OVER_ALL = _TAKE_OVER.replace(
    "THEIRS",
    """(worker_id = any(array(select id from gone))
        or not exists (select 1 from workers where workers.id = runs.worker_id))""",
)
"""As `TAKE_OVER`, and the runs of workers that are on no list any more: it reads every run under way."""

RELEASE = """
with given as (
  update runs set status = 'queued', worker_id = null, epoch = epoch + 1, changed_at = now()
   where worker_id = %s and status = 'running' and not id = any(%s::uuid[])
  returning id),
told as (select pg_notify('pilothouse_runs', '') from given limit 1)
select (select count(*) from given), (select count(*) from told)
"""
"""Gives back the runs that are this worker's, but for those it executes."""

HEARTBEAT = """
insert into workers (id, lock_key, pins, host, pid, labels, version, slots, draining, heartbeat_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, now())
    on conflict (id) do update set heartbeat_at = now(), draining = excluded.draining
"""
"""Says that a worker lives, and whether it still claims."""

CANCELS = "select id from runs where worker_id = %s and status = 'running' and cancel_requested"
"""Runs of this worker that somebody asked to cancel."""
