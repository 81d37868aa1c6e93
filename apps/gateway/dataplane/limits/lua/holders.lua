-- What holders have used and reserved.

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
