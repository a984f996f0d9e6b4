import { add, type Counts, verdict } from "./gate/counts.ts";
import { prepareMachine } from "./gate/machine.ts";
import { type Outcome, runStep, type Step } from "./gate/step.ts";
import { findTests, STATIC_STEPS, testSteps } from "./gate/suites.ts";

// It takes some ten minutes on four cores; what hangs must not hold a build machine for hours.
const LONGEST_MS = 28 * 60_000;

/** Runs the gate: all of it, or with `--fast` only what needs no server, no browser and no installing. */
async function main(fast: boolean): Promise<number> {
  const signal = AbortSignal.timeout(LONGEST_MS);
  const outcomes: Outcome[] = [];
  for (const step of await plan(fast)) outcomes.push(await runStep(step, signal));
  console.log();
  let total: Counts = { passed: 0, failed: 0 };
  for (const { name, counts, seconds } of outcomes) {
    console.log(
      `${counts.failed === 0 ? "ok    " : "FAILED"} ${name} (${verdict(counts)}, ${seconds.toFixed(1)} s)`,
    );
    total = add(total, counts);
  }
  console.log(verdict(total));
  return total.failed === 0 ? 0 : 1;
}

async function plan(fast: boolean): Promise<Step[]> {
  const files = await findTests("tests");
  if (fast) return [...STATIC_STEPS, ...testSteps({ ...files, server: [], faults: [], browser: [] })];
  await prepareMachine();
  return [
    { name: "dependencies as locked", args: ["install", "--frozen"], counts: "one" },
    ...STATIC_STEPS,
    { name: "build", args: ["task", "build"], counts: "one" },
    ...testSteps(files),
  ];
}

Deno.exit(await main(Deno.args.includes("--fast")));
