import assert from "node:assert/strict";
import { type ConnectionState, jsonCodec } from "client/mod.ts";
import { settle } from "./support/fake_clock.ts";
import { offlineClient, openClient } from "./support/client.ts";

Deno.test("[C1] the first frame is session.hello with the token, on the codec's subprotocol", async () => {
  const { barrage, network } = offlineClient({ codec: { ...jsonCodec, protocol: "barrage.v1.other" } });
  barrage.connect();
  await settle();
  assert.equal(network.newest.url, "wss://live.test/v1/ws");
  assert.deepEqual(network.newest.protocols, ["barrage.v1.other"]);
  network.newest.onopen?.({});
  assert.deepEqual(network.newest.received.map(({ method, params }) => ({ method, params })), [
    { method: "session.hello", params: { token: "T1" } },
  ]);
});

Deno.test("[C2] the state goes from idle through connecting to open, and after a loss through waiting", async () => {
  const { barrage, clock, network } = offlineClient();
  const states: ConnectionState["status"][] = [barrage.state.status];
  barrage.on("state", (state) => states.push(state.status));
  const open = barrage.connect();
  await settle();
  await network.newest.accept();
  await open;
  await network.newest.drop();
  await clock.advance(500);
  await network.newest.accept();
  assert.deepEqual(states, ["idle", "connecting", "open", "waiting", "connecting", "open"]);
  assert.equal(network.sockets.length, 2);
});

