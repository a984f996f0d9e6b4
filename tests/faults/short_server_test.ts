import assert from "node:assert/strict";
import { play, type Verdict } from "./play.ts";
import { troubles } from "./report.ts";
import { SHORT_SCENARIOS } from "./scenarios.ts";
import { SHORT } from "./tempo.ts";

// Build machines run this with whatever else they do; `deno task faults` is the whole of it.
const SEED = 20_261_121;
const HOUR_MS = 3_600_000;

Deno.test("[F3] [F8] hurt one after the other, a cluster loses, doubles and reorders nothing", async () => {
  const verdict: Verdict = await play({
    scenarios: SHORT_SCENARIOS,
    tempo: SHORT,
    seed: SEED,
    world: { skewMs: [HOUR_MS, -HOUR_MS] },
    tell: console.log,
  });
  const broken = verdict.scores.flatMap(({ complaints }) => complaints);
  assert.deepEqual([...verdict.violations, ...broken], [], troubles(verdict).join("\n"));
  assert.ok(verdict.acked > 500, `too little was acked to prove anything: ${verdict.acked}`);
  assert.ok(verdict.seen > verdict.acked, "the viewers saw too little to prove anything");
});
