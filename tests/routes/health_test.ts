import { deepEqual } from "node:assert/strict";
import { BusVitals } from "actors/bus/vitals.ts";
import { healthRoutes } from "routes/health.ts";
import { RuntimeStage } from "tests/support/runtime_stage.ts";

Deno.test("[H59] a node that begins to stop is not ready, while what it does goes on", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  await node.start();
  const gateway = { accepting: true };
  await using bus = stage.broker.connect();
  using vitals = new BusVitals(bus, () => 0);
  const app = healthRoutes({
    node,
    vitals,
    storage: stage.storage,
    cache: { state: "memory" },
    gateway,
    switches: { on: [] },
  });
  const status = async () => (await app.request("/readyz", {}, { address: "127.0.0.1" })).status;
  deepEqual(await status(), 200);
  gateway.accepting = false;
  deepEqual(await status(), 503);
});
