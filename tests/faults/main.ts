import { parseArgs } from "node:util";
import { play, type Verdict } from "./play.ts";
import { table } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { FULL, SHORT } from "./tempo.ts";

const HELP = `Hurts a cluster of real processes and checks what its clients saw.

  --only WORDS   scenarios whose name contains the words
  --share N      repetitions, as a share of those in the table (default 1)
  --short        short leases and one repetition of each
  --seed N       the choices of an earlier run`;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    only: { type: "string", default: "" },
    share: { type: "string" },
    short: { type: "boolean", default: false },
    seed: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  Deno.exit(0);
}

const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const preset = values.short ? SHORT : FULL;
const tempo = { ...preset, share: values.share === undefined ? preset.share : Number(values.share) };
const verdicts: Verdict[] = [];
console.log(`seed ${seed}`);
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(values.only))) {
  const { world = {} } = scenario;
  verdicts.push(await play({ scenarios: [scenario], tempo, seed, world, tell: console.log }));
}
console.log(table(verdicts));
const bad = verdicts.some(({ violations, scores }) =>
  violations.length > 0 || scores.some(({ complaints }) => complaints.length > 0)
);
Deno.exit(bad ? 1 : 0);
