import { deepEqual, equal, ok } from "node:assert/strict";
import { HttpClient } from "tests/support/http_client.ts";
import { startNats } from "tests/support/nats.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

const SHUTDOWN_MS = 8_000;

Deno.test("[G75] a node of several serves the sockets it sends away until they have left, and ends when the last has", async () => {
  await using nats = await startNats();
  await using postgres = await startPostgres();
  const env = {
    GUESTS: "on",
    NATS_URL: nats.url,
    DATABASE_URL: await postgres.createDatabase(),
    SHUTDOWN_MS,
  };
  await using leaving = await startServer({ ...env, NODE_ID: "a" });
  await using staying = await startServer({ ...env, NODE_ID: "b" });
  const guest = await HttpClient.guest(leaving.url);
  const { id: room } = await guest.room();
  await using client = await SocketClient.greet(leaving.socketUrl, guest.token);
  await client.call("room.join", { room });
  const since = performance.now();
  const ended = leaving.kill("SIGTERM");
  const { reason, reconnect, afterMs, graceMs } = await client.next("session.closing");
  deepEqual([reason, reconnect], ["shutdown", true]);
  ok(afterMs >= 0 && afterMs <= 3_000 && graceMs! > afterMs && graceMs! <= SHUTDOWN_MS);
  deepEqual(await client.call("room.say", { room, text: "still served" }), { accepted: true });
  await using elsewhere = await SocketClient.greet(staying.socketUrl, guest.token);
  await elsewhere.call("room.join", { room });
  client.socket.close(1000);
  equal((await ended).code, 0);
  ok(performance.now() - since < graceMs!);
});
