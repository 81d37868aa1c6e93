-- What keys, users and teams have used and have reserved. One call works through a batch of items
-- in order; each item takes all of its windows or none.
--
-- ARGV[1], MessagePack: {now, lease, process, seq, ended, holders, items}
--   now      unix milliseconds, 0 for this server's clock
--   lease    milliseconds for which the process keeps what it has reserved
--   process  name of the process, '' for somebody who reserves nothing
--   seq      number of this call among those of the process, from 1
--   ended    names the process had before: what was reserved under them is void
--   holders  {name, parallel, requests per minute, tokens per minute, per day, per month}; -1: none
--   items    {operation, {index of a holder, ...}, ...}, see below
--
-- Answer, MessagePack: {1, now, {last seq of each ended name, ...}, {result, ...}}, or {0} when nothing
-- was done because the process is not known any more and has to come back under another name.
--
-- A holder is one document: days and months with what is settled in them, two rings of five-second
-- slots for the last minute, and for each process what it has reserved. A share whose process has
-- let its lease run out is dropped by whoever reads the document next.

local PREFIX = 'hearth:gateway:limits:'
local PROCESSES = PREFIX .. 'processes'
local SEEDED = PREFIX .. 'seeded'
local NOTICES = 'hearth:gateway:notices'

local SLOT, SLOTS = 5000, 13 -- the running slot and the twelve before it: a minute, rounded up
local DAY_MS = 86400000
local KEPT_MS = 40 * DAY_MS
local SEQ_KEPT_SECONDS = 7 * 86400
local NOTICES_KEPT = 1000

local PARALLEL, REQUESTS, MINUTE, DAY, MONTH = 1, 2, 3, 4, 5
local NEVER, RUNNING = -1, -2 -- instead of milliseconds to wait

local now, lease, process, seq, ended, holder_rows, items
do
  local batch = cmsgpack.unpack(ARGV[1])
  now, lease, process, seq = batch[1], batch[2], batch[3], batch[4]
  ended, holder_rows, items = batch[5], batch[6], batch[7]
end
if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Calendar, in UTC. A month is 12 * year + month - 1.

local function civil(day)
  local z = day + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor(
    (doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return year, month, doy - math.floor((153 * mp + 2) / 5) + 1
end

local months = {}
local function month_of(day)
  if not months[day] then
    local year, month = civil(day)
    months[day] = year * 12 + month - 1
  end
  return months[day]
end

local today = math.floor(now / DAY_MS)
local this_month = month_of(today)
local slot_now = math.floor(now / SLOT)
local day_ends = (today + 1) * DAY_MS

local function month_ends()
  local _, _, day_of_month = civil(today)
  local first_of_next = today - day_of_month + 1 + 28
  while month_of(first_of_next) == this_month do first_of_next = first_of_next + 1 end
  return first_of_next * DAY_MS
end

-- Processes.

local alive = {}
local rows = redis.call('HGETALL', PROCESSES)
for i = 1, #rows, 2 do
  if tonumber(rows[i + 1]) > now then
    alive[rows[i]] = true
  else
    redis.call('HDEL', PROCESSES, rows[i])
  end
end

local ended_seqs = {}
for i, name in ipairs(ended) do
  ended_seqs[i] = tonumber(redis.call('GET', PREFIX .. 'seq:' .. name) or '0')
  alive[name] = nil
  redis.call('HDEL', PROCESSES, name)
  -- A call of that name which is still on its way finds that the name was used up.
  redis.call('SET', PREFIX .. 'seq:' .. name, ended_seqs[i], 'EX', SEQ_KEPT_SECONDS)
end

if process ~= '' then
  local seq_key = PREFIX .. 'seq:' .. process
  local known = alive[process]
  if seq == 1 then known = redis.call('EXISTS', seq_key) == 0 end
  if not known then return cmsgpack.pack({0}) end
  redis.call('SET', seq_key, seq, 'EX', SEQ_KEPT_SECONDS)
  redis.call('HSET', PROCESSES, process, now + lease)
  alive[process] = true
end
