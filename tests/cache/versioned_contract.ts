import { deepEqual, equal, ok } from "node:assert/strict";
import type { Entry, VersionedCache } from "storage/cache/versioned_cache.ts";
import { eventually } from "./eventually.ts";

const LONG_MS = 60_000;

function entry(version: number, ageMs = 0, value: string | undefined = `v${version}`): Entry {
  return { version, value, ageMs, costMs: 3 };
}

async function seen(cache: VersionedCache, key: string, maxAgeMs = LONG_MS) {
  const kept = await cache.get(key, maxAgeMs);
  return kept && [kept.version, kept.value];
}

/** What every cache of versions does; each test gets an empty one. */
export function testVersionedCache(
  name: string,
  open: () => Promise<{ readonly cache: VersionedCache } & AsyncDisposable>,
): void {
  Deno.test(`[LK30] ${name}: an entry comes back with its version, value and cost, and its age grows`, async () => {
    await using opened = await open();
    const { cache } = opened;
    equal(await seen(cache, "k"), undefined);
    await cache.put("k", entry(3, 500, "弹幕"), LONG_MS);
    const kept = (await cache.get("k", LONG_MS))!;
    deepEqual([kept.version, kept.value, kept.costMs], [3, "弹幕", 3]);
    ok(kept.ageMs >= 500 && kept.ageMs < 5_000, `${kept.ageMs}`);
    await cache.put("none", { version: 0, value: undefined, ageMs: 0, costMs: 1 }, LONG_MS);
    deepEqual(await seen(cache, "none"), [0, undefined]);
    await eventually("that it grows older", async () => (await cache.get("k", LONG_MS))!.ageMs > kept.ageMs);
    equal(await cache.get("k", 500), undefined);
  });

  Deno.test(`[LK31] ${name}: an older version never replaces a newer one, nor an older read a later one`, async () => {
    await using opened = await open();
    const { cache } = opened;
    await cache.put("k", entry(2), LONG_MS);
    await cache.put("k", entry(1), LONG_MS);
    deepEqual(await seen(cache, "k"), [2, "v2"]);
    await cache.put("k", entry(2, 9_000, "read before"), LONG_MS);
    deepEqual(await seen(cache, "k"), [2, "v2"]);
    await cache.put("k", entry(3, 9_000), LONG_MS);
    deepEqual(await seen(cache, "k"), [3, "v3"]);
    await cache.put("k", entry(3, 1_000, "read later"), LONG_MS);
    deepEqual(await seen(cache, "k"), [3, "read later"]);
    equal(cache.stats.outdated, 2);
  });

  Deno.test(`[LK32] ${name}: an invalidation drops what is older and keeps it out, whenever it comes`, async () => {
    await using opened = await open();
    const { cache } = opened;
    await cache.put("k", entry(1), LONG_MS);
    ok(await cache.invalidate("k", 2));
    equal(await seen(cache, "k"), undefined);
    await cache.put("k", entry(1), LONG_MS);
    equal(await seen(cache, "k"), undefined);
    await cache.put("k", entry(2), LONG_MS);
    deepEqual(await seen(cache, "k"), [2, "v2"]);
    ok(await cache.invalidate("k", 1));
    ok(await cache.invalidate("k", 2));
    deepEqual(await seen(cache, "k"), [2, "v2"]);
    ok(await cache.invalidate("unknown", 5));
    await cache.put("unknown", { version: 0, value: undefined, ageMs: 0, costMs: 0 }, LONG_MS);
    equal(await seen(cache, "unknown"), undefined);
  });
}
