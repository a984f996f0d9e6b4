import { IN_FLIGHT } from "../measures/hot_profiles.ts";
import { KEPT_UP_MS } from "../micro/read_users.ts";
import type { ReadsPart } from "../parts/reads.ts";
import { count, medians, micros, ms } from "./format.ts";
import { table } from "./table.ts";

export function renderReads({ rounds, occasion, load, ways, http }: ReadsPart): string {
  const facts =
    `Reads of ${
      count(load.users)
    } users by id from PostgreSQL, each as likely as the other, nothing cached, ` +
    `windows of ${load.seconds} s, from the moment at which a read is due. The rate that direct queries sustain ` +
    `is the highest one tried at which 99 % are answered within ${KEPT_UP_MS} ms. ` +
    `${medians(rounds)} Measured ${occasion.date}, load average before: ${occasion.loadAverage}.`;
  const merged = table(
    ["Reads by id", "Offered/s", "Answered/s", "Queries per 1,000", "p50", "p99"],
    ways.map(({ way, offered, perSecond, queriesPerThousand, p50, p99 }) => [
      ...[way, count(offered), count(perSecond), count(queriesPerThousand), ms(p50), ms(p99)],
    ]),
  );
  const hot = table([`One profile over HTTP, ${IN_FLIGHT} requests at a time`, "Answered/s", "CPU each"], [
    ["a node", count(http.profile.perSecond), micros(http.profile.cpuUs)],
    ["a bare hono route", count(http.bare.perSecond), micros(http.bare.cpuUs)],
  ]);
  return [facts, merged, hot].join("\n\n");
}
