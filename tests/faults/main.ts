import { parseArgs } from "node:util";
import { play, type Verdict } from "./play.ts";
import { report } from "./report.ts";
import { writeResults } from "./results.ts";
import { SCENARIOS } from "./scenarios.ts";
import { FULL, SHORT } from "./tempo.ts";

const HELP = `Hurts a cluster of real processes and checks what its clients saw.

  --only WORDS   scenarios whose name contains the words
  --share N      repetitions, as a share of those in the table (default 1)
  --short        short leases and one repetition of each
  --seed N       the choices of an earlier run
  --write        puts the rows that were played, in full, into docs/FAULTS.md`;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    only: { type: "string", default: "" },
    share: { type: "string" },
    short: { type: "boolean", default: false },
    seed: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  Deno.exit(0);
}

if (values.write && (values.short || values.share !== undefined)) {
  console.error("Cannot write the results of a part: leave --short and --share away");
  Deno.exit(2);
}

const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const preset = values.short ? SHORT : FULL;
const tempo = { ...preset, share: values.share === undefined ? preset.share : Number(values.share) };
const verdicts: Verdict[] = [];
console.log(`seed ${seed}`);
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(values.only))) {
  const { world = {}, company = "rooms" } = scenario;
  const verdict = await play({ scenarios: [scenario], tempo, seed, world, company, tell: console.log });
  verdicts.push(verdict);
  if (values.write) await writeResults(verdict, SCENARIOS.map(({ name }) => name));
}
console.log(report(verdicts));
const bad = verdicts.some(({ violations, scores }) =>
  violations.length > 0 || scores.some(({ complaints }) => complaints.length > 0)
);
Deno.exit(bad ? 1 : 0);
