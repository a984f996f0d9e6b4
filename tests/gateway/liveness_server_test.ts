import { deepEqual, equal, ok } from "node:assert/strict";
import { HttpClient } from "tests/support/http_client.ts";
import { residentBytes } from "tests/support/process_facts.ts";
import { RawSocket } from "tests/support/raw_socket.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

const HEARTBEAT_MS = 200;
/** Two heartbeats, and the sweep that looks once a second. */
const SILENT_MS = 2 * HEARTBEAT_MS + 1_000;
const SLOW_READERS = 'barrage_drops_total{place="gateway",reason="slow_reader"}';

Deno.test("[G36] a client that falls silent is told and closed with 4450 within two heartbeats", async () => {
  await using server = await startServer({ HEARTBEAT_MS });
  const { token } = await HttpClient.guest(server.url);
  await using client = await SocketClient.greet(server.socketUrl, token);
  const silentSince = performance.now();
  const closing = await client.next("session.closing");
  deepEqual(closing, { reason: "heartbeat", reconnect: true, afterMs: 0 });
  equal((await client.closed).code, 4450);
  const silentMs = performance.now() - silentSince;
  ok(silentMs > 2 * HEARTBEAT_MS - 50 && silentMs < SILENT_MS + 500, `closed after ${silentMs} ms`);
});

Deno.test("[G38] a ping is answered with the time and keeps the socket open", async () => {
  await using server = await startServer({ HEARTBEAT_MS });
  const { token } = await HttpClient.guest(server.url);
  await using silent = await SocketClient.greet(server.socketUrl, token);
  await using lively = await SocketClient.greet(server.socketUrl, token);
  let silentIsClosed = false;
  silent.closed.then(() => silentIsClosed = true);
  while (!silentIsClosed) {
    const { now } = await lively.call<{ now: number }>("session.ping");
    ok(Math.abs(now - Date.now()) < 2_000);
    await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_MS / 2));
  }
  await lively.call("session.ping");
});

Deno.test("[G37] a dead peer that answers nothing is no viewer any more after two heartbeats", async () => {
  await using server = await startServer({ HEARTBEAT_MS });
  const { guest, room } = await guestAndRoom(server);
  using peer = await rawViewer(server, guest.token, room);
  await server.metricIs("barrage_viewers", 1);
  equal(await peer.readClose(), 4450);
  await server.metricIs("barrage_viewers", 0);
  await server.metricIs("barrage_watched_rooms", 0);
  await server.metricIs("barrage_connections", 0);
  await server.metricIs('barrage_actors{kind="session"}', 0);
});

Deno.test("[G35] a reader that never reads is closed with 4451, its memory is bounded, others see all", async () => {
  await using server = await startServer({
    SEND_QUEUE_MAX_BYTES: 500_000,
    ROOM_RECENT_ITEMS: 1_000,
  });
  const { guest, room } = await guestAndRoom(server);
  await using viewer = await SocketClient.greet(server.socketUrl, guest.token);
  await viewer.call("room.join", { room });
  const said = (await Promise.all(Array.from({ length: 40 }, (_, n) => speak(server, room, n)))).flat();
  const peers = await Promise.all(Array.from({ length: 4 }, () => rawViewer(server, guest.token, room)));
  await server.metricIs("barrage_viewers", 1 + peers.length);
  const before = await residentBytes(server.pid);
  // The answer holds all that was said sixteen times: 7 MB, more than the kernel keeps for a peer.
  const calls = Array.from({ length: 16 }, (_, id) => joinCall(id, room)).join();
  for (const peer of peers) await peer.sendText(`[${calls}]`);
  for (let n = 40; await server.metric(SLOW_READERS) < peers.length; n++) {
    said.push(...await speak(server, room, n));
  }
  await server.metricIs("barrage_viewers", 1);
  ok(await residentBytes(server.pid) - before < 100_000_000);
  const seen = new Set<string>();
  while (seen.size < said.length) {
    for (const { text } of (await viewer.next("room.frame")).items) seen.add(text);
  }
  for (const peer of peers) equal(await peer.readClose(), 4451);
  for (const peer of peers) peer[Symbol.dispose]();
  await server.metricIs("barrage_sockets", 1);
});

/** Sixteen long lines of a guest of its own. */
async function speak(server: Server, room: string, n: number): Promise<string[]> {
  const guest = await HttpClient.guest(server.url, `Speaker ${n}`);
  const texts = Array.from({ length: 16 }, (_, i) => `${n}-${i} ${"弹".repeat(180)}`);
  for (
    const { status } of await Promise.all(
      texts.map((text) => guest.post(`/v1/rooms/${room}/messages`, { text })),
    )
  ) {
    equal(status, 202);
  }
  return texts;
}

async function guestAndRoom(server: Server) {
  const guest = await HttpClient.guest(server.url);
  const { id: room } = await guest.room();
  return { guest, room };
}

/** Joins, and from then on reads nothing unless told to. */
async function rawViewer(server: Server, token: string, room: string): Promise<RawSocket> {
  const peer = await RawSocket.open(server.port, { Authorization: `Bearer ${token}` });
  await peer.sendText(joinCall(1, room));
  await peer.read();
  return peer;
}

function joinCall(id: number, room: string): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method: "room.join", params: { room } });
}
