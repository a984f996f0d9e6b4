import { deepEqual, equal, ok } from "node:assert/strict";
import { startRedis } from "tests/support/redis.ts";
import { eventually, timed } from "./eventually.ts";
import { ask, connected, degraded, openNode, openPair } from "./redis_rig.ts";

const SLOW = 0.05;
/** A command's time limit, with room for a busy machine. */
const ONCE_MS = 250 + 500;

Deno.test("[E10] a server killed in the middle of a storm leaves every call answered and every node within the limit", async () => {
  await using pair = await openPair();
  const { server, a, b } = pair;
  const rate = { burst: 200, perSecond: SLOW };
  const taken = [0, 0];
  let asked = 0;
  const storming = new AbortController();
  async function storm(node: number): Promise<void> {
    const cache = [a, b][node]!;
    while (!storming.signal.aborted) {
      asked++;
      if (await cache.take(`key ${asked % 3}`, rate) === 0) taken[node]!++;
      await cache.set("v", "value", 1_000);
      const value = await cache.get("v");
      ok(value === undefined || value === "value");
      // Without the server no call waits for anything, and the storm would let nothing else run.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  const storms = Array.from({ length: 20 }, (_, n) => storm(n % 2));
  await eventually("some calls", () => asked > 100);
  await server.kill();
  await Promise.all([degraded(a), degraded(b)]);
  const before = asked;
  await eventually("many more calls", () => asked > before + 2_000);
  storming.abort();
  await Promise.all(storms);
  deepEqual(taken, [3 * rate.burst, 3 * rate.burst]);
  ok(a.stats.fallbacks > 0 && b.stats.fallbacks > 0);
});

Deno.test("[E10] what a node gave while the server was there counts when it is gone", async () => {
  await using pair = await openPair();
  const { server, a, b } = pair;
  const rate = { burst: 6, perSecond: SLOW };
  for (let n = 0; n < 4; n++) equal(await a.take("k", rate), 0);
  for (let n = 0; n < 2; n++) equal(await b.take("k", rate), 0);
  ok(await a.take("k", rate) > 0 && await b.take("k", rate) > 0);
  await server.kill();
  await Promise.all([degraded(a), degraded(b)]);
  async function left(cache: typeof a): Promise<number> {
    let count = 0;
    while (await cache.take("k", rate) === 0) count++;
    return count;
  }
  deepEqual([await left(a), await left(b)], [2, 4]);
});

Deno.test("[E11] a server that hangs costs its time limit once, and nothing until it is back", async () => {
  await using pair = await openPair();
  const { server, a } = pair;
  const rate = { burst: 1_000, perSecond: SLOW };
  await a.take("k", rate);
  await server.pause();
  const first = await timed(() => Promise.all(Array.from({ length: 100 }, () => a.take("k", rate))));
  ok(first >= 240 && first < ONCE_MS, `${first} ms`);
  equal(a.state, "degraded");
  const rest = await timed(async () => {
    for (let n = 0; n < 500; n++) {
      await a.take("k", rate);
      await a.get("v");
    }
  });
  ok(rest < ONCE_MS, `${rest} ms for a thousand`);
  server.resume();
  await connected(a);
  const { errors, fallbacks } = a.stats;
  equal(await a.take("other", { burst: 1, perSecond: SLOW }), 0);
  deepEqual([a.stats.errors, a.stats.fallbacks], [errors, fallbacks]);
});

Deno.test("[E19] a value that a server which hung takes in late is not kept, and the next one is", async () => {
  await using pair = await openPair();
  const { server, a, b } = pair;
  const keptMs = 300;
  await server.pause();
  const end = performance.now() + keptMs;
  await a.set("v", "old", keptMs);
  await eventually("the end of the value", () => performance.now() > end);
  server.resume();
  await Promise.all([connected(a), connected(b)]);
  equal(await ask(server, (client) => client.get("barrage:value:v")), null);
  await a.set("v", "new", 60_000);
  equal(await b.get("v"), "new");
});

Deno.test("[E12] at most 1,000 commands are on the way; beyond that this node's memory answers at once", async () => {
  await using pair = await openPair();
  const { server, a } = pair;
  const rate = { burst: 10_000, perSecond: SLOW };
  await server.pause();
  const calls = Array.from({ length: 5_000 }, () => a.take("k", rate));
  const beyond = await timed(() => Promise.all(calls.slice(1_000)));
  ok(beyond < 240, `${beyond} ms`);
  equal(a.stats.fallbacks, 4_000);
  deepEqual(await Promise.all(calls), calls.map(() => 0));
  equal(a.stats.fallbacks, 5_000);
  server.resume();
  await connected(a);
  const used = await ask(server, (client) => client.get("barrage:rate:k"));
  // 1,000 tokens at most came through, of 20 s each.
  const ahead = Number(used ?? Date.now() * 1_000) / 1_000 - Date.now();
  ok(ahead <= 1_000 * 20_000, `${ahead} ms`);
});

Deno.test("[E13] a server that starts again is used again, empty as it is, by all", async () => {
  await using pair = await openPair();
  const { server, a, b } = pair;
  await a.set("v", "before", 60_000);
  for (let round = 0; round < 3; round++) {
    await server.kill();
    await Promise.all([degraded(a), degraded(b)]);
    await server.start();
    await Promise.all([connected(a), connected(b)]);
    equal(await b.get("v"), undefined);
    const rate = { burst: 4, perSecond: SLOW };
    const waits = await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? a : b).take(`${round}`, rate)),
    );
    equal(waits.filter((wait) => wait === 0).length, 4);
  }
});

Deno.test("[E15] a node starts without its server, and uses it as soon as it is there", async () => {
  await using server = await startRedis();
  await server.kill();
  await using cache = await openNode(server.url);
  equal(cache.state, "degraded");
  await cache.set("v", "1", 60_000);
  equal(await cache.get("v"), "1");
  await server.start();
  await connected(cache);
  equal(await cache.get("v"), undefined);
});

Deno.test("[E15] a node stops at once, whatever its server does", async () => {
  for (const state of ["idle", "hanging", "gone"] as const) {
    await using server = await startRedis();
    const cache = await openNode(server.url);
    if (state === "hanging") await server.pause();
    if (state === "gone") await server.kill();
    const waiting = cache.take("k", { burst: 1, perSecond: 1 });
    const took = await timed(() => cache[Symbol.asyncDispose]());
    ok(took < ONCE_MS, `${state}: ${took} ms`);
    equal(await waiting, 0);
    if (state === "hanging") server.resume();
  }
});
