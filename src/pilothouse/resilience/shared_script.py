"""The breaker as a script of Redis: one step of it for each call, atomic, by the server's own time.

It does what `Breaker` does, and a test holds the two against each other. A breaker is a hash with its state
and totals, and a list: the outcomes of the last calls or, for a window of time, `second calls failed slow`.
"""

from __future__ import annotations

STEP = """
local key, ring = KEYS[1], KEYS[2]
local op, kind = ARGV[1], ARGV[2]
local size, minimum, row_limit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local failure_rate, slow_rate = tonumber(ARGV[6]), tonumber(ARGV[7])
local open_ms, probes, half_ms = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local told_era, failed, slow = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local names = {'state', 'era', 'until', 'calls', 'failed', 'slow', 'row', 'out', 'tried', 'allowed',
               'reason'}
local s = {}
for index, value in ipairs(redis.call('HMGET', key, unpack(names))) do
  s[names[index]] = value or '0'
end
if s.state == '0' then s.state, s.reason = 'closed', '' end
for _, name in ipairs(names) do
  if name ~= 'state' and name ~= 'reason' then s[name] = tonumber(s[name]) end
end

local function move(state, reason)
  redis.call('DEL', ring)
  s = {state = state, era = s.era + 1, calls = 0, failed = 0, slow = 0, row = 0, out = 0, tried = 0,
       allowed = probes, reason = reason}
  s['until'] = state == 'open' and now + open_ms or 0
end

local function leave(calls, bad, late)
  s.calls, s.failed, s.slow = s.calls - calls, s.failed - bad, s.slow - late
end

local function expire()
  local first = redis.call('LINDEX', ring, 0)
  while first do
    local second, calls, bad, late = string.match(first, '(%d+) (%d+) (%d+) (%d+)')
    if tonumber(second) > math.floor(now / 1000) - size then return end
    leave(tonumber(calls), tonumber(bad), tonumber(late))
    redis.call('LPOP', ring)
    first = redis.call('LINDEX', ring, 0)
  end
end

local function add()
  s.calls, s.failed, s.slow = s.calls + 1, s.failed + failed, s.slow + slow
  if kind == 'count' then
    redis.call('RPUSH', ring, failed + 2 * slow)
    if s.calls > size then
      local gone = tonumber(redis.call('LPOP', ring))
      leave(1, gone % 2, math.floor(gone / 2))
    end
    return
  end
  local this, last = math.floor(now / 1000), redis.call('LINDEX', ring, -1)
  local second, calls, bad, late = string.match(last or '', '(%d+) (%d+) (%d+) (%d+)')
  if second and tonumber(second) == this then
    redis.call('LSET', ring, -1, string.format('%d %d %d %d', this, calls + 1, bad + failed, late + slow))
  else
    redis.call('RPUSH', ring, string.format('%d %d %d %d', this, 1, failed, slow))
  end
  expire()
end

local function judge()
  if row_limit > 0 and s.row >= row_limit then
    return move('open', s.row .. ' calls in a row have failed.')
  end
  if s.calls < minimum then return end
  if s.failed > 0 and s.failed >= failure_rate * s.calls - 1e-9 then
    return move('open', s.failed .. ' of the last ' .. s.calls .. ' calls have failed.')
  end
  if s.slow > 0 and s.slow >= slow_rate * s.calls - 1e-9 then
    return move('open', s.slow .. ' of the last ' .. s.calls .. ' calls were slow.')
  end
end

local function probed()
  s.out, s.tried, s.calls = s.out - 1, s.tried + 1, s.calls + 1
  s.failed, s.slow = s.failed + failed, s.slow + slow
  if s.calls < s.allowed then return end
  local bad, rate = s.failed, failure_rate
  if s.slow / slow_rate > s.failed / failure_rate then bad, rate = s.slow, slow_rate end
  if bad > 0 and bad >= rate * s.calls - 1e-9 then
    if bad == 1 and s.calls > 1 then
      s.allowed = s.allowed + probes
    else
      move('open', bad .. ' of ' .. s.calls .. ' probes have failed or were slow.')
    end
  else
    move('closed', (s.calls - s.failed) .. ' of ' .. s.calls .. ' probes went well.')
  end
end

if s.state == 'open' and now >= s['until'] then
  move('half_open', 'It was open for long enough.')
elseif s.state == 'half_open' and s.out > 0 and now >= s['until'] then
  move('open', 'A probe has not come back in time.')
end
local allowed = 0
if op == 'admit' then
  if s.state == 'closed' then
    allowed = 1
  elseif s.state == 'half_open' and s.out + s.tried < s.allowed then
    s.out, s['until'], allowed = s.out + 1, now + half_ms, 1
  end
elseif op == 'reset' then
  move('closed', 'It was reset.')
elseif told_era == s.era then
  if op == 'release' then
    if s.state == 'half_open' then s.out = s.out - 1 end
  else
    if failed == 1 then s.row = s.row + 1 else s.row = 0 end
    if s.state == 'half_open' then
      probed()
    else
      add()
      judge()
    end
  end
end
local flat = {}
for _, name in ipairs(names) do
  flat[#flat + 1] = name
  flat[#flat + 1] = tostring(s[name])
end
redis.call('HSET', key, unpack(flat))
redis.call('PEXPIRE', key, 86400000)
redis.call('PEXPIRE', ring, 86400000)
return {allowed, s.state, s.era, math.max(0, s['until'] - now), s.reason}
"""
