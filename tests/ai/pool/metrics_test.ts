import { deepEqual, ok } from "node:assert/strict";
import { Registry } from "prom-client";
import { declareAiMetrics } from "routes/ai_metrics.ts";
import { POOL, PoolStage, user } from "./pool_stage.ts";

Deno.test("[I65] what a pool did and how it stands is shown to those who watch the server", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 1, startsPerSecond: 9 }] });
  const registry = new Registry();
  declareAiMetrics(registry, stage.meters);
  const digest = "d".repeat(43);
  await stage.ask(1, { digest });
  await stage.ask(2, { digest, user: user(2) });
  await stage.start(1);
  await stage.ask(3);
  await stage.ask(4);
  await stage.clock.advance(2_000);
  await stage.end(1, { kind: "fault", fault: "rate" });
  await stage.clock.advance(1_100);
  const text = await registry.metrics();
  const value = (name: string) => {
    const line = text.split("\n").find((line) => line.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
  };
  deepEqual(
    [
      "barrage_ai_grants_total",
      "barrage_ai_merged_total",
      "barrage_ai_leases_lapsed_total",
      'barrage_ai_over_limit_total{limit="rate"}',
      'barrage_ai_over_limit_total{limit="concurrency"}',
      'barrage_ai_waits_total{le="1"}',
      'barrage_ai_waits_total{le="10000"}',
      `barrage_ai_waiting{pool="${POOL}"}`,
      `barrage_ai_leased{pool="${POOL}"}`,
    ].map(value),
    [2, 1, 0, 1, 0, 1, 2, 1, 1],
  );
  const [busy, all] = ["barrage_ai_slot_busy_ms_total", "barrage_ai_slot_ms_total"].map(value);
  ok(busy! >= 2_000 && all! >= busy! && all! < busy! + 1_100, `${busy} of ${all}`);
});
