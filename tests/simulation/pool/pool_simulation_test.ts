import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { poolFactory, type PoolPorts } from "actors/ai/pool/pool.ts";
import type { PoolStore } from "storage/ai_storage.ts";
import { runSeeds } from "../crew.ts";
import type { RunResult } from "../run_result.ts";
import { runPool } from "./run.ts";
import type { PoolWorldOptions } from "./world.ts";

const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? 400);
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
  const violations = await violationsIn(40, { limits: { startMarginMs: -100 } });
  ok(violations.some((sentence) => /starts of .* in a second/.test(sentence)), violations.join());
});

Deno.test("[I72] an owner that knows nothing of what was lent is found out", async () => {
  const violations = await violationsIn(60, {
    factory: withStore((pools) => ({ acquire: forgetful(pools) })),
  });
  ok(violations.some((sentence) => /calls of .* in flight/.test(sentence)), violations.join());
});

Deno.test("[I72] leases that are never taken out of the store are found out", async () => {
  const violations = await violationsIn(4, {
    factory: withStore((pools) => ({ giveBack: (key) => pools.giveBack(key, []) })),
  });
  ok(violations.some((sentence) => /left in the store/.test(sentence)), violations.join());
});

Deno.test("[I72] slots that stay empty are found out", async () => {
  const violations = await violationsIn(8, { limits: { startMarginMs: 4_000 } });
  ok(violations.some((sentence) => /of the slots were used/.test(sentence)), violations.join());
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

async function violationsIn(runs: number, options: PoolWorldOptions): Promise<string[]> {
  const all: string[] = [];
  for (let seed = 1; seed <= runs; seed++) all.push(...(await runPool(seed, options)).violations);
  return all;
}
