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

-- Rings: {slot, amount, slot, amount, ...}, oldest first.

local function pruned(ring)
  local kept, total = {}, 0
  for i = 1, #ring, 2 do
    if ring[i] > slot_now - SLOTS then
      kept[#kept + 1], kept[#kept + 2] = ring[i], ring[i + 1]
      total = total + ring[i + 1]
    end
  end
  return kept, total
end

local function add(ring, amount)
  local last = #ring
  if last > 0 and ring[last - 1] >= slot_now then
    ring[last] = ring[last] + amount
  else
    ring[last + 1], ring[last + 2] = slot_now, amount
  end
end

local function take_back(ring, slot, amount)
  for i = 1, #ring, 2 do
    if ring[i] == slot then
      local taken = math.min(amount, ring[i + 1])
      ring[i + 1] = ring[i + 1] - taken
      return taken
    end
  end
  return 0
end

local function slot_ends(slot) return (slot + SLOTS) * SLOT - now end

local function wait_for_ring(ring, total, need, limit)
  if need > limit then return NEVER end
  for i = 1, #ring, 2 do
    total = total - ring[i + 1]
    if total + need <= limit then return slot_ends(ring[i]) end
  end
  return NEVER
end

local function ring_full_again(ring)
  for i = #ring, 2, -2 do
    if ring[i] > 0 then return slot_ends(ring[i - 1]) end
  end
  return 0
end

-- Holders.

local function stored(name)
  local raw = redis.call('GET', PREFIX .. name)
  if raw then
    local readable, document = pcall(cmsgpack.unpack, raw)
    if readable and type(document) == 'table' and #document == 9 then return document end
  end
  return {0, 0, 0, 0, 0, 0, {}, {}, {}}
end

local holders = {}
local function holder(index)
  local h = holders[index]
  if h then return h end
  local row = holder_rows[index]
  local d = stored(row[1])
  h = {
    name = row[1], limits = {row[2], row[3], row[4], row[5], row[6]},
    day = d[1], day_settled = d[2], day_noted = d[3],
    month = d[4], month_settled = d[5], month_noted = d[6],
    shares = {}, parallel = 0, reserved = 0,
  }
  if h.day < today then h.day, h.day_settled, h.day_noted = today, 0, 0 end
  if h.month < this_month then h.month, h.month_settled, h.month_noted = this_month, 0, 0 end
  h.requests, h.requests_total = pruned(d[7])
  h.tokens, h.tokens_total = pruned(d[8])
  local shares = d[9]
  for i = 1, #shares, 3 do
    if alive[shares[i]] then
      h.shares[shares[i]] = {shares[i + 1], shares[i + 2]}
      h.parallel = h.parallel + shares[i + 1]
      h.reserved = h.reserved + shares[i + 2]
    end
  end
  holders[index] = h
  return h
end

local function keep(h)
  local shares = {}
  for name, share in pairs(h.shares) do
    if share[1] > 0 or share[2] > 0 then
      shares[#shares + 1], shares[#shares + 2], shares[#shares + 3] = name, share[1], share[2]
    end
  end
  redis.call('SET', PREFIX .. h.name, cmsgpack.pack({
    h.day, h.day_settled, h.day_noted, h.month, h.month_settled, h.month_noted,
    h.requests, h.tokens, shares}), 'PX', KEPT_MS)
end

local function hold(h, parallel, tokens)
  local share = h.shares[process] or {0, 0}
  parallel = math.max(parallel, -share[1])
  tokens = math.max(tokens, -share[2])
  h.shares[process] = {share[1] + parallel, share[2] + tokens}
  h.parallel = h.parallel + parallel
  h.reserved = h.reserved + tokens
  h.changed = true
end

local function count_tokens(h, amount)
  add(h.tokens, amount)
  h.tokens_total = h.tokens_total + amount
end

local function settled_in(h, window)
  if window == DAY then return h.day_settled end
  return h.month_settled
end

-- What is left for tokens in a window, or nil where there is no limit.
local function left(h, window)
  local limit = h.limits[window]
  if limit < 0 then return nil end
  if window == MINUTE then return limit - h.tokens_total end
  return limit - settled_in(h, window) - h.reserved
end

local known_base
local function base_is_known()
  if known_base == nil then known_base = redis.call('EXISTS', SEEDED) == 1 end
  return known_base
end

local function lacks_base(chosen)
  for _, index in ipairs(chosen) do
    local limits = holder_rows[index]
    if limits[DAY + 1] >= 0 or limits[MONTH + 1] >= 0 then return not base_is_known() end
  end
  return false
end

-- How long until `need` more fits: nil when it does now.
local function wait_of(h, window, need)
  local limit = h.limits[window]
  if limit < 0 then return nil end
  if window == PARALLEL then
    if h.parallel + 1 <= limit then return nil end
    return limit == 0 and NEVER or RUNNING
  elseif window == REQUESTS then
    if h.requests_total + 1 <= limit then return nil end
    return wait_for_ring(h.requests, h.requests_total, 1, limit)
  end
  if need <= left(h, window) then return nil end
  if window == MINUTE then return wait_for_ring(h.tokens, h.tokens_total, need, limit) end
  if need > limit then return NEVER end
  if settled_in(h, window) + need <= limit then return RUNNING end
  return (window == DAY and day_ends or month_ends()) - now
end

local function used(h, window)
  if window == PARALLEL then return 0, h.parallel end
  if window == REQUESTS then return h.requests_total, 0 end
  if window == MINUTE then
    local reserved = math.min(h.reserved, h.tokens_total)
    return h.tokens_total - reserved, reserved
  end
  return settled_in(h, window), h.reserved
end

local function lasts_longer(wait, other)
  if other == nil or wait == NEVER then return true end
  if other == NEVER then return false end
  return wait > other
end

-- Of the windows that refuse, the one that frees last; nil when none does.
local function refusal(chosen, first, need)
  local worst, worst_index, worst_window
  for _, index in ipairs(chosen) do
    local h = holder(index)
    for window = first, MONTH do
      local wait = wait_of(h, window, need)
      if wait ~= nil and lasts_longer(wait, worst) then
        worst, worst_index, worst_window = wait, index, window
      end
    end
  end
  if worst == nil then return nil end
  local settled, reserved = used(holder(worst_index), worst_window)
  return {0, worst_index, worst_window, settled, reserved, worst}
end

local function granted(chosen, want)
  for _, index in ipairs(chosen) do
    local h = holder(index)
    for window = MINUTE, MONTH do
      local rest = left(h, window)
      if rest ~= nil and rest < want then want = rest end
    end
  end
  return want
end

local function resets(h, window)
  if window == REQUESTS then return ring_full_again(h.requests) end
  if window == MINUTE then return ring_full_again(h.tokens) end
  return (window == DAY and day_ends or month_ends()) - now
end

-- Appends index, left and milliseconds to the reset of requests; index, window, left, milliseconds
-- of tokens: the holder that has least left of each; index 0 where nobody has a limit.
local function tightest(chosen, result)
  local r_index, r_left, t_index, t_window, t_left = 0, 0, 0, 0, 0
  for _, index in ipairs(chosen) do
    local h = holder(index)
    if h.limits[REQUESTS] >= 0 then
      local rest = h.limits[REQUESTS] - h.requests_total
      if r_index == 0 or rest < r_left then r_index, r_left = index, rest end
    end
    for window = MINUTE, MONTH do
      local rest = left(h, window)
      if rest ~= nil and (t_index == 0 or rest < t_left) then
        t_index, t_window, t_left = index, window, rest
      end
    end
  end
  local n = #result
  result[n + 1], result[n + 2] = r_index, r_left
  result[n + 3] = r_index > 0 and resets(holder(r_index), REQUESTS) or 0
  result[n + 4], result[n + 5], result[n + 6] = t_index, t_window, t_left
  result[n + 7] = t_index > 0 and resets(holder(t_index), t_window) or 0
  return result
end

-- Soft notices: once when a window is used to 80 %, once when it is used up. For people it is used up
-- when requests are turned away for it, and that begins a little before the last token is gone.

local NEARLY_ALL = 90 -- percent

local function level_of(settled, limit)
  if limit < 0 or settled * 100 < limit * 80 then return 0 end
  return settled >= limit and 100 or 80
end

local function period_of(h, window)
  if window == DAY then return string.format('%04d-%02d-%02d', civil(h.day)) end
  return string.format('%04d-%02d', math.floor(h.month / 12), h.month % 12 + 1)
end

local function notify(h, window, level)
  redis.call('XADD', NOTICES, 'MAXLEN', '~', NOTICES_KEPT, '*',
    'holder', h.name, 'window', window == DAY and 'day' or 'month', 'percent', level,
    'period', period_of(h, window), 'settled', settled_in(h, window), 'limit', h.limits[window])
end

local NOTED = {[DAY] = 'day_noted', [MONTH] = 'month_noted'}

local function note(h)
  for window, noted in pairs(NOTED) do
    local level = level_of(settled_in(h, window), h.limits[window])
    if level > h[noted] then notify(h, window, level) end
    h[noted] = level == 0 and 0 or math.max(level, h[noted])
  end
end

local function note_refusal(refused)
  local h, window, wait = holder(refused[2]), refused[3], refused[6]
  local noted = NOTED[window]
  if noted == nil or wait <= 0 or h[noted] >= 100 then return end
  if settled_in(h, window) * 100 >= h.limits[window] * NEARLY_ALL then
    h[noted], h.changed = 100, true
    notify(h, window, 100)
  end
end

-- Operations.

local run = {}

-- {1, holders, want, least}: room for one request and at least `least` tokens, at best `want`.
-- {1, granted, slot, …tightest}, {0, holder, window, settled, reserved, wait, …tightest}, or {2}
-- when what was used before is not known here.
run[1] = function(chosen, item)
  if lacks_base(chosen) then return {2} end
  local refused = refusal(chosen, PARALLEL, item[4])
  if refused then
    note_refusal(refused)
    return tightest(chosen, refused)
  end
  local tokens = granted(chosen, item[3])
  for _, index in ipairs(chosen) do
    local h = holder(index)
    hold(h, 1, tokens)
    add(h.requests, 1)
    h.requests_total = h.requests_total + 1
    count_tokens(h, tokens)
  end
  return tightest(chosen, {1, tokens, slot_now})
end

-- {2, holders, want, least}: more tokens for a request that is running.
run[2] = function(chosen, item)
  if lacks_base(chosen) then return {2} end
  local refused = refusal(chosen, MINUTE, item[4])
  if refused then return refused end
  local tokens = granted(chosen, item[3])
  for _, index in ipairs(chosen) do
    local h = holder(index)
    hold(h, 0, tokens)
    count_tokens(h, tokens)
  end
  return {1, tokens, slot_now}
end

-- {3, holders, parallel, tokens, actual, ringed, slots, at}: give back what was reserved, count
-- what was used by a request that began at `at`. `ringed` tokens stand in `slots` of the minute.
run[3] = function(chosen, item)
  local parallel, tokens, actual, ringed, slots, at =
    item[3], item[4], item[5], item[6], item[7], item[8]
  local day = math.floor(at / DAY_MS)
  local month = month_of(day)
  for _, index in ipairs(chosen) do
    local h = holder(index)
    hold(h, -parallel, -tokens)
    if actual > ringed then
      count_tokens(h, actual - ringed)
    elseif actual < ringed then
      local over = ringed - actual
      for i = #slots - 1, 1, -2 do
        local taken = take_back(h.tokens, slots[i], math.min(over, slots[i + 1]))
        over = over - math.min(over, slots[i + 1])
        h.tokens_total = h.tokens_total - taken
      end
    end
    if day >= h.day then h.day_settled = h.day_settled + actual end
    if month >= h.month then h.month_settled = h.month_settled + actual end
    note(h)
  end
  return 1
end

-- {4, holders, parallel, tokens}: a reservation that exists already, whatever the limits say.
run[4] = function(chosen, item)
  for _, index in ipairs(chosen) do hold(holder(index), item[3], item[4]) end
  return 1
end

-- {5, holders}: {{used, reserved, milliseconds to the reset}, … of each window} of each holder;
-- used is -1 where what was used before is not known.
run[5] = function(chosen)
  local result = {}
  for i, index in ipairs(chosen) do
    local h, windows = holder(index), {}
    for window = PARALLEL, MONTH do
      local settled, reserved = used(h, window)
      if window >= DAY and not base_is_known() then settled = -1 end
      windows[window] = {settled, reserved, window == PARALLEL and 0 or resets(h, window)}
    end
    result[i] = windows
  end
  return result
end

-- {6, holders, day, tokens, month, tokens}: what the database has counted, at least so much.
run[6] = function(chosen, item)
  for _, index in ipairs(chosen) do
    local h = holder(index)
    if item[3] == h.day and item[4] > h.day_settled then
      h.day_settled, h.changed = item[4], true
    end
    if item[5] == h.month and item[6] > h.month_settled then
      h.month_settled, h.changed = item[6], true
    end
  end
  return 1
end

-- {7, holders}: everything that has been counted was handed over.
run[7] = function()
  redis.call('SET', SEEDED, now)
  return 1
end

local results = {}
for i, item in ipairs(items) do results[i] = run[item[1]](item[2], item) end
for _, h in pairs(holders) do
  if h.changed then keep(h) end
end
return cmsgpack.pack({1, now, ended_seqs, results})
