import type { Verdict } from "./play.ts";

const VIOLATIONS_SHOWN = 20;

/** One row for each scenario, and below it whatever went wrong. */
export function table(verdicts: readonly Verdict[]): string {
  const lines = [
    "| fault | rounds | said | acked | retries | seen | failed calls | slowest answer | longest silence | violations |",
    "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |",
  ];
  for (const { scores, said, acked, retries, seen, violations } of verdicts) {
    for (const { scenario, rounds, failures, slowestMs, silenceMs } of scores) {
      const failed = Object.entries(failures).map(([reason, count]) => `${count} ${reason}`).join(", ") ||
        "none";
      const cells = [scenario.name, rounds, said, acked, retries, seen, failed];
      const times = [slowestMs, silenceMs].map((ms) => `${Math.round(ms)} ms`);
      lines.push(`| ${[...cells, ...times, violations.length].join(" | ")} |`);
    }
  }
  return [...lines, ...verdicts.flatMap(troubles)].join("\n");
}

/** What broke a bound or a promise, with what is needed to play it again. */
export function troubles({ seed, scores, violations }: Verdict): string[] {
  const lines = scores.flatMap(({ scenario, complaints, notes }) => [
    ...notes.map((note) => `${scenario.name}: ${note}`),
    ...complaints.map((complaint) => `BROKEN ${scenario.name}: ${complaint}`),
  ]);
  for (const { fault, detail } of violations.slice(0, VIOLATIONS_SHOWN)) {
    lines.push(`VIOLATION ${fault}: ${detail}`);
  }
  if (violations.length > VIOLATIONS_SHOWN) lines.push(`and ${violations.length - VIOLATIONS_SHOWN} more`);
  if (violations.length > 0) lines.push(`--seed ${seed}`);
  return lines;
}
