import { deepEqual, equal, fail, notEqual, ok } from "node:assert/strict";
import type { CommitLane, OwnershipStore, Storage } from "storage/storage.ts";
import { runSeeds } from "./crew.ts";
import { runSeed } from "./run.ts";
import type { RunResult } from "./run_result.ts";

const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? 25);
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

Deno.test("[Y3] a store that says yes to what it did not write is found out", async () => {
  await isFound(/acked and lost|have a hole/, 5, (storage) => ({ ...storage, lane: forgetful(storage) }));
});

Deno.test("[Y3] a node that overrules the database about who lives is found out", async () => {
  await isFound(/^shard|though all is well/, 5, (storage) => ({ ...storage, ownership: usurping(storage) }));
});

/** Whether one of so many runs is found to violate something in this way. */
async function isFound(sentence: RegExp, runs: number, wrap: (storage: Storage) => Storage): Promise<void> {
  const all: string[] = [];
  for (let seed = 1; seed <= runs; seed++) {
    const { violations } = await runSeed(seed, { wrap });
    if (violations.some((violation) => sentence.test(violation))) return;
    all.push(...violations);
  }
  fail(`Nothing of the kind was found: ${all.join()}`);
}

function forgetful({ lane }: Storage): CommitLane {
  let commits = 0;
  return {
    stats: lane.stats,
    commit: (fence, writes) => ++commits % 10 === 0 ? Promise.resolve() : lane.commit(fence, writes),
  };
}

/** Takes all other nodes for dead, and ends them where it wants their shards. */
function usurping({ ownership }: Storage): OwnershipStore {
  let self = "";
  const changed: Partial<OwnershipStore> = {
    register: async (node) => await ownership.register({ ...node, id: self = node.id }),
    nodes: async () => (await ownership.nodes()).filter(({ id }) => id === self),
    claim: async (node, wanted) => {
      for (const { id, epoch } of await ownership.nodes()) {
        if (id !== node.id) await ownership.unregister(id, epoch);
      }
      return await ownership.claim(node, wanted);
    },
  };
  return new Proxy(ownership, {
    get: (store, name) => changed[name as keyof OwnershipStore] ?? store[name as keyof OwnershipStore],
  });
}
