import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Room } from "protocol/rooms.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type RedisServerProcess, startRedis } from "tests/support/redis.ts";
import { type Server, type ServerEnv, startServer } from "tests/support/server.ts";
import { eventually, timed } from "./eventually.ts";

interface Nodes extends AsyncDisposable {
  readonly redis: RedisServerProcess;
  readonly nodes: readonly [Server, Server];
}

/** Two nodes that share nothing but the cache. */
async function startNodes(env: ServerEnv): Promise<Nodes> {
  await using started = new AsyncDisposableStack();
  const redis = started.use(await startRedis());
  const [a, b] = await Promise.all([
    startServer({ REDIS_URL: redis.url, ...env }),
    startServer({ REDIS_URL: redis.url, ...env }),
  ]);
  started.use(a);
  started.use(b);
  const owned = started.move();
  return { redis, nodes: [a, b], [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

async function cacheOf(server: Server): Promise<{ status: number; cache: string }> {
  const { status, body } = await new HttpClient(server.url).get<{ cache: string }>("/readyz");
  return { status, cache: body.cache };
}

async function guest(server: Server): Promise<number> {
  return (await new HttpClient(server.url).post("/v1/guests", {})).status;
}

Deno.test("[E16] an address gets its guests and rooms once for all nodes, and after the cache died once for each", async () => {
  await using stage = await startNodes({ GUESTS_PER_MINUTE: 4, ROOMS_PER_MINUTE: 2 });
  const { redis, nodes: [a, b] } = stage;
  const owners = [await HttpClient.guest(a.url), await HttpClient.guest(b.url)];
  const statuses = await Promise.all(Array.from({ length: 12 }, (_, n) => guest(n % 2 === 0 ? a : b)));
  deepEqual(statuses.sort(), [201, 201, ...Array(10).fill(429)]);
  const rooms = await Promise.all(
    Array.from({ length: 8 }, (_, n) => owners[n % 2]!.post("/v1/rooms", { title: "Room" })),
  );
  deepEqual(rooms.map(({ status }) => status).sort(), [201, 201, ...Array(6).fill(429)]);
  const refused = rooms.find(({ status }) => status === 429)!;
  ok((refused.body.retryAfterMs ?? 0) > 0 && (refused.body.retryAfterMs ?? 0) <= 30_000);
  ok(Number(refused.headers.get("retry-after")) > 0);

  await redis.kill();
  for (const node of [a, b]) {
    await eventually("that the node notices", async () => (await cacheOf(node)).cache === "degraded");
    equal((await cacheOf(node)).status, 200);
  }
  // Each node gave some of the four before, and has the rest; more it never gives.
  const given = await Promise.all([a, b].map(async (node) => {
    let count = 0;
    while (await guest(node) === 201) count++;
    return count;
  }));
  equal(given[0]! + given[1]!, 4);
  for (const node of [a, b]) ok(await node.metric("barrage_cache_fallbacks_total") > 0);
});

Deno.test("[E16] with a cache that hangs a request takes its time limit once, and then none", async () => {
  await using stage = await startNodes({});
  const { redis, nodes: [a] } = stage;
  equal(await guest(a), 201);
  await redis.pause();
  const first = await timed(async () => equal(await guest(a), 201));
  ok(first >= 240 && first < 1_000, `${first} ms`);
  const rest = await timed(async () => {
    for (let n = 0; n < 50; n++) equal(await guest(a), 201);
  });
  ok(rest < 50 * 100, `${rest} ms for fifty`);
  equal(await a.metric("barrage_cache_errors_total"), 1);
  redis.resume();
  await eventually("that the node uses it again", async () => (await cacheOf(a)).cache === "connected");
  // A guest counts for the minute and for the day.
  equal(await a.metric("barrage_cache_fallbacks_total"), 102);
  equal(await guest(a), 201);
  equal(await a.metric("barrage_cache_fallbacks_total"), 102);
});

Deno.test("[E17] readyz says how the cache is, and the node is ready with and without it", async () => {
  await using alone = await startServer();
  deepEqual(await cacheOf(alone), { status: 200, cache: "memory" });
  await using stage = await startNodes({});
  const { redis, nodes: [a] } = stage;
  deepEqual(await cacheOf(a), { status: 200, cache: "connected" });
  await redis.kill();
  await eventually("that the node notices", async () => (await cacheOf(a)).cache === "degraded");
  equal((await cacheOf(a)).status, 200);
  await redis.start();
  await eventually("that the node uses it again", async () => (await cacheOf(a)).cache === "connected");
});

Deno.test("[E15] a change of the cache is one line in the log, without user or password", async () => {
  await using redis = await startRedis({ password: "other" });
  const REDIS_URL = redis.url.replace("//", "//somebody:hush-hush@");
  await using server = await startServer({ REDIS_URL });
  deepEqual(await cacheOf(server), { status: 200, cache: "degraded" });
  for (let n = 0; n < 5; n++) equal(await guest(server), 201);
  await redis.kill();
  await server.kill("SIGTERM");
  const lines = server.errorOutput.split("\n").filter((line) =>
    line.includes('"barrage.cache"') || /cache/i.test(line)
  );
  equal(lines.length, 1, server.errorOutput);
  match(lines[0]!, /not used.*WRONGPASS/);
  ok(!/somebody|hush/.test(server.errorOutput));
});

Deno.test("[E18] what changes a room through a node is in its list at once", async () => {
  await using stage = await startNodes({});
  const { nodes: [a] } = stage;
  const owner = await HttpClient.guest(a.url);
  const list = async () => (await owner.get<{ rooms: Room[] }>("/v1/rooms?state=live&limit=5")).body.rooms;
  deepEqual(await list(), []);
  const { id } = await owner.room();
  deepEqual((await list()).map((room) => room.id), [id]);
  await owner.patch(`/v1/rooms/${id}`, { title: "Renamed" });
  deepEqual((await list()).map((room) => room.title), ["Renamed"]);
  await owner.delete(`/v1/rooms/${id}`);
  deepEqual(await list(), []);
});
