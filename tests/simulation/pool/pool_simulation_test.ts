import { deepEqual, equal, fail, notEqual, ok } from "node:assert/strict";
import { poolFactory, type PoolPorts } from "actors/ai/pool/pool.ts";
import type { PoolStore } from "storage/ai_storage.ts";
import { runSeeds } from "../crew.ts";
import type { RunResult } from "../run_result.ts";
import { runPool } from "./run.ts";
import type { PoolWorldOptions } from "./world.ts";

const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? 120);
const FIRST_SEED = 20_261_121;

Deno.test("[I70] through random kills, hand-offs, losses, doubled commands, slow commits and faults of every kind no limit is passed, nothing leaks, and all is fair and full", async () => {
  const failed: RunResult[] = [];
  const ends = new Map<string, number>();
  const seeds = Array.from({ length: RUNS }, (_, n) => FIRST_SEED + n);
  await runSeeds(seeds, 2, (result) => {
    if (result.violations.length > 0) failed.push(result);
    for (const [end, n] of Object.entries(result.answers)) ends.set(end, (ends.get(end) ?? 0) + n);
  }, "pool");
  deepEqual(failed.map(({ seed, violations }) => [seed, ...violations]), []);
  ok((ends.get("done") ?? 0) > RUNS * 10, `too little was answered to prove anything: ${[...ends]}`);
});

Deno.test("[I71] a seed replays exactly, and another seed is another run", async () => {
  const first = await runPool(7);
  deepEqual(await runPool(7), first);
  notEqual((await runPool(9)).fingerprint, first.fingerprint);
});

Deno.test("[I72] starts that come back too early are found out", async () => {
  await isFound(/starts of .* in a second/, 40, { limits: { startMarginMs: -100 } });
});

Deno.test("[I72] an owner that knows nothing of what was lent is found out", async () => {
  await isFound(/calls of .* in flight/, 60, {
    factory: withStore((pools) => ({ acquire: forgetful(pools) })),
  });
});

Deno.test("[I72] an owner that takes a process that lives for gone is found out", async () => {
  await isFound(/calls of .* in flight/, 120, {
    factory: (ports) =>
      poolFactory({
        ...ports,
        runners: { ...ports.runners, goneInMs: (runners) => Promise.resolve(runners.map(() => 0)) },
      }),
  });
});

Deno.test("[I72] leases that are never taken out of the store are found out", async () => {
  await isFound(/left in the store/, 4, {
    factory: withStore((pools) => ({ giveBack: (key) => pools.giveBack(key, []) })),
  });
});

Deno.test("[I72] slots that stay empty are found out", async () => {
  await isFound(/of the slots were used/, 8, { limits: { startMarginMs: 4_000 } });
});

Deno.test("[I72] without any of this nothing is found", async () => {
  equal((await violationsIn(40, { factory: withStore(() => ({})) })).join(), "");
});

/** A new owner knows nothing of what was lent. */
function forgetful(pools: PoolStore): PoolStore["acquire"] {
  return async (key, epoch, limit) => ({ ...await pools.acquire(key, epoch, limit), leases: [] });
}

function withStore(change: (pools: PoolStore) => Partial<PoolStore>) {
  return (ports: PoolPorts) => poolFactory({ ...ports, pools: { ...ports.pools, ...change(ports.pools) } });
}

/** Whether one of so many runs is found to violate something in this way. */
async function isFound(sentence: RegExp, runs: number, options: PoolWorldOptions): Promise<void> {
  const all: string[] = [];
  for (let seed = 1; seed <= runs; seed++) {
    const { violations } = await runPool(seed, options);
    if (violations.some((violation) => sentence.test(violation))) return;
    all.push(...violations);
  }
  fail(`Nothing of the kind was found: ${all.join()}`);
}

async function violationsIn(runs: number, options: PoolWorldOptions): Promise<string[]> {
  const all: string[] = [];
  for (let seed = 1; seed <= runs; seed++) all.push(...(await runPool(seed, options)).violations);
  return all;
}
