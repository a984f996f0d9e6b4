import { table } from "../../bench/report/table.ts";
import type { Score, Verdict } from "./play.ts";

const VIOLATIONS_SHOWN = 20;

export const HEAD: readonly string[] = [
  "fault",
  "rounds",
  "said",
  "acked",
  "retries",
  "seen",
  "violations",
  "longest silence",
  "slowest answer",
  "failed calls",
];

/** Each scenario as a row under `HEAD`. */
export function rowsOf({ scores, said, acked, retries, seen, violations }: Verdict): string[][] {
  return scores.map(({ scenario, rounds, failures, slowestMs, silenceMs }) => [
    scenario.name,
    ...[rounds, said, acked, retries, seen, violations.length].map(String),
    ...[silenceMs, slowestMs].map((ms) => `${Math.round(ms)} ms`),
    Object.entries(failures).map(([reason, count]) => `${count} ${reason}`).join(", ") || "none",
  ]);
}

/** One row for each scenario, and below it whatever went wrong. */
export function report(verdicts: readonly Verdict[]): string {
  return [table(HEAD, verdicts.flatMap(rowsOf)), ...verdicts.flatMap(troubles)].join("\n");
}

/** What was measured, and what broke a bound or a promise with what is needed to play it again. */
export function troubles({ seed, scores, violations }: Verdict): string[] {
  const lines = scores.flatMap((score) => {
    const { scenario: { name }, details } = score;
    return [...remarks(score), ...details].map((remark) => `${name}: ${remark}`);
  });
  for (const { fault, detail } of violations.slice(0, VIOLATIONS_SHOWN)) {
    lines.push(`VIOLATION ${fault}: ${detail}`);
  }
  if (violations.length > VIOLATIONS_SHOWN) lines.push(`and ${violations.length - VIOLATIONS_SHOWN} more`);
  if (violations.length > 0) lines.push(`--seed ${seed}`);
  return lines;
}

/** What was measured, and which bounds were broken. */
export function remarks({ notes, complaints }: Score): string[] {
  return [...notes, ...complaints.map((complaint) => `BROKEN: ${complaint}`)];
}
