/** The server's clock in milliseconds, and of the entry: version, when it was read, its cost, its value. */
export type StoredEntry = readonly [
  now: number,
  version: string | null,
  readAt: string | null,
  costMs: string | null,
  value: string | null,
];

const NOW = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** KEYS[1] the entry. */
export const READ_ENTRY = `${NOW}
local kept = redis.call("HMGET", KEYS[1], "version", "read", "cost", "value")
return { now, kept[1], kept[2], kept[3], kept[4] }
`;

/**
 * Takes an entry in unless a newer version is known, or the same version read later. KEYS[1] the entry; ARGV its version,
 * when it was read by the server's clock, its cost, how long it stays, and its value if there is any. An entry read in the
 * future was measured with a clock that has been set back since.
 */
export const PUT_ENTRY = `${NOW}
local version = tonumber(ARGV[1])
local read = tonumber(ARGV[2])
if read > now then
  return { now, 0 }
end
local kept = redis.call("HMGET", KEYS[1], "version", "read")
if kept[1] then
  local known = tonumber(kept[1])
  local knownRead = tonumber(kept[2] or "-1")
  if known > version or (known == version and knownRead >= read and knownRead <= now) then
    return { now, 0 }
  end
end
redis.call("DEL", KEYS[1])
redis.call("HSET", KEYS[1], "version", ARGV[1], "read", ARGV[2], "cost", ARGV[3])
if ARGV[5] then
  redis.call("HSET", KEYS[1], "value", ARGV[5])
end
redis.call("PEXPIRE", KEYS[1], ARGV[4])
return { now, 1 }
`;

/** Drops an older entry and keeps older ones out. KEYS[1] the entry; ARGV the version, and how long. */
export const RAISE_FLOOR = `
local known = redis.call("HGET", KEYS[1], "version")
if known and tonumber(known) >= tonumber(ARGV[1]) then
  return 0
end
redis.call("DEL", KEYS[1])
redis.call("HSET", KEYS[1], "version", ARGV[1])
redis.call("PEXPIRE", KEYS[1], ARGV[2])
return 1
`;
