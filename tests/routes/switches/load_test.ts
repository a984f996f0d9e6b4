import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { SwitchName } from "protocol/switches.ts";
import { LoadLadder, RUNGS } from "routes/switches/load_ladder.ts";
import { type LoadLimits, LoadWatch, LOOK_MS } from "routes/switches/load_watch.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const LIMITS: LoadLimits = {
  ...{ lagMs: 1_000, commitsWaiting: 100, sendQueueBytes: 1_000_000 },
  ...{ riseMs: 3_000, fallMs: 15_000 },
};

function watched(limits: Partial<LoadLimits> = {}) {
  const clock = new VirtualClock();
  const load = { commits: 0, queued: 0 };
  const changes: (readonly SwitchName[])[] = [];
  const watch = new LoadWatch({
    clock,
    limits: { ...LIMITS, ...limits },
    switches: { setLoad: (names) => changes.push([...names]) },
    commitsWaiting: () => load.commits,
    sendQueueBytes: () => load.queued,
  });
  return { clock, load, changes, watch, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

for (const signal of ["commits", "queued"] as const) {
  Deno.test(`[SW20] [SW21] too much of ${signal} turns on one switch after the other, and none that ends writing`, async () => {
    using stage = watched();
    const { clock, load, changes } = stage;
    load[signal] = signal === "commits" ? 100 : 1_000_000;
    await clock.advance(LIMITS.riseMs - 1);
    deepEqual(changes, []);
    await clock.advance(1);
    deepEqual(changes, [["serve-stale"]]);
    await clock.advance(LIMITS.riseMs - 1);
    equal(changes.length, 1);
    await clock.advance(1);
    equal(changes.length, 2);
    await clock.advance(LIMITS.riseMs * 10);
    deepEqual(changes, RUNGS.map((_, n) => RUNGS.slice(0, n + 1)));
    equal((RUNGS as readonly string[]).includes("read-only"), false);
    // Between the half and the whole everything stays as it is.
    load[signal] *= 0.6;
    await clock.advance(LIMITS.fallMs * 10);
    equal(changes.length, RUNGS.length);
    load[signal] = 0;
    await clock.advance(LIMITS.fallMs - 1);
    equal(changes.length, RUNGS.length);
    await clock.advance(1);
    deepEqual(changes.at(-1), RUNGS.slice(0, -1));
    await clock.advance(LIMITS.fallMs - 1);
    equal(changes.length, RUNGS.length + 1);
    await clock.advance(LIMITS.fallMs * 10);
    deepEqual(changes.at(-1), []);
    equal(changes.length, RUNGS.length * 2);
  });
}

Deno.test("[SW20] late timers are too much", async () => {
  using stage = watched();
  const { clock, changes, watch } = stage;
  for (let look = 0; look < 2; look++) {
    clock.pause(LOOK_MS + 1_000);
    await clock.advance(0);
  }
  deepEqual([changes, watch.pressures.lag], [[], 1]);
  clock.pause(LOOK_MS + 2_000);
  await clock.advance(0);
  deepEqual([changes, watch.pressures.lag], [[["serve-stale"]], 2]);
});

Deno.test("[SW21] a load that swings turns nothing on, and nothing off again", () => {
  const ladder = new LoadLadder(LIMITS);
  const swing = (from: number, to: number, ms: number) => {
    for (let passed = 0; passed < 10 * LIMITS.fallMs; passed += 2 * ms) {
      ladder.step(from, ms);
      ladder.step(to, ms);
    }
  };
  swing(5, 0.9, LIMITS.riseMs - 1);
  deepEqual(ladder.rungs, []);
  ladder.step(1, LIMITS.riseMs);
  swing(0, 0.6, LIMITS.fallMs - 1);
  deepEqual(ladder.rungs, ["serve-stale"]);
});

Deno.test("[SW22] a process that stood still was not busy for all that time", async () => {
  using stage = watched();
  const { clock, changes } = stage;
  clock.pause(3_600_000);
  await clock.advance(LIMITS.fallMs);
  deepEqual(changes, []);
});

Deno.test("[SW22] a threshold of 0 is never reached", async () => {
  using stage = watched({ lagMs: 0, commitsWaiting: 0, sendQueueBytes: 0 });
  const { clock, load, changes } = stage;
  load.commits = load.queued = Number.MAX_SAFE_INTEGER;
  for (let look = 0; look < 100; look++) {
    clock.pause(10_000);
    await clock.advance(0);
  }
  deepEqual(changes, []);
});

Deno.test("[SW21] whatever the load does, no switch flaps faster than it may", () => {
  const limits = { riseMs: 3_000, fallMs: 15_000 };
  const look = fc.record({
    pressure: fc.oneof(
      fc.constantFrom(0, 0.49, 0.5, 0.99, 1, 50),
      fc.double({ min: 0, max: 3, noNaN: true }),
    ),
    passedMs: fc.integer({ min: 1, max: 1_000 }),
    times: fc.integer({ min: 1, max: 80 }),
  });
  let changes = 0;
  fc.assert(
    fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
      const ladder = new LoadLadder(limits);
      const since = new Map<SwitchName, number>(RUNGS.map((name) => [name, 0]));
      let now = 0;
      for (const { pressure, passedMs, times } of looks) {
        for (let n = 0; n < times; n++) {
          const before = new Set(ladder.rungs);
          now += passedMs;
          ladder.step(pressure, passedMs);
          for (const name of RUNGS) {
            const on = ladder.rungs.includes(name);
            if (before.has(name) === on) continue;
            changes++;
            ok(
              now - since.get(name)! >= (on ? limits.riseMs : limits.fallMs),
              `${name} after ${now - since.get(name)!}`,
            );
            since.set(name, now);
          }
        }
      }
    }),
    { numRuns: 300, seed: 7 },
  );
  // Otherwise it would have shown nothing.
  ok(changes > 300, `${changes} changes`);
});
