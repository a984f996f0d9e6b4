import { parseArgs } from "node:util";
import { runSeeds } from "./crew.ts";
import type { RunResult } from "./run.ts";

const USAGE = `Runs random schedules of faults against simulated nodes.

  --runs N      how many schedules (10000)
  --seed N      the first seed; each schedule takes the next one (1). A failing seed replays with --runs 1
  --threads N   how many at once (one per core)`;

const REPORT_EVERY_MS = 10_000;

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly threads: number;
}

function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
      threads: { type: "string", default: String(navigator.hardwareConcurrency) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const options = { runs: Number(values.runs), seed: Number(values.seed), threads: Number(values.threads) };
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new Error(`Cannot simulate: --${name} is no whole number`);
    }
  }
  return options;
}

async function simulate({ runs, seed, threads }: Options): Promise<boolean> {
  const answers = new Map<string, number>();
  const failed: RunResult[] = [];
  let done = 0;
  const began = performance.now();
  const progress = setInterval(
    () => console.log(`${done} of ${runs}, ${failed.length} failed`),
    REPORT_EVERY_MS,
  );
  await runSeeds(numbers(seed, runs), Math.min(threads, runs), (result) => {
    done++;
    for (const [answer, count] of Object.entries(result.answers)) {
      answers.set(answer, (answers.get(answer) ?? 0) + count);
    }
    if (result.violations.length === 0) return;
    failed.push(result);
    console.log(`seed ${result.seed}:`);
    for (const violation of result.violations) console.log(`  ${violation}`);
  });
  clearInterval(progress);
  const seconds = (performance.now() - began) / 1_000;
  const counts = [...answers].map(([answer, count]) => `${count} ${answer}`).join(", ");
  console.log(`${runs} schedules in ${seconds.toFixed(1)} s, ${failed.length} failed; commands: ${counts}`);
  return failed.length === 0;
}

function* numbers(from: number, count: number): Generator<number> {
  for (let n = 0; n < count; n++) yield from + n;
}

const options = readOptions(Deno.args);
if (options === undefined) {
  console.log(USAGE);
} else if (!await simulate(options)) {
  Deno.exit(1);
}
