import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { MemoryCache } from "storage/cache/memory.ts";
import { testCache } from "./cache_contract.ts";

testCache("memory", () => Promise.resolve(new MemoryCache(() => performance.now())));

Deno.test("[E4] memory: over any time a bucket gives no more than its burst and its rate, and no less when asked", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.double({ min: 0.05, max: 50, noNaN: true }),
      fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { minLength: 1, maxLength: 40 }),
      async (burst, perSecond, steps) => {
        let now = 0;
        const cache = new MemoryCache(() => now);
        let taken = 0;
        for (const step of steps) {
          now += step;
          while (await cache.take("k", { burst, perSecond }) === 0) taken++;
          ok(taken <= burst + now / 1_000 * perSecond + 1e-6);
        }
        now += await cache.take("k", { burst, perSecond });
        equal(await cache.take("k", { burst, perSecond }), 0);
      },
    ),
    { seed: 13 },
  );
});

Deno.test("[E7] memory: what was not used for longest makes room for values and buckets beyond their number", async () => {
  const cache = new MemoryCache(() => 0);
  const rate = { burst: 1, perSecond: 1 };
  for (let n = 0; n < 100_000; n++) await cache.take(`${n}`, rate);
  ok(await cache.take("0", rate) > 0);
  await cache.take("one more", rate);
  equal(await cache.take("1", rate), 0);
  for (let n = 0; n < 10_001; n++) await cache.set(`${n}`, "x", 1_000);
  equal(await cache.get("0"), undefined);
  for (let n = 0; n < 65; n++) await cache.set(`${n}`, "x".repeat(262_144), 1_000);
  equal(await cache.get("0"), undefined);
  equal((await cache.get("64"))?.length, 262_144);
});
