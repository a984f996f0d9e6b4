/**
 * Keeps a value, unless the command comes late: a server that hung carries out what was sent to it before, and what was
 * read from the store so long ago must not begin its time only then. KEYS[1] the value; ARGV[1] its text, ARGV[2] the
 * milliseconds to keep it, ARGV[3] the time, in milliseconds of the server's clock, after which it is too late. Returns
 * the server's clock.
 */
export const PUT = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now <= tonumber(ARGV[3]) then
  redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
end
return now
`;
