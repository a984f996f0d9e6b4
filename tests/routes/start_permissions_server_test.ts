import { equal } from "node:assert/strict";
import { NodeProcess } from "../../ops/cluster/node_process.ts";
import { HttpClient } from "tests/support/http_client.ts";

Deno.test("[S37] passwords are hashed with the permissions of `deno task start`", async () => {
  const folder = await Deno.makeTempDir({ prefix: "barrage-start-" });
  await using started = new AsyncDisposableStack();
  started.defer(() => Deno.remove(folder, { recursive: true }));
  const node = new NodeProcess({
    name: "alone",
    folder: `${folder}/data`,
    logFile: `${folder}/log`,
    env: {},
  });
  started.defer(() => node.stop());
  await node.start();
  const client = new HttpClient(node.url);
  const account = { login: "ann", password: "correct horse battery", transport: "body" };
  equal((await client.post("/v1/accounts", account)).status, 201);
  const refused = await client.post("/v1/accounts", { ...account, login: "ben", password: "iloveyou1" });
  equal(refused.status, 422);
  equal(refused.body.path, "body.password");
});
