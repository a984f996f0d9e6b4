import assert from "node:assert/strict";
import type { Score, Verdict } from "./play.ts";
import { merge } from "./results.ts";
import type { Scenario } from "./scenario.ts";

const ORDER = ["kill a node", "cut a node off", "pause a node"];
const EMPTY = "# Faults\n\n<!-- results: begin -->\n<!-- results: end -->\n\nThe end.\n";

function verdictOf(name: string, seed: number, score: Partial<Score> = {}): Verdict {
  const scenario: Scenario = {
    name,
    expected: "",
    rounds: 1,
    silenceMaxMs: () => 0,
    run: () => Promise.resolve(),
  };
  const facts = { rounds: 3, seconds: 1, silenceMs: 12_345.6, slowestMs: 7, failures: {} };
  const words = { notes: [], complaints: [], details: [] };
  const scores = [{ scenario, ...facts, ...words, ...score }];
  return { seed, scores, said: 10, acked: 9, retries: 2, seen: 50, violations: [] };
}

function rowsIn(page: string): string[] {
  return page.split("\n").filter((line) => line.startsWith("| ")).slice(2);
}

Deno.test("[F9] what was played stands in the table, in its order, with day and seed", () => {
  const later = merge(EMPTY, verdictOf("pause a node", 1), ORDER, "2026-01-01");
  const page = merge(later, verdictOf("kill a node", 2), ORDER, "2026-01-02");
  const [first, second, ...more] = rowsIn(page);
  assert.match(
    first!,
    /^\| kill a node +\| +3 \| +10 \| +9 \| +2 \| +50 \| +0 \| +12346 ms \| .* 2026-01-02, seed 2 \|$/,
  );
  assert.match(second!, /^\| pause a node .* 2026-01-01, seed 1 \|$/);
  assert.deepEqual(more, []);
  assert.ok(page.startsWith("# Faults\n") && page.endsWith("\nThe end.\n"));
});

Deno.test("[F9] a row that was played again replaces the earlier one, and one of an unknown name goes", () => {
  const before = ["kill a node", "cut a node off", "gone"].reduce(
    (page, name, n) => merge(page, verdictOf(name, n), [...ORDER, "gone"], "2026-01-01"),
    EMPTY,
  );
  const score = { complaints: ["Too | long"], notes: ["a note"], failures: { timeout: 4 } };
  const page = merge(before, verdictOf("kill a node", 9, score), ORDER, "2026-01-02");
  const rows = rowsIn(page);
  assert.equal(rows.length, 2);
  assert.match(
    rows[0]!,
    /^\| kill a node .* 4 timeout \| +a note; BROKEN: Too long \| 2026-01-02, seed 9 \|$/,
  );
  assert.match(rows[1]!, /^\| cut a node off .* 2026-01-01, seed 1 \|$/);
});

Deno.test("[F9] nothing is written into a page without marks", () => {
  assert.throws(() => merge("# Faults\n", verdictOf("kill a node", 1), ORDER, "2026-01-01"), /Cannot write/);
});