Deno.test("[C3] retries back off exponentially with full jitter, between 0.5 and 30 seconds at most", async () => {
  const { barrage, clock, network } = offlineClient();
  const waits: number[] = [];
  barrage.on("state", (state) => state.status === "waiting" && waits.push(state.inMs));
  barrage.connect().catch(() => {});
  await settle();
  for (let i = 0; i < 9; i++) {
    await network.newest.drop();
    await clock.advance(waits.at(-1) ?? 0);
  }
  assert.deepEqual(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
});

Deno.test("[C3] a link that was steady makes the next retry quick again", async () => {
  const { barrage, clock, network } = offlineClient();
  const waits: number[] = [];
  barrage.on("state", (state) => state.status === "waiting" && waits.push(state.inMs));
  barrage.connect();
  await settle();
  await network.newest.drop();
  await clock.advance(250);
  await network.newest.accept();
  await network.newest.drop();
  await clock.advance(500);
  await network.newest.accept();
  await clock.advance(5_000);
  await network.newest.drop();
  assert.deepEqual(waits, [250, 500, 250]);
});

for (const code of [4400, 4404, 4449]) {
  Deno.test(`[C4] close code ${code} ends the connection`, async () => {
    const { barrage, clock, network } = await openClient();
    await network.newest.drop(code, "Removed");
    await clock.advance(120_000);
    assert.deepEqual(barrage.state, { status: "closed", code, reason: "Removed" });
    assert.equal(network.sockets.length, 1);
    await assert.rejects(barrage.call("session.ping", {}), { reason: "unavailable" });
  });
}

Deno.test("[C4] close codes 4450-4499 reconnect", async () => {
  for (const code of [4450, 4453, 4499]) {
    const { clock, network } = await openClient();
    await network.newest.drop(code);
    await clock.advance(500);
    assert.equal(network.sockets.length, 2);
  }
});

Deno.test("[C5] session.closing sets how long to stay away", async () => {
  const { barrage, clock, network } = await openClient();
  await network.newest.notify("session.closing", { reason: "shutdown", reconnect: true, afterMs: 3_000 });
  await network.newest.drop(4452);
  assert.equal(barrage.state.status === "waiting" && barrage.state.inMs, 3_250);
  await clock.advance(3_249);
  assert.equal(network.sockets.length, 1);
  await clock.advance(1);
  assert.equal(network.sockets.length, 2);
});

Deno.test("[C5] calls made after session.closing wait for the next link", async () => {
  const { barrage, clock, network } = await openClient();
  const first = network.newest;
  await first.notify("session.closing", { reason: "shutdown", reconnect: true, afterMs: 0 });
  const call = barrage.call("room.leave", { room: "R" });
  await settle();
  assert.ok(!first.methods.includes("room.leave"));
  await first.drop(4452);
  await clock.advance(250);
  await network.newest.accept();
  await network.newest.reply("room.leave", {});
  await call;
});

Deno.test("[C5] session.closing with reconnect false ends the connection", async () => {
  const { barrage, network } = await openClient();
  await network.newest.notify("session.closing", { reason: "moved away", reconnect: false, afterMs: 0 });
  await network.newest.drop(1001);
  assert.deepEqual(barrage.state, { status: "closed", code: 1001, reason: "moved away" });
});

Deno.test("[C6] a ping goes out only when nothing else was sent for heartbeatMs", async () => {
  const { barrage, clock, network } = await openClient();
  await clock.advance(19_000);
  const call = barrage.call("room.leave", { room: "R" });
  await network.newest.reply("room.leave", {});
  await call;
  await clock.advance(19_999);
  assert(!network.newest.methods.includes("session.ping"));
  await clock.advance(1);
  assert(network.newest.methods.includes("session.ping"));
});

Deno.test("[C7] a link that stays silent for two heartbeats after a ping is given up", async () => {
  const { barrage, clock, network } = await openClient();
  await clock.advance(20_000);
  assert.equal(network.newest.methods.filter((method) => method === "session.ping").length, 1);
  await clock.advance(39_999);
  assert.equal(barrage.state.status, "open");
  await clock.advance(1);
  assert.equal(barrage.state.status, "waiting");
  assert(network.sockets[0]?.closedByClient);
});

Deno.test("[C7] any frame proves that the link lives", async () => {
  const { barrage, clock, network } = await openClient();
  for (let i = 0; i < 10; i++) {
    await clock.advance(20_000);
    await network.newest.reply("session.ping", { now: 0 });
  }
  assert.equal(barrage.state.status, "open");
});

Deno.test("[C8] a refused token is asked for again once, with rejected set", async () => {
  const asked: boolean[] = [];
  const { barrage, network } = offlineClient({
    getToken: ({ rejected }) => {
      asked.push(rejected);
      return rejected ? "fresh" : "stale";
    },
  });
  const open = barrage.connect();
  await settle();
  network.newest.onopen?.({});
  await network.newest.fail("session.hello", "unauthenticated");
  await network.newest.accept();
  await open;
  assert.deepEqual(asked, [false, true]);
  assert.equal(network.newest.last("session.hello").params.token, "fresh");
});

Deno.test("[C8] a second refusal ends the connection as unauthenticated", async () => {
  const { barrage, network } = offlineClient({ getToken: () => "stale" });
  const open = barrage.connect();
  const refused = assert.rejects(open, { reason: "unauthenticated" });
  await settle();
  await network.newest.drop(4402, "The token is not valid");
  await network.newest.drop(4402, "The token is not valid");
  await refused;
  assert.equal(barrage.state.status, "closed");
  assert.equal(network.sockets.length, 2);
});

Deno.test("[C9] a server that does not answer the handshake within 10 seconds is tried again", async () => {
  const { barrage, clock, network } = offlineClient();
  barrage.connect().catch(() => {});
  await clock.advance(9_999);
  assert.equal(network.sockets.length, 1);
  await clock.advance(251);
  assert.equal(network.sockets.length, 2);
  assert(network.sockets[0]?.closedByClient);
});

Deno.test("[C9] a frame that cannot be read ends the link, not the client", async () => {
  const { barrage, network } = await openClient();
  await network.newest.raw("{");
  assert.equal(barrage.state.status, "waiting");
});

Deno.test("[C10] close() ends the link, fails what waits and leaves no timer", async () => {
  const { barrage, clock, network } = await openClient();
  const call = barrage.call("session.ping", {});
  const refused = assert.rejects(call, { reason: "unavailable" });
  barrage.close();
  await refused;
  assert(network.newest.closedByClient);
  assert.equal(clock.pending, 0);
  assert.equal(barrage.state.status, "closed");
});

Deno.test("[C11] reconnect() takes a fresh token at once", async () => {
  let token = "first";
  const { barrage, network } = await openClient({ getToken: () => token });
  token = "second";
  barrage.reconnect();
  await settle();
  await network.newest.accept();
  assert.equal(network.sockets.length, 2);
  assert.equal(network.newest.last("session.hello").params.token, "second");
});

Deno.test("[C12] a listener that throws does not stop the others", async () => {
  const reported: unknown[] = [];
  const keep = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error);
  };
  globalThis.addEventListener("error", keep);
  const { barrage } = await openClient();
  let told = false;
  barrage.on("state", () => {
    throw new RangeError("broken listener");
  });
  barrage.on("state", () => told = true);
  barrage.close();
  await settle();
  globalThis.removeEventListener("error", keep);
  assert(told);
  assert(reported[0] instanceof RangeError);
});
