import { equal, ok } from "node:assert/strict";
import type { NewApiKey } from "protocol/api_keys.ts";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import type { z } from "zod";
import { HttpClient } from "tests/support/http_client.ts";
import { startNats } from "tests/support/nats.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

Deno.test("[U8] [U11] a key made on one node is good on another, and useless there at once when it is revoked", async () => {
  await using started = new AsyncDisposableStack();
  const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  started.use(nats);
  started.use(postgres);
  // Nothing is found by looking: what happens at once, an event has told.
  const env = {
    NATS_URL: nats.url,
    DATABASE_URL: await postgres.createDatabase(),
    REVOCATION_POLL_MS: 60_000,
    SETTLE_MS: 500,
  };
  const [a, b] = [
    started.use(await startServer({ ...env, NODE_ID: "a" })),
    started.use(await startServer({ ...env, NODE_ID: "b" })),
  ];
  const operatorOf = async ({ dataDir }: typeof a, { url }: typeof a) =>
    new HttpClient(url, (await Deno.readTextFile(`${dataDir}/operator_key`)).trim());
  const [onA, onB] = [await operatorOf(a, a), await operatorOf(a, b)];
  const made = await onA.post<z.infer<typeof NewApiKey>>("/v1/api-keys", { name: "Bot", scopes: ["audit"] });
  const { id, key } = made.body;
  const program = new HttpClient(b.url, key);
  equal((await program.get("/v1/api-keys")).status, 403);
  await using socket = await SocketClient.greet(b.socketUrl, key);
  const since = performance.now();
  equal((await onA.delete(`/v1/api-keys/${id}`)).status, 204);
  equal((await socket.closed).code, CLOSE_CODES.unauthenticated.code);
  ok(performance.now() - since < 5_000);
  equal((await program.get("/v1/api-keys")).status, 401);
  // The operator key of one node works on the other, and so does its revocation.
  equal((await onB.delete(`/v1/api-keys/${/^bk_(.{26})/.exec(onB.token ?? "")?.[1]}`)).status, 204);
  equal((await onB.get("/v1/api-keys")).status, 401);
});
