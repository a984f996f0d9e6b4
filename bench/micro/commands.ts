/**
 * Calls a trivial actor through its typed reference, as a route or a session does, and prints calls per second as
 * one line of JSON. Arguments: seconds per case.
 */
import { z } from "zod";
import { MemoryBroker } from "actors/bus/memory.ts";
import { SystemClock } from "actors/runtime/clock.ts";
import { defineActor } from "actors/runtime/definition.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import { openSqlite } from "storage/sqlite.ts";
import { callsPerSecond } from "./pace.ts";

const counter = defineActor({
  kind: "counter",
  placement: "shard",
  key: z.string(),
  verbs: {
    add: { input: z.int(), output: z.int() },
    addMany: { input: z.int(), output: z.int(), batched: 256 },
  },
});

const SLICE_MS = 50;

type Add = (amount: number) => Promise<number>;

await using storage = await openSqlite({ path: ":memory:" });
await using bus = new MemoryBroker({ onError: (error) => console.error(error) }).connect();
using clock = new SystemClock();
const node = new ActorNode({
  node: { id: "bench", address: "127.0.0.1", version: "0" },
  clock,
  random: Math.random,
  bus,
  storage,
  limits: DEFAULT_LIMITS,
  lease: { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 30_000 },
  alone: true,
  networked: false,
});
node.host(counter, () => {
  let total = 0;
  return {
    add: (amount) => total += amount,
    addMany(calls) {
      for (const call of calls) call.reply(total += call.input);
    },
  };
});
await node.start();

const seconds = Number(Deno.args[0]);
const one = node.ref(counter, "one");
const hundred = Array.from({ length: 100 }, (_, nth) => node.ref(counter, `c${nth}`));
let turn = 0;
const cases: Record<string, { inFlight: number; add: Add }> = {
  "one actor, 64 in flight": { inFlight: 64, add: (amount) => one.add(amount) },
  "one actor, 1,000 in flight": { inFlight: 1_000, add: (amount) => one.add(amount) },
  "one actor, batched, 1,000 in flight": { inFlight: 1_000, add: (amount) => one.addMany(amount) },
  "100 actors, 1,000 in flight": { inFlight: 1_000, add: (amount) => hundred[turn++ % 100]!.add(amount) },
};

const rates: Record<string, number> = {};
for (const [name, { inFlight, add }] of Object.entries(cases)) {
  const call = () => add(1);
  await callsPerSecond(inFlight, call, Math.min(1, seconds), SLICE_MS);
  rates[name] = await callsPerSecond(inFlight, call, seconds, SLICE_MS);
}
await node.stop(1_000);
console.log(JSON.stringify(rates));
