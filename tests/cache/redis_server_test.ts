import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type RedisServerProcess, startRedis } from "tests/support/redis.ts";
import { testCache } from "./cache_contract.ts";
import { ask, connected, openNode, openPair } from "./redis_rig.ts";

const SLOW = 0.05;
let server: RedisServerProcess;

Deno.test.beforeAll(async () => {
  server = await startRedis();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

testCache("redis", async () => {
  await ask(server, (client) => client.flushall());
  const cache = await openNode(server.url);
  equal(cache.state, "connected");
  return cache;
});

Deno.test("[E8] nodes at one server share values and buckets", async () => {
  await using pair = await openPair();
  const { a, b } = pair;
  await a.set("k", "from a", 60_000);
  equal(await b.get("k"), "from a");
  await b.delete("k");
  equal(await a.get("k"), undefined);
  const rate = { burst: 10, perSecond: SLOW };
  const waits = await Promise.all(
    Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? a : b).take("k", rate)),
  );
  equal(waits.filter((wait) => wait === 0).length, 10);
  deepEqual([a.stats.fallbacks, a.stats.errors, b.stats.fallbacks, b.stats.errors], [0, 0, 0, 0]);
});

Deno.test("[E9] all keys begin with barrage:, and none stays longer than it means something", async () => {
  await using pair = await openPair();
  await pair.a.set("v", "x", 5_000);
  await pair.a.take("r", { burst: 3, perSecond: 1 });
  await pair.a.take("r", { burst: 3, perSecond: 1 });
  const keys = await ask(pair.server, async (client) => {
    const names = await client.keys("*");
    return await Promise.all(names.map(async (name) => [name, await client.pttl(name)] as const));
  });
  const left = new Map(keys.filter(([, ms]) => ms !== -2));
  left.delete("barrage:probe");
  deepEqual([...left.keys()].sort(), ["barrage:rate:r", "barrage:value:v"]);
  for (const [name, ms] of left) ok(ms > 0 && ms <= (name.includes("rate") ? 2_000 : 5_000), `${name} ${ms}`);
});

Deno.test("[E9] a take is one command, with the script by its name once the server knows it", async () => {
  await using pair = await openPair();
  const { a } = pair;
  const takes = 50;
  const rate = { burst: 100, perSecond: SLOW };
  for (let n = 0; n < takes; n++) await a.take("k", rate);
  const stats = await ask(pair.server, (client) => client.info("commandstats"));
  equal(calls(stats, "evalsha"), takes);
  await ask(pair.server, (client) => client.script("FLUSH"));
  await Promise.all(Array.from({ length: 20 }, () => a.take("k", rate)));
  ok(await a.take("k", { burst: 70, perSecond: SLOW }) > 0);
  equal(await a.take("k", { burst: 71, perSecond: SLOW }), 0);
  deepEqual([a.stats.errors, a.stats.fallbacks, a.state], [0, 0, "connected"]);
});

Deno.test("[E14] a server whose clock was set back by an hour makes nobody wait for more than one token", async () => {
  await using pair = await openPair();
  const rate = { burst: 5, perSecond: 2 };
  await ask(pair.server, (client) => client.set("barrage:rate:k", `${(Date.now() + 3_600_000) * 1_000}`));
  const wait = await pair.a.take("k", rate);
  ok(wait > 0 && wait <= 500, `${wait}`);
  await ask(pair.server, (client) => client.set("barrage:rate:k", "no number"));
  equal(await pair.a.take("k", rate), 0);
});

Deno.test("[E13] a server that answers but can keep nothing, full or read-only, is not used until it can", async () => {
  await using pair = await openPair();
  const { a, server } = pair;
  const troubles: [begin: [string, ...string[]], end: [string, ...string[]]][] = [
    [["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]],
    [["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]],
  ];
  const rate = { burst: 1, perSecond: SLOW };
  for (const [begin, end] of troubles) {
    const { errors, fallbacks } = a.stats;
    await ask(server, (client) => client.call(...begin));
    equal(await a.take(begin[0], rate), 0);
    equal(a.state, "degraded");
    ok(await a.take(begin[0], rate) > 0);
    deepEqual([a.stats.errors, a.stats.fallbacks], [errors + 1, fallbacks + 2]);
    await ask(server, (client) => client.call(...end));
    await connected(a);
  }
});

Deno.test("[E13] a server that wants another password is not used", async () => {
  await using locked = await startRedis({ password: "right" });
  for (const credentials of ["", ":wrong@", "somebody:right@"]) {
    await using cache = await openNode(`redis://${credentials}127.0.0.1:${locked.port}`);
    equal(cache.state, "degraded");
    await cache.set("k", "kept here", 60_000);
    equal(await cache.get("k"), "kept here");
  }
  for (const credentials of [":right@", "default:right@"]) {
    await using cache = await openNode(`redis://${credentials}127.0.0.1:${locked.port}/3`);
    equal(cache.state, "connected");
  }
  await using absent = await openNode(`redis://:right@127.0.0.1:${locked.port}/9999`);
  equal(absent.state, "degraded");
});

Deno.test("[E15] a URL that makes no sense is refused, in a sentence without it", async () => {
  for (
    const url of ["redis://", "http://secret@a", "redis://u:secret@a:x", "redis://u:secret@a/name", "secret"]
  ) {
    await rejects(
      openNode(url),
      (error: Error) => error instanceof TypeError && !error.message.includes("secret"),
    );
  }
});

function calls(stats: string, command: string): number {
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}
