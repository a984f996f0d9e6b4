import assert from "node:assert/strict";
import { configTable } from "../../ops/config_table.ts";

Deno.test("[X6] the manual's table of variables is the one the server reads", async () => {
  const manual = await Deno.readTextFile(new URL("../../docs/OPERATIONS.md", import.meta.url));
  const table = /<!-- config: begin -->\n([\s\S]*?)\n<!-- config: end -->/.exec(manual)?.[1] ?? "";
  assert.deepEqual(cells(table), cells(configTable()));
});

/** The formatter may align columns. */
function cells(table: string): string[][] {
  return table.trim().split("\n").filter((line) => !/^[|\s:-]+$/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));
}
