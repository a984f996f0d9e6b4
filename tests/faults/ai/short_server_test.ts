import assert from "node:assert/strict";
import { SHORT_AI_SCENARIOS } from "../ai_scenarios.ts";
import { play } from "../play.ts";
import { troubles } from "../report.ts";
import { SHORT } from "../tempo.ts";

const SEED = 20_261_121;

Deno.test("[F60] a hurt cluster passes no limit of an upstream, leaks no lease, and answers everybody alike and in full", async () => {
  const verdict = await play({
    scenarios: SHORT_AI_SCENARIOS,
    tempo: SHORT,
    seed: SEED,
    company: "ai",
    tell: console.log,
  });
  const broken = verdict.scores.flatMap(({ complaints }) => complaints);
  assert.deepEqual([...verdict.violations, ...broken], [], troubles(verdict).join("\n"));
  // Everybody twice: a machine may be as slow as it is.
  assert.ok(verdict.acked >= 72, `too little was answered to prove anything: ${verdict.acked}`);
});
