import { fileURLToPath } from "node:url";
import { table } from "../../bench/report/table.ts";
import type { Verdict } from "./play.ts";
import { HEAD, remarks, rowsOf } from "./report.ts";

const PAGE = fileURLToPath(new URL("../../docs/FAULTS.md", import.meta.url));
const BEGIN = "<!-- results: begin -->";
const END = "<!-- results: end -->";

/** Puts what was played into the table of docs/FAULTS.md. */
export async function writeResults(verdict: Verdict, order: readonly string[]): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  await Deno.writeTextFile(PAGE, merge(await Deno.readTextFile(PAGE), verdict, order, day));
}

/**
 * The page with the rows of what was played in place of the earlier ones, every other row as it was, in the order of
 * the names in `order`; a row with another name goes.
 */
export function merge(page: string, verdict: Verdict, order: readonly string[], day: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error("Cannot write the results: the page has no marks for them");
  const rows = new Map(readRows(page.slice(begin, end)).map((row) => [row[0]!, row]));
  for (const [index, row] of rowsOf(verdict).entries()) {
    const said = remarks(verdict.scores[index]!).join("; ");
    rows.set(row[0]!, [...row, said, `${day}, seed ${verdict.seed}`].map(cellOf));
  }
  const known = order.map((name) => rows.get(name)).filter((row) => row !== undefined);
  const results = table([...HEAD, "remarks", "played"], known);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${results}\n\n${page.slice(end)}`;
}

/** Those of the table that stands there, without head and rule. */
function readRows(block: string): string[][] {
  const lines = block.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

function cellOf(text: string): string {
  return text.replaceAll(/[|\s]+/g, " ").trim() || "-";
}
