import type { Result } from "../result.ts";
import { count, ms, percent } from "./format.ts";
import type { Target } from "./target.ts";

const QUERIES_PER_THOUSAND = 50;
const QUIET_MORE_MS = 1;
const HTTP_SHARE = 0.5;

export function judgeReads({ reads }: Result): Target[] {
  if (reads === undefined) return [];
  const { load, ways, http } = reads;
  const row = (name: string) => ways.find(({ way }) => way === name);
  const [lookup, quiet, direct, directQuiet] = [
    ...[row("lookup"), row("lookup, 10/s"), row("direct, at the rate it sustains"), row("direct, 10/s")],
  ];
  const targets: Target[] = [];
  const at = `at ${count(load.rate)} reads a second, nothing cached`;
  if (lookup !== undefined) {
    targets.push({
      name: `Queries per 1,000 reads ${at}`,
      wanted: `<= ${QUERIES_PER_THOUSAND}`,
      measured: count(lookup.queriesPerThousand),
      reached: lookup.queriesPerThousand <= QUERIES_PER_THOUSAND,
    });
  }
  if (lookup !== undefined && direct !== undefined) {
    targets.push({
      name: `Reads ${at}, p99`,
      wanted: `<= ${ms(direct.p99)}, direct queries at ${count(direct.offered)} a second`,
      measured: ms(lookup.p99),
      reached: lookup.p99 <= direct.p99,
    });
  }
  if (quiet !== undefined && directQuiet !== undefined) {
    targets.push({
      name: "Reads at 10 a second, p50",
      wanted: `<= ${ms(directQuiet.p50 + QUIET_MORE_MS)}, direct queries and ${QUIET_MORE_MS} ms`,
      measured: ms(quiet.p50),
      reached: quiet.p50 <= directQuiet.p50 + QUIET_MORE_MS,
    });
  }
  const share = http.profile.perSecond / http.bare.perSecond;
  targets.push({
    name: "Reads of a hot profile over HTTP a second",
    wanted: `>= ${percent(HTTP_SHARE)} of a bare hono route`,
    measured: percent(share),
    reached: share >= HTTP_SHARE,
  });
  return targets;
}
