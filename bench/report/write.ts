import { OUT, ROOT } from "../places.ts";
import type { Result } from "../result.ts";
import { mergeReports } from "./merge.ts";

const BEGIN = "<!-- measured: begin -->";
const END = "<!-- measured: end -->";

/** Everything measured, also what the tables leave out. What never came, or was not measured, is null. */
export async function writeResult(result: Result): Promise<void> {
  await Deno.mkdir(OUT, { recursive: true });
  await Deno.writeTextFile(`${OUT}/result.json`, JSON.stringify(result, null, 2) + "\n");
}

/** Puts the report between the two marks in docs/BENCHMARKS.md; that of a run of some parts into what is there. */
export async function writeBenchmarks(report: string, whole: boolean): Promise<void> {
  const path = `${ROOT}/docs/BENCHMARKS.md`;
  const page = await Deno.readTextFile(path);
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Cannot write ${path}: its marks are missing`);
  const begun = begin + BEGIN.length;
  const results = whole ? report : mergeReports(page.slice(begun, end), report);
  await Deno.writeTextFile(path, `${page.slice(0, begun)}\n\n${results}\n${page.slice(end)}`);
  // Its lines are as long as their sentences.
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path], cwd: ROOT }).output();
}
