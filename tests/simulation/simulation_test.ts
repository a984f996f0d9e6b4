import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { type CommitLane, FencedError, type Storage } from "storage/storage.ts";
import { runSeeds } from "./crew.ts";
import { type RunResult, runSeed } from "./run.ts";

const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? 200);
const FIRST_SEED = 20_261_121;

Deno.test("[Y1] through random kills, pauses, cuts, losses and deploys: nothing acked is lost, doubled or reordered, and all heals", async () => {
  const failed: RunResult[] = [];
  const answers = new Map<string, number>();
  const seeds = Array.from({ length: RUNS }, (_, n) => FIRST_SEED + n);
  await runSeeds(seeds, 2, (result) => {
    if (result.violations.length > 0) failed.push(result);
    for (const [answer, n] of Object.entries(result.answers)) {
      answers.set(answer, (answers.get(answer) ?? 0) + n);
    }
  });
  deepEqual(failed.map(({ seed, violations }) => [seed, ...violations]), []);
  ok((answers.get("acked") ?? 0) > RUNS * 30, `too little was acked to prove anything: ${[...answers]}`);
  equal(answers.get("moved"), undefined);
});

Deno.test("[Y2] a seed replays exactly, and another seed is another run", async () => {
  const first = await runSeed(7);
  deepEqual(await runSeed(7), first);
  notEqual((await runSeed(8)).fingerprint, first.fingerprint);
});

Deno.test("[Y3] a store that does not check epochs is found out", async () => {
  const violations = await firstViolations(60, (storage) => ({ ...storage, lane: unfenced(storage) }));
  ok(violations.some((sentence) => /both wrote under epoch/.test(sentence)), violations.join());
});

/** What the first failing run of so many has to say. */
async function firstViolations(
  runs: number,
  wrap: (storage: Storage) => Storage,
): Promise<readonly string[]> {
  for (let seed = 1; seed <= runs; seed++) {
    const { violations } = await runSeed(seed, { wrap });
    if (violations.length > 0) return violations;
  }
  return [];
}

/** Writes under whatever epoch the row has. */
function unfenced({ lane }: Storage): CommitLane {
  return {
    stats: lane.stats,
    async commit(fence, writes) {
      for (let epoch = fence.epoch; epoch < fence.epoch + 8; epoch++) {
        try {
          return await lane.commit({ ...fence, epoch }, writes);
        } catch (error) {
          if (!(error instanceof FencedError)) throw error;
        }
      }
    },
  };
}
