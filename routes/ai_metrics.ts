import type { Registry } from "prom-client";
import { type PoolMeter, type PoolMeters, WAIT_BUCKETS_MS } from "actors/ai/pool/meter.ts";
import { declareMetric, type Sample } from "./metric.ts";

/** The pools of this node: what they lend, and how well. */
export function declareAiMetrics(registry: Registry, meters: PoolMeters): void {
  const { counts } = meters;
  const totals: readonly [name: string, help: string, read: () => number][] = [
    ["barrage_ai_grants_total", "Calls that pools have lent a slot", () => counts.grants],
    ["barrage_ai_merged_total", "Requests that were answered by another one's answer", () => counts.merged],
    ["barrage_ai_declined_total", "Slots that nobody wanted any more", () => counts.declined],
    [
      "barrage_ai_leases_lapsed_total",
      "Slots taken back because nobody was heard of",
      () => counts.leases_lapsed,
    ],
    ["barrage_ai_probes_total", "Calls made to see whether a credential is well again", () => counts.probes],
    ["barrage_ai_wait_ms_total", "How long those waited who were lent a slot", () => counts.waitMs],
    ["barrage_ai_slot_busy_ms_total", "Time of lent slots while somebody waited", () => counts.busySlotMs],
    ["barrage_ai_slot_ms_total", "Time of all usable slots while somebody waited", () => counts.slotMs],
  ];
  for (const [name, help, read] of totals) declareMetric(registry, name, help, () => [[read()]]);
  declareMetric(
    registry,
    "barrage_ai_over_limit_total",
    "Calls that the upstream found too many, though by our books they were not",
    () => [[counts.over_rate, { limit: "rate" }], [counts.over_concurrency, { limit: "concurrency" }]],
    ["limit"],
  );
  declareMetric(
    registry,
    "barrage_ai_waits_total",
    "Grants by how long they were waited for, up to so many milliseconds",
    () => {
      let sum = 0;
      return meters.waits.map((count, n) => [sum += count, { le: String(WAIT_BUCKETS_MS[n] ?? "+Inf") }]);
    },
    ["le"],
  );
  const gauges: readonly [name: string, help: string, read: (pool: PoolMeter) => number | undefined][] = [
    ["barrage_ai_waiting", "Answers that wait for a slot", ({ gauge }) => gauge.waiting],
    ["barrage_ai_leased", "Slots that are lent", ({ gauge }) => gauge.busy],
    [
      "barrage_ai_fairness",
      "Jain's index of grants between users who waited all through the last ten seconds",
      ({ fairness }) => fairness,
    ],
  ];
  for (const [name, help, read] of gauges) {
    declareMetric(registry, name, help, () => byPool(meters, read), ["pool"]);
  }
}

function byPool(meters: PoolMeters, read: (pool: PoolMeter) => number | undefined): Sample[] {
  return [...meters.pools].flatMap((pool) => {
    const value = read(pool);
    return value === undefined ? [] : [[value, { pool: pool.key }] as const];
  });
}
