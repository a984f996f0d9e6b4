import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { TokenBucket } from "actors/token_bucket.ts";

const rates = fc.record({
  burst: fc.integer({ min: 1, max: 20 }),
  perSecond: fc.double({ min: 0.05, max: 50, noNaN: true }),
  steps: fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { minLength: 1, maxLength: 60 }),
});

Deno.test("[M14] a token bucket never gives more than its burst and its rate", () => {
  fc.assert(
    fc.property(rates, ({ burst, perSecond, steps }) => {
      const bucket = new TokenBucket(burst, perSecond, 0);
      let now = 0;
      let taken = 0;
      for (const step of steps) {
        now += step;
        while (bucket.take(now) === 0) taken++;
        ok(taken <= burst + now / 1_000 * perSecond + 1e-6);
      }
      ok(taken >= Math.min(burst, 1));
    }),
    { seed: 11 },
  );
});

Deno.test("[M14] whoever waits as long as the bucket says gets a token", () => {
  fc.assert(
    fc.property(rates, ({ burst, perSecond, steps }) => {
      const bucket = new TokenBucket(burst, perSecond, 0);
      let now = 0;
      for (const step of steps) {
        now += step;
        for (let wait = bucket.take(now); wait === 0;) wait = bucket.take(now);
        const wait = bucket.take(now);
        ok(Number.isInteger(wait) && wait >= 1);
        now += wait;
        equal(bucket.take(now), 0);
      }
    }),
    { seed: 12, numRuns: 1_000 },
  );
});

Deno.test("[M14] the wait is long enough whatever the fractions add up to", () => {
  for (const perSecond of [0.05, 0.07, 0.1, 0.3, 0.7, 1.1, 3, 5, 7, 13]) {
    const bucket = new TokenBucket(2, perSecond, 0);
    let now = 0;
    for (let n = 0; n < 20_000; n++) {
      now += (n * 37) % 401;
      let wait = bucket.take(now);
      while (wait === 0) wait = bucket.take(now);
      now += wait;
      equal(bucket.take(now), 0, `${perSecond} a second, take ${n}`);
    }
  }
});

Deno.test("[M14] a clock that goes back neither gives nor takes tokens", () => {
  const bucket = new TokenBucket(1, 1, 10_000);
  equal(bucket.take(10_000), 0);
  equal(bucket.take(2_000), 1_000);
  equal(bucket.full(2_000), false);
  equal(bucket.take(11_000), 0);
});
