import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { HttpClient } from "tests/support/http_client.ts";
import { RawSocket } from "tests/support/raw_socket.ts";
import { startServer } from "tests/support/server.ts";
import { type Message, SocketClient } from "tests/support/socket_client.ts";

const PING = { jsonrpc: "2.0", method: "session.ping" };

Deno.test("[G30] calls over the rate are rate_limited and say when the next one may come", async () => {
  await using server = await startServer({ CALLS_PER_SECOND: 10, CALLS_BURST: 10 });
  await using client = await SocketClient.open(server.socketUrl);
  client.send(Array.from({ length: 12 }, (_, id) => ({ ...PING, id })));
  const replies = await client.batch();
  const refused = replies.filter(({ error }) => error !== undefined);
  equal(replies.length - refused.length, 10);
  const waits = refused.map(({ error }) => {
    equal(error?.data.reason, "rate_limited");
    return error?.data.retryAfterMs ?? 0;
  });
  ok(waits.every((ms) => ms > 0 && ms <= 100));
  await delay(Math.max(...waits));
  await client.call("session.ping");
});

Deno.test("[G30] notifications count as calls", async () => {
  await using server = await startServer({ CALLS_PER_SECOND: 1, CALLS_BURST: 16 });
  await using client = await SocketClient.open(server.socketUrl);
  client.send(Array.from({ length: 16 }, () => PING));
  await rejects(client.call("session.ping"), { reason: "rate_limited" });
});

Deno.test("[G31] a flood of calls closes the socket with 4405", async () => {
  await using server = await startServer({ CALLS_PER_SECOND: 1, CALLS_BURST: 1 });
  await using client = await SocketClient.open(server.socketUrl);
  const calls = Array.from({ length: 16 }, (_, id) => ({ ...PING, id }));
  const isAnswer = (_message: Message): _message is Message => true;
  let answer: Message = [];
  // One batch after the other: a peer that still sends when it is closed may not get to read the code.
  while (Array.isArray(answer)) {
    client.send(calls);
    answer = await client.take(isAnswer, "an answer");
  }
  deepEqual(answer, {
    jsonrpc: "2.0",
    method: "session.closing",
    params: { reason: "flood", reconnect: false, afterMs: 0 },
  });
  equal((await client.closed).code, 4405);
  ok(await server.metric('barrage_drops_total{place="gateway",reason="rate_limited"}') >= 200);
});

Deno.test("[G32] calls over the number in flight are overloaded, and those in flight are answered", async () => {
  await using server = await startServer({ CALLS_IN_FLIGHT: 4, TICK_MS: 300 });
  const { client, room } = await guestInRoom(server.url, server.socketUrl);
  await client.call("room.say", { room, text: "the first goes out at once" });
  client.send(Array.from({ length: 6 }, (_, id) => ({
    jsonrpc: "2.0",
    id,
    method: "room.say",
    params: { room, text: `${id}` },
  })));
  const replies = await client.batch();
  equal(replies.filter(({ result }) => result !== undefined).length, 4);
  for (const { error } of replies) {
    if (error === undefined) continue;
    equal(error.data.reason, "overloaded");
    ok((error.data.retryAfterMs ?? 0) > 0);
  }
  await client[Symbol.asyncDispose]();
});

Deno.test("[G33] a socket may be in so many rooms and not in one more", async () => {
  await using server = await startServer({ ROOMS_PER_CONNECTION: 2 });
  const guest = await HttpClient.guest(server.url);
  const rooms = [await guest.room(), await guest.room(), await guest.room()].map(({ id }) => id);
  await using client = await SocketClient.greet(server.socketUrl, guest.token);
  await client.call("room.join", { room: rooms[0] });
  await client.call("room.join", { room: rooms[1] });
  await rejects(client.call("room.join", { room: rooms[2] }), { reason: "conflict" });
  await client.call("room.join", { room: rooms[1] });
  await client.call("room.leave", { room: rooms[0] });
  await client.call("room.join", { room: rooms[2] });
});

Deno.test("[G34] sockets over the number of an address are refused with 503 until one is closed", async () => {
  await refusesTheThird({ CONNECTIONS_PER_ADDRESS: 2 });
});

Deno.test("[G34] sockets over the number of the node are refused with 503 until one is closed", async () => {
  await refusesTheThird({ CONNECTIONS_MAX: 2 });
});

Deno.test("[G34] a closed peer that does not answer the close keeps its place until its connection ends", async () => {
  await using server = await startServer({ CONNECTIONS_PER_ADDRESS: 1, HELLO_TIMEOUT_MS: 100 });
  const silent = await RawSocket.open(server.port);
  equal(await silent.readClose(), 4401);
  await server.metricIs("barrage_connections", 0);
  equal(await server.metric("barrage_sockets"), 1);
  using refused = await RawSocket.open(server.port);
  equal(refused.status, 503);
  silent[Symbol.dispose]();
  await server.metricIs("barrage_sockets", 0);
  using accepted = await RawSocket.open(server.port);
  equal(accepted.status, 101);
});

async function refusesTheThird(env: Record<string, number>): Promise<void> {
  await using server = await startServer(env);
  const first = await SocketClient.open(server.socketUrl);
  await using _second = await SocketClient.open(server.socketUrl);
  using refused = await RawSocket.open(server.port);
  equal(refused.status, 503);
  equal(refused.headers.get("content-type"), "application/problem+json");
  ok(Number(refused.headers.get("retry-after")) > 0);
  await first[Symbol.asyncDispose]();
  await server.metricIs("barrage_sockets", 1);
  await using third = await SocketClient.open(server.socketUrl);
  await third.call("session.ping");
}

async function guestInRoom(url: string, socketUrl: string) {
  const guest = await HttpClient.guest(url);
  const { id: room } = await guest.room();
  const client = await SocketClient.greet(socketUrl, guest.token);
  await client.call("room.join", { room });
  return { client, room };
}

/** The rule tested is about time itself. */
function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
