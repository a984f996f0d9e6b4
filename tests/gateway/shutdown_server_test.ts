import { deepEqual, equal, ok } from "node:assert/strict";
import { HttpClient } from "tests/support/http_client.ts";
import { RawSocket } from "tests/support/raw_socket.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

const SHUTDOWN_MS = 4_000;

async function roomOf(server: Server) {
  const guest = await HttpClient.guest(server.url);
  const { id: room } = await guest.room();
  return { token: guest.token, room };
}

Deno.test("[G70] a stopping server says when to come back, then closes with 4452, and ends with 0 in time", async () => {
  await using server = await startServer({ SHUTDOWN_MS });
  const { token, room } = await roomOf(server);
  await using client = await SocketClient.greet(server.socketUrl, token);
  await client.call("room.join", { room });
  const since = performance.now();
  const ended = server.kill("SIGTERM");
  const { reason, reconnect, afterMs } = await client.next("session.closing");
  deepEqual([reason, reconnect], ["shutdown", true]);
  ok(afterMs >= 0 && afterMs <= 3_000);
  equal((await client.closed).code, 4452);
  equal((await ended).code, 0);
  ok(performance.now() - since < SHUTDOWN_MS);
});

Deno.test("[G71] a say that waits for its tick when the stop begins is answered, and is there afterwards", async () => {
  await using server = await startServer({ SHUTDOWN_MS: SHUTDOWN_MS * 3, TICK_MS: 1_000 });
  const { token, room } = await roomOf(server);
  await using client = await SocketClient.greet(server.socketUrl, token);
  await client.call("room.join", { room });
  await client.call("room.say", { room, text: "the first goes out at once" });
  client.send({ jsonrpc: "2.0", id: "late", method: "room.say", params: { room, text: "the second waits" } });
  // Its own answer shows that what was sent before has been read.
  await client.call("session.ping");
  const ended = server.kill("SIGTERM");
  deepEqual((await client.reply("late")).result, { accepted: true });
  equal((await client.closed).code, 4452);
  equal((await ended).code, 0);
  await server.restart();
  const { body } = await new HttpClient(server.url).get<{ items: { text: string }[] }>(
    `/v1/rooms/${room}/messages`,
  );
  deepEqual(body.items.map(({ text }) => text), ["the first goes out at once", "the second waits"]);
});

Deno.test("[G72] while it stops the server takes no new calls and no new sockets", async () => {
  await using server = await startServer({ SHUTDOWN_MS: SHUTDOWN_MS * 3, TICK_MS: 1_000 });
  const { token, room } = await roomOf(server);
  await using client = await SocketClient.greet(server.socketUrl, token);
  await client.call("room.join", { room });
  await client.call("room.say", { room, text: "the first goes out at once" });
  client.send({ jsonrpc: "2.0", id: "late", method: "room.say", params: { room, text: "keeps it busy" } });
  await client.call("session.ping");
  const ended = server.kill("SIGTERM");
  await client.next("session.closing");
  using refused = await RawSocket.open(server.port);
  equal(refused.status, 503);
  ok(Number(refused.headers.get("retry-after")) > 0);
  client.send({ jsonrpc: "2.0", id: "new", method: "room.say", params: { room, text: "too late" } });
  equal((await client.reply("new")).error?.data.reason, "unavailable");
  equal((await client.reply("late")).error, undefined);
  equal((await ended).code, 0);
});

Deno.test("[G73] peers that answer nothing and streams that are not read do not hold up the stop", async () => {
  await using server = await startServer({ SHUTDOWN_MS });
  const { room } = await roomOf(server);
  using peer = await RawSocket.open(server.port);
  using _stream = await RawSocket.request(
    server.port,
    `GET /v1/rooms/${room}/events HTTP/1.1\r\nHost: x\r\n\r\n`,
  );
  using _idle = await RawSocket.request(server.port, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  const since = performance.now();
  equal((await server.kill("SIGTERM")).code, 0);
  ok(performance.now() - since < SHUTDOWN_MS);
  equal(await peer.readClose(), 4452);
});

Deno.test("[G74] a second signal during the stop changes nothing", async () => {
  await using server = await startServer({ SHUTDOWN_MS });
  await using client = await SocketClient.open(server.socketUrl);
  server.signal("SIGTERM");
  server.signal("SIGINT");
  equal((await client.closed).code, 4452);
  equal((await server.ended()).code, 0);
});
