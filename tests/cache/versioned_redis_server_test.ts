import { deepEqual, equal, ok } from "node:assert/strict";
import type { Entry } from "storage/cache/versioned_cache.ts";
import { startRedis } from "tests/support/redis.ts";
import { ask, connected, degraded, openNode, openPair } from "./redis_rig.ts";
import { testVersionedCache } from "./versioned_contract.ts";

const LONG_MS = 60_000;

function entry(version: number, ageMs = 0): Entry {
  return { version, value: `v${version}`, ageMs, costMs: 1 };
}

testVersionedCache("redis", async () => {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startRedis());
  const cache = opened.use(await openNode(server.url));
  const owned = opened.move();
  return { cache: cache.versioned, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
});

Deno.test("[LK34] nodes at one server share entries and floors, whose keys begin with barrage: and end", async () => {
  await using pair = await openPair();
  const { server, a, b } = pair;
  await a.versioned.put("k", entry(1), LONG_MS);
  equal((await b.versioned.get("k", LONG_MS))?.value, "v1");
  await b.versioned.invalidate("k", 2);
  await a.versioned.put("k", entry(1), LONG_MS);
  equal(await a.versioned.get("k", LONG_MS), undefined);
  const keys = await ask(server, (client) => client.keys("*"));
  ok(keys.every((key) => key.startsWith("barrage:")));
  for (const key of keys.filter((key) => key.startsWith("barrage:entry:"))) {
    ok(await ask(server, (client) => client.pttl(key)) > 0);
  }
});

Deno.test("[LK35] a server that is gone has nothing and takes nothing in, and says so; what it lost is read again", async () => {
  await using pair = await openPair();
  const { server, a } = pair;
  await a.versioned.put("k", entry(1), LONG_MS);
  await server.kill();
  await degraded(a);
  equal(await a.versioned.get("k", LONG_MS), undefined);
  await a.versioned.put("k", entry(1), LONG_MS);
  equal(await a.versioned.invalidate("k", 2), false);
  ok(a.versioned.stats.errors >= 3);
  await server.start();
  await connected(a);
  equal(await a.versioned.get("k", LONG_MS), undefined);
  await a.versioned.put("k", entry(2), LONG_MS);
  deepEqual((await a.versioned.get("k", LONG_MS))?.version, 2);
});

Deno.test("[LK36] what a server that hung takes in late is as old as it was", async () => {
  await using pair = await openPair();
  const { server, a, b } = pair;
  await server.pause();
  const put = a.versioned.put("k", entry(1), LONG_MS);
  await put;
  const resumed = performance.now();
  server.resume();
  await connected(b);
  const kept = await b.versioned.get("k", LONG_MS);
  // Taken in or not: never younger than the time for which the server hung.
  if (kept !== undefined) ok(kept.ageMs >= 200, `${kept.ageMs} ms, ${performance.now() - resumed} after`);
});

Deno.test("[LK37] an entry of a server whose clock was set back is none", async () => {
  await using pair = await openPair();
  const { server, a } = pair;
  await a.versioned.put("k", entry(1), LONG_MS);
  await ask(server, (client) => client.hset("barrage:entry:k", "read", String(Date.now() + 3_600_000)));
  equal(await a.versioned.get("k", LONG_MS), undefined);
  await a.versioned.put("k", entry(1), LONG_MS);
  equal((await a.versioned.get("k", LONG_MS))?.version, 1);
});
