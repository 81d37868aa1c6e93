-- What can be asked for.

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
