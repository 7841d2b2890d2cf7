-- What the edge does with every request before its route is final: it refuses hosts that are not ours, gives the
-- request a name for its user that tells nothing about him, and ends shared traffic whose lease is over.
--
-- Before this text the generator puts: KEY0, KEY1 (the halves of the site's secret), HOSTS (the set of names under
-- which users may come, nil for any) and NO_SUCH_HOST (what the others are told).
--
-- A script that fails lets the request through unchanged. So nothing here may raise: whatever may be missing is
-- asked for before it is used. And each pattern passes over its text once, since that text comes from outside: a
-- pattern such as "^%s*(.-)%s*$" takes time that grows with the square of the blanks somebody sends.

local bit = require("bit")
local bxor, rol, lshift, tohex = bit.bxor, bit.rol, bit.lshift, bit.tohex
local byte, gmatch, lower, match, sub = string.byte, string.gmatch, string.lower, string.match, string.sub

-- SipHash-2-4 (Aumasson and Bernstein, 2012) on LuaJIT's 64-bit integers: short, fast, and without the secret
-- nobody can tell which user stands behind a hash, nor choose users who share one.

local function sip_round(v0, v1, v2, v3)
  v0 = v0 + v1; v1 = bxor(rol(v1, 13), v0); v0 = rol(v0, 32)
  v2 = v2 + v3; v3 = bxor(rol(v3, 16), v2)
  v0 = v0 + v3; v3 = bxor(rol(v3, 21), v0)
  v2 = v2 + v1; v1 = bxor(rol(v1, 17), v2); v2 = rol(v2, 32)
  return v0, v1, v2, v3
end

-- The eight bytes from `at` on, the lowest first; what lies behind the end counts as zero.
local function word(text, at)
  local a, b, c, d, e, f, g, h = byte(text, at, at + 7)
  local low = (a or 0) + (b or 0) * 0x100 + (c or 0) * 0x10000 + (d or 0) * 0x1000000
  local high = (e or 0) + (f or 0) * 0x100 + (g or 0) * 0x10000 + (h or 0) * 0x1000000
  return 0ULL + low + lshift(0ULL + high, 32)
end

local function siphash(text)
  local v0, v1 = bxor(KEY0, 0x736f6d6570736575ULL), bxor(KEY1, 0x646f72616e646f6dULL)
  local v2, v3 = bxor(KEY0, 0x6c7967656e657261ULL), bxor(KEY1, 0x7465646279746573ULL)
  local length = #text
  for at = 1, length + 1, 8 do
    local m = word(text, at)
    if at + 7 > length then -- the last word ends with the length
      m = m + lshift(0ULL + length, 56)
    end
    v3 = bxor(v3, m)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0 = bxor(v0, m)
  end
  v2 = bxor(v2, 0xff)
  for _ = 1, 4 do
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
  end
  return tohex(bxor(v0, v1, v2, v3))
end

-- The value of the first cookie of that name which has one, nil when there is none in this header.
local function cookie_in(text, name)
  for part in gmatch(text, "[^;]+") do
    local start = match(part, "^[ \t]*()")
    if sub(part, start, start + #name - 1) == name then
      local value = match(part, "^[ \t]*=(.*)", start + #name)
      value = value and match(value, "[^ \t].*")
      value = value and match(value, "^.*[^ \t]")
      value = value and (match(value, '^"(.*)"$') or value)
      if value and value ~= "" then
        return value
      end
    end
  end
  return nil
end

local function cookie(headers, name)
  for index = 0, headers:getNumValues("cookie") - 1 do
    local value = cookie_in(headers:getAtIndex("cookie", index), name)
    if value then
      return value
    end
  end
  return nil
end

-- The key of the request's user, nil when he has none. An empty key is none: it would put everybody who sends it on
-- one side. The letter before it keeps a cookie apart from a header of the same value.
local function user_key(handle, headers, wanted)
  local header = wanted:get("header")
  local value = header and headers:get(header)
  if value and value ~= "" then
    return "h:" .. value
  end
  local name = wanted:get("cookie")
  value = name and cookie(headers, name)
  if value then
    return "c:" .. value
  end
  local address = wanted:get("address") and handle:streamInfo():downstreamRemoteAddress()
  return address and "a:" .. (match(address, "^(.*):%d+$") or address)
end

local function known_host(headers)
  local host = lower(headers:get(":authority") or "")
  return HOSTS[match(host, "^(.*):%d*$") or host]
end

function envoy_on_request(handle)
  local headers = handle:headers()
  if HOSTS and not known_host(headers) then
    handle:respond({[":status"] = "421", ["content-type"] = "text/plain"}, NO_SUCH_HOST)
    return
  end
  local route = handle:metadata()
  local ends = route:get("until") -- epoch seconds; only where traffic is shared or copied
  local key = user_key(handle, headers, route)
  if key then
    headers:replace("x-greenramp-user", siphash(key))
  end
  local over = ends and handle:timestamp() / 1000 > ends
  if over then -- whoever is alive to tell: the request is routed as if there were no candidate
    headers:replace("x-greenramp-lease", "ended")
  end
  if over or (ends and key) then -- elsewhere neither header changes the route, and a second look would cost
    handle:clearRouteCache()
  end
end
