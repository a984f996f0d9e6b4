import { deepEqual, fail, notEqual, ok } from "node:assert/strict";
import type { CommitLane, Storage } from "storage/storage.ts";
import { runSeeds } from "./crew.ts";
import { runSeed } from "./run.ts";
import type { RunResult } from "./run_result.ts";

const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? 25);
const FIRST_SEED = 20_261_121;

Deno.test("[Y26] those who chat through random kills, pauses, cuts, losses and deploys lose nothing, see one order and nothing else", async () => {
  const failed: RunResult[] = [];
  let acked = 0;
  const seeds = Array.from({ length: RUNS }, (_, n) => FIRST_SEED + n);
  await runSeeds(seeds, 2, (result) => {
    if (result.violations.length > 0) failed.push(result);
    acked += result.answers["acked"] ?? 0;
  }, "chat");
  deepEqual(failed.map(({ seed, violations }) => [seed, ...violations]), []);
  ok(acked > RUNS * 30, `too little was acked to prove anything: ${acked}`);
});

Deno.test("[Y27] a seed of the chat replays exactly, and another seed is another run", async () => {
  const first = await runSeed(7, { kind: "chat" });
  deepEqual(await runSeed(7, { kind: "chat" }), first);
  notEqual((await runSeed(8, { kind: "chat" })).fingerprint, first.fingerprint);
});

Deno.test("[Y28] a store that says yes to what it did not write is found out by those who chat", async () => {
  await isFound(/^(lost|missing)/, 3, (storage) => ({ lane: forgetful(storage) }));
});

Deno.test("[Y28] a store that shows newcomers what was said before they came is found out", async () => {
  await isFound(/^leaked/, 5, ({ conversations }) => ({
    conversations: changed(conversations, {
      acquire: async (...asked) => {
        const stored = await conversations.acquire(...asked);
        return stored && { ...stored, members: stored.members.map((row) => ({ ...row, visibleFrom: 1 })) };
      },
    }),
  }));
});

Deno.test("[Y28] a store that forgets what was sent under which id is found out", async () => {
  await isFound(/^(doubled|lost)/, 10, ({ messages }) => ({
    messages: changed(messages, {
      append: (records) =>
        messages.append(
          records.map(({ message, clientId }) =>
            clientId === undefined ? { message } : { message, clientId: `${clientId}-${message.version}` }
          ),
        ),
      sent: () => Promise.resolve([]),
    }),
  }));
});

Deno.test("[Y28] a store that counts wrong is found out", async () => {
  await isFound(/^miscounted/, 5, ({ messages }) => ({
    messages: changed(messages, {
      countAfter: async (...asked) => {
        const { own, mentions } = await messages.countAfter(...asked);
        return { own: own + 1, mentions };
      },
    }),
  }));
});

/** Whether one of so many runs is found to violate something in this way. */
async function isFound(
  sentence: RegExp,
  runs: number,
  replaced: (storage: Storage) => Partial<Storage>,
): Promise<void> {
  const all: string[] = [];
  const wrap = (storage: Storage) => changed(storage, replaced(storage));
  for (let seed = 1; seed <= runs; seed++) {
    const { violations } = await runSeed(seed, { kind: "chat", wrap });
    if (violations.some((violation) => sentence.test(violation))) return;
    all.push(...violations);
  }
  fail(`Nothing of the kind was found: ${all.join()}`);
}

/** The whole of it as it is, but for these parts. */
function changed<T extends object>(whole: T, parts: Partial<T>): T {
  return new Proxy(whole, {
    get: (target, name) => Reflect.get(Object.hasOwn(parts, name) ? parts : target, name),
  });
}

function forgetful({ lane }: Storage): CommitLane {
  let commits = 0;
  return {
    stats: lane.stats,
    commit: (fence, writes) => ++commits % 10 === 0 ? Promise.resolve() : lane.commit(fence, writes),
  };
}
