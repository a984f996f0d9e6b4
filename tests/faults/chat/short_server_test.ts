import assert from "node:assert/strict";
import { SHORT_CHAT_SCENARIOS } from "../chat_scenarios.ts";
import { play } from "../play.ts";
import { troubles } from "../report.ts";
import { SHORT } from "../tempo.ts";

// Build machines run this with whatever else they do; `deno task faults` is the whole of it.
const SEED = 20_261_121;
const HOUR_MS = 3_600_000;

Deno.test("[F21] hurt one after the other, a cluster loses, doubles, reorders and leaks nothing of a chat", async () => {
  const verdict = await play({
    scenarios: SHORT_CHAT_SCENARIOS,
    tempo: SHORT,
    seed: SEED,
    world: { skewMs: [HOUR_MS, -HOUR_MS] },
    company: "chat",
    tell: console.log,
  });
  const broken = verdict.scores.flatMap(({ complaints }) => complaints);
  assert.deepEqual([...verdict.violations, ...broken], [], troubles(verdict).join("\n"));
  assert.ok(verdict.acked > 500, `too little was acked to prove anything: ${verdict.acked}`);
  assert.ok(verdict.seen > verdict.acked * 2, "the devices saw too little to prove anything");
});
