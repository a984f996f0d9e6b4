import { parseArgs } from "node:util";
import { runSeeds } from "./crew.ts";
import { type Kind, KINDS } from "./run.ts";
import type { RunResult } from "./run_result.ts";

const USAGE = `Runs random schedules of faults against simulated nodes.

  --runs N      how many schedules (10000)
  --seed N      the first seed; each schedule takes the next one (1). A failing seed replays with --runs 1
  --world W     what runs on the nodes: ledger, chat, pool, or each of them in turn (all)
  --threads N   how many at once (one per core)`;

const REPORT_EVERY_MS = 10_000;

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly threads: number;
  readonly kinds: readonly Kind[];
}

function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
      world: { type: "string", default: "all" },
      threads: { type: "string", default: String(navigator.hardwareConcurrency) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const numbers = { runs: Number(values.runs), seed: Number(values.seed), threads: Number(values.threads) };
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new Error(`Cannot simulate: --${name} is no whole number`);
    }
  }
  const kinds = KINDS.filter((kind) => values.world === "all" || values.world === kind);
  if (kinds.length === 0) throw new Error(`Cannot simulate: --world is one of ${KINDS.join(", ")}, all`);
  return { ...numbers, kinds };
}

async function simulate({ runs, seed, threads }: Omit<Options, "kinds">, kind: Kind): Promise<boolean> {
  const answers = new Map<string, number>();
  const failed: RunResult[] = [];
  let done = 0;
  const began = performance.now();
  const progress = setInterval(
    () => console.log(`${kind}: ${done} of ${runs}, ${failed.length} failed`),
    REPORT_EVERY_MS,
  );
  await runSeeds(numbers(seed, runs), Math.min(threads, runs), (result) => {
    done++;
    for (const [answer, count] of Object.entries(result.answers)) {
      answers.set(answer, (answers.get(answer) ?? 0) + count);
    }
    if (result.violations.length === 0) return;
    failed.push(result);
    console.log(`--world ${kind} --seed ${result.seed}:`);
    for (const violation of result.violations) console.log(`  ${violation}`);
  }, kind);
  clearInterval(progress);
  const seconds = (performance.now() - began) / 1_000;
  const counts = [...answers].map(([answer, count]) => `${count} ${answer}`).join(", ");
  console.log(
    `${kind}: ${runs} schedules in ${seconds.toFixed(1)} s, ${failed.length} failed; commands: ${counts}`,
  );
  return failed.length === 0;
}

function* numbers(from: number, count: number): Generator<number> {
  for (let n = 0; n < count; n++) yield from + n;
}

const options = readOptions(Deno.args);
if (options === undefined) {
  console.log(USAGE);
} else {
  let good = true;
  for (const kind of options.kinds) good = await simulate(options, kind) && good;
  if (!good) Deno.exit(1);
}
