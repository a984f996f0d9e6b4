/**
 * The bucket of a key as one number: when it will be full again, in microseconds of the server's clock, by which all
 * nodes agree. KEYS[1] the bucket; ARGV[1] microseconds per token, ARGV[2] the burst. Returns 0 when a token was taken,
 * else milliseconds until the next one. No bucket outlives the time it takes to fill, and none can be further away from
 * full than empty, which a clock that was set back would make it.
 */
export const TAKE = `
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local burst = interval * ARGV[2]
local fullAt = tonumber(redis.call("GET", KEYS[1]) or now) or now
fullAt = math.min(math.max(fullAt, now), now + burst) + interval
local wait = fullAt - burst - now
if wait > 0 then
  return math.ceil(wait / 1000)
end
redis.call("SET", KEYS[1], string.format("%.0f", fullAt), "PX", math.ceil((fullAt - now) / 1000))
return 0
`;
