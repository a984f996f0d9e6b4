import { CONFIG_TABLE } from "config";

/** Prints the table of docs/OPERATIONS.md; a test compares the two. */
export function configTable(): string {
  const rows = CONFIG_TABLE.map(({ variable, preset, bounds, meaning }) =>
    `| \`${variable}\` | ${preset} | ${bounds} | ${meaning} |`
  );
  return ["| variable | default | bounds | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

if (import.meta.main) console.log(configTable());
