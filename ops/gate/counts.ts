export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

// deno-lint-ignore no-control-regex -- the escape character begins a terminal's colour codes
const COLOURS = /\u001b\[[0-9;]*m/g;
const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed/gm;

/**
 * What `deno test` says at its end, as `ok | 3 passed (2 steps) | 0 failed (1s)`. A run that ended badly without
 * saying so, or without a summary, has failed once.
 */
export function readCounts(output: string, success: boolean): Counts {
  const summary = [...output.replace(COLOURS, "").matchAll(SUMMARY)].at(-1);
  if (summary === undefined) return { passed: 0, failed: 1 };
  const passed = Number(summary[1]);
  const failed = Number(summary[2]);
  return { passed, failed: success ? failed : Math.max(failed, 1) };
}

export function add(left: Counts, right: Counts): Counts {
  return { passed: left.passed + right.passed, failed: left.failed + right.failed };
}

/** The last line of the gate; machines read it. */
export function verdict({ passed, failed }: Counts): string {
  return `${passed} passed, ${failed} failed`;
}
