"""The one statement that writes rows of usage, and the one that removes old ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import orjson

from pilothouse.runtime.connection import Lane

_COLUMNS = """
id, tenant_id, at, source, provider, model, principal, input_tokens, output_tokens, cache_read, cache_write,
cost, latency_ms, latency_class, outcome, valid, repairs, streamed, cached, run_id, step, workflow, agent,
prompt, prompt_version, experiment, arm
"""
INSERT = f"""
insert into usage ({_COLUMNS})
select {_COLUMNS} from json_to_recordset(%s::json) as given(
  id uuid, tenant_id text, at timestamptz, source text, provider text, model text, principal text,
  input_tokens bigint, output_tokens bigint, cache_read bigint, cache_write bigint, cost bigint,
  latency_ms real, latency_class smallint, outcome text, valid boolean, repairs int, streamed boolean,
  cached boolean, run_id uuid, step text, workflow text, agent text, prompt text, prompt_version text,
  experiment text, arm text)
on conflict do nothing
"""  # noqa: S608 - names of our own
"""Its parameter is a JSON list of rows. What is there already stays as it is."""

_FORGET = """
with gone as (
  delete from usage where id = any(array(select id from usage where at < %s limit %s for update skip locked))
  returning id)
select count(*) from gone
"""


async def write(lane: Lane, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows, all or none. Raises `DatabaseUnavailable`."""
    await lane.rows(INSERT, (orjson.dumps(rows).decode(),))


async def forget(lane: Lane, before: dt.datetime, most: int) -> int:
    """Remove rows from before a moment, of all tenants, at most so many; returns how many."""
    ((count,),) = await lane.rows(_FORGET, (before, most))
    return int(count)
