import assert from "node:assert/strict";
import { settle } from "./support/fake_clock.ts";
import { frame, insideRoom, joinedAt, openClient, ROOM } from "./support/client.ts";
import type { ScriptedSocket } from "./support/scripted_network.ts";

const MOVE = { reason: "shutdown", reconnect: true, afterMs: 1_000, graceMs: 5_000 };

/** Inside ROOM up to offset 10, told to move, and at the moment when the next link is being opened. */
async function moving() {
  const client = await insideRoom(10);
  const old = client.network.newest;
  await old.notify("session.closing", MOVE);
  await client.clock.advance(MOVE.afterMs);
  const next = client.network.newest;
  assert.notEqual(next, old);
  return { ...client, old, next };
}

function says({ received }: ScriptedSocket): unknown[] {
  return received.filter(({ method }) => method === "room.say").map(({ params }) => params["text"]);
}

Deno.test("[C32] a client that is sent away has entered its rooms over the next link before it leaves the old one", async () => {
  const client = await insideRoom(10);
  const states: string[] = [];
  client.barrage.on("state", ({ status }) => states.push(status));
  const online: number[] = [];
  client.room.on("online", (count) => online.push(count));
  const old = client.network.newest;
  await old.notify("session.closing", MOVE);
  await client.clock.advance(MOVE.afterMs - 1);
  assert.equal(client.network.newest, old);
  await client.clock.advance(1);
  const next = client.network.newest;
  await old.notify("room.frame", frame(11, 11));
  assert.ok(!old.closedByClient);
  await next.accept();
  await old.notify("room.frame", frame(12, 11, { live: { online: 99 } }));
  assert.deepEqual(next.last("room.join").params["resume"], { epoch: 1, offset: 11 });
  assert.ok(!old.closedByClient);
  await next.reply("room.join", joinedAt(12, { recent: frame(12, 12).items }));
  await next.notify("room.frame", frame(13, 13));
  assert.deepEqual(client.seen, [11, 12, 13]);
  assert.ok(old.closedByClient);
  assert.deepEqual([states, online], [[], [1]]);
  assert.equal(client.barrage.state.status, "open");
});

Deno.test("[C33] calls go over the old link until the next is open, and none overtakes what was sent there", async () => {
  const { room, old, next } = await moving();
  const first = room.say("first");
  await settle();
  assert.deepEqual(says(old), ["first"]);
  await next.accept();
  const second = room.say("second");
  await next.reply("room.join", joinedAt(10));
  assert.deepEqual([says(old), says(next)], [["first"], []]);
  assert.ok(!old.closedByClient);
  await old.reply("room.say", { accepted: true });
  await first;
  assert.ok(old.closedByClient);
  assert.deepEqual(says(next), ["second"]);
  await next.reply("room.say", { accepted: true });
  await second;
});

Deno.test("[C33] what the old link has not answered at its end is sent again first", async () => {
  const { room, old, next } = await moving();
  room.say("first");
  await next.accept();
  room.say("second");
  await next.reply("room.join", joinedAt(10));
  await old.drop(4452);
  assert.deepEqual(says(next), ["first", "second"]);
});

Deno.test("[C33] a join that the old link has not answered is made over the next one", async () => {
  const client = await openClient();
  const old = client.network.newest;
  await old.notify("session.closing", { ...MOVE, afterMs: 0 });
  const joined = client.barrage.room(ROOM).join();
  await client.clock.advance(0);
  assert.ok(old.methods.includes("room.join"));
  const next = client.network.newest;
  await next.accept();
  await next.reply("room.join", joinedAt(10));
  assert.equal((await joined).offset, 10);
});

Deno.test("[C34] the old link goes on while no other can be had, which is tried again and again", async () => {
  const { room, clock, network, old, next } = await moving();
  await next.drop(1006);
  room.say("still here");
  await settle();
  assert.deepEqual(says(old), ["still here"]);
  await clock.advance(250);
  assert.equal(network.sockets.length, 3);
  network.newest.onopen?.({});
  await network.newest.fail("session.hello", "unauthenticated");
  await clock.advance(500);
  assert.equal(network.sockets.length, 4);
  assert.ok(!old.closedByClient);
});

Deno.test("[C34] when the old link ends early, the one that is being opened takes its place", async () => {
  const { barrage, network, old, next } = await moving();
  await old.drop(1006);
  assert.equal(barrage.state.status, "connecting");
  await next.accept();
  await next.reply("room.join", joinedAt(10));
  assert.equal(barrage.state.status, "open");
  assert.equal(network.sockets.length, 2);
});

Deno.test("[C34] when the old link ends before the next is due, it is a lost connection like any other", async () => {
  const { barrage, clock, network } = await insideRoom(10);
  await network.newest.notify("session.closing", MOVE);
  await network.newest.drop(1006);
  assert.equal(barrage.state.status === "waiting" && barrage.state.inMs, 250);
  await clock.advance(MOVE.graceMs);
  assert.equal(network.sockets.length, 2);
});

Deno.test("[C34] close() ends both links and leaves no timer", async () => {
  const { barrage, clock, old, next } = await moving();
  barrage.close();
  assert.ok(old.closedByClient && next.closedByClient);
  assert.equal(clock.pending, 0);
});
