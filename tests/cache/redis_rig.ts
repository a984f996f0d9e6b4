import { Redis } from "ioredis";
import { RedisCache } from "storage/cache/redis.ts";
import { type RedisServerProcess, startRedis } from "tests/support/redis.ts";
import { eventually } from "./eventually.ts";

/** A cache as a node has it. */
export async function openNode(url: string): Promise<RedisCache> {
  return await RedisCache.open(url, () => performance.now());
}

/** Two nodes at one server. */
export interface Pair extends AsyncDisposable {
  readonly server: RedisServerProcess;
  readonly a: RedisCache;
  readonly b: RedisCache;
}

export async function openPair(): Promise<Pair> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startRedis());
  const a = opened.use(await openNode(server.url));
  const b = opened.use(await openNode(server.url));
  const owned = opened.move();
  return { server, a, b, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** As a person with a command line. */
export async function ask<T>(
  server: RedisServerProcess,
  question: (client: Redis) => Promise<T>,
): Promise<T> {
  const client = new Redis(server.port, "127.0.0.1");
  try {
    return await question(client);
  } finally {
    await client.quit();
  }
}

export async function connected(cache: RedisCache): Promise<void> {
  await eventually("the connection", () => cache.state === "connected");
}

export async function degraded(cache: RedisCache): Promise<void> {
  await eventually("the end of the connection", () => cache.state === "degraded");
}
