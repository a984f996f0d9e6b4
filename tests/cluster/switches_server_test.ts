import { deepEqual, equal } from "node:assert/strict";
import type { Switch } from "protocol/switches.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startThree } from "tests/support/three_nodes.ts";

Deno.test("[SW2] [SW3] [SW4] a switch set on one node counts on all within a second, over restarts and a lost event", async () => {
  await using stage = await startThree({ SWITCH_POLL_MS: 60_000 });
  const [a, b, c] = stage.servers as [
    typeof stage.servers[0],
    typeof stage.servers[0],
    typeof stage.servers[0],
  ];
  const keyOf = async ({ dataDir }: typeof a) => (await Deno.readTextFile(`${dataDir}/operator_key`)).trim();
  const operators = await Promise.all(
    [a, b, c].map(async (node) => new HttpClient(node.url, await keyOf(node))),
  );
  const [atA, atB] = operators as [HttpClient, HttpClient];
  const isOn = `barrage_switch{switch="read-only",by="operator"}`;

  equal((await atA.put<Switch>("/v1/switches/read-only", {})).status, 200);
  const set = performance.now();
  await Promise.all([b, c].map((node) => node.metricIs(isOn, 1)));
  const took = performance.now() - set;
  equal(took < 1_000, true, `${took} ms`);
  for (const operator of operators) {
    equal((await operator.post("/v1/rooms", { title: "No" })).body.reason, "read_only");
  }

  await b.kill("SIGKILL");
  // It is not there to hear of this one.
  equal((await atA.put("/v1/switches/shed-low", {})).status, 200);
  await b.restart();
  const { body } = await atB.get<{ switches: string[] }>("/readyz");
  deepEqual(body.switches, ["read-only", "shed-low"]);

  equal((await atB.delete("/v1/switches/read-only")).status, 200);
  await Promise.all([a, c].map((node) => node.metricIs(isOn, 0)));
  for (const operator of operators) equal((await operator.post("/v1/rooms", { title: "Yes" })).status, 201);
});
