export { type RedisOptions, RedisServer as RedisServerProcess, startRedis } from "../../ops/servers/redis.ts";
