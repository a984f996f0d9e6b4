import { deepEqual, equal, ok } from "node:assert/strict";
import { type Cache, VALUE_MAX_LENGTH } from "storage/cache/cache.ts";
import { eventually } from "./eventually.ts";

const LONG_MS = 60_000;
/** A token every 20 s: none comes while a test runs. */
const SLOW = 0.05;

/** What every cache does; each test gets an empty one. */
export function testCache(name: string, open: () => Promise<Cache>): void {
  Deno.test(`[E1] ${name}: a value is there until its time is over, and then no more`, async () => {
    await using cache = await open();
    const start = performance.now();
    await cache.set("k", "弹幕 \u{1f600}", 100);
    await cache.set("long", "stays", LONG_MS);
    equal(await cache.get("k"), "弹幕 \u{1f600}");
    await eventually("the end of the value", async () => await cache.get("k") === undefined);
    // A clock of whole milliseconds may be one ahead of ours.
    ok(performance.now() - start >= 99);
    equal(await cache.get("long"), "stays");
  });

  Deno.test(`[E2] ${name}: a value replaces the one before, keys are apart, and what is deleted is gone`, async () => {
    await using cache = await open();
    equal(await cache.get("a"), undefined);
    await cache.set("a", "1", LONG_MS);
    await cache.set("b", "", LONG_MS);
    await cache.set("a", "2", LONG_MS);
    deepEqual([await cache.get("a"), await cache.get("b")], ["2", ""]);
    await cache.delete("a");
    await cache.delete("never there");
    deepEqual([await cache.get("a"), await cache.get("b")], [undefined, ""]);
    deepEqual([cache.stats.hits, cache.stats.misses], [3, 2]);
  });

  Deno.test(`[E3] ${name}: a value that is too long is not kept, nor is the one it was to replace`, async () => {
    await using cache = await open();
    await cache.set("k", "x".repeat(VALUE_MAX_LENGTH), LONG_MS);
    equal((await cache.get("k"))?.length, VALUE_MAX_LENGTH);
    await cache.set("k", "x".repeat(VALUE_MAX_LENGTH + 1), LONG_MS);
    equal(await cache.get("k"), undefined);
  });

  Deno.test(`[E4] ${name}: a bucket gives its burst at once, whoever asks and however many, then its rate`, async () => {
    await using cache = await open();
    const rate = { burst: 10, perSecond: SLOW };
    const waits = await Promise.all(Array.from({ length: 100 }, () => cache.take("k", rate)));
    equal(waits.filter((wait) => wait === 0).length, 10);
    for (const wait of waits.slice(10)) ok(wait > 10_000 && wait <= 20_000, `${wait}`);
    deepEqual([await cache.take("other", rate), await cache.get("k")], [0, undefined]);
  });

  Deno.test(`[E5] ${name}: whoever waits as long as the bucket says gets a token, and no sooner`, async () => {
    await using cache = await open();
    const rate = { burst: 2, perSecond: 10 };
    const start = performance.now();
    let taken = 0;
    for (let round = 0; round < 4; round++) {
      let wait = await cache.take("k", rate);
      while (wait === 0) {
        taken++;
        wait = await cache.take("k", rate);
      }
      const told = performance.now();
      ok(Number.isInteger(wait) && wait > 0 && wait <= 100, `${wait}`);
      await eventually("the time to wait", () => performance.now() - told >= wait);
      equal(await cache.take("k", rate), 0);
      taken++;
    }
    const due = rate.burst + (performance.now() - start) / 1_000 * rate.perSecond;
    ok(taken <= due, `${taken} tokens of ${due}`);
  });

  Deno.test(`[E5] ${name}: a token that was refused costs nothing`, async () => {
    await using cache = await open();
    const rate = { burst: 1, perSecond: 5 };
    await cache.take("k", rate);
    const asked = performance.now();
    await eventually(
      "a token for somebody who never stops asking",
      async () => await cache.take("k", rate) === 0,
    );
    const took = performance.now() - asked;
    ok(took > 150 && took < 5_000, `${took} ms`);
  });
}
