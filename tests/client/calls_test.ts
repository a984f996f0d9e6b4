import assert from "node:assert/strict";
import { BarrageCallError } from "client/mod.ts";
import { settle } from "./support/fake_clock.ts";
import { insideRoom, joinedAt, offlineClient, openClient, reconnect, ROOM } from "./support/client.ts";

Deno.test("[C13] calls made before the connection is open wait and leave in order, after hello", async () => {
  const { barrage, network } = offlineClient();
  barrage.call("room.pause", { room: ROOM });
  barrage.call("room.unpause", { room: ROOM });
  await settle();
  assert.deepEqual(network.newest.methods, []);
  await network.newest.accept();
  assert.deepEqual(network.newest.methods, ["session.hello", "room.pause", "room.unpause"]);
});

Deno.test("[C14] calls over the bound are refused as overloaded while offline", async () => {
  const { barrage } = offlineClient({ queueLimit: 2 });
  const waiting = [barrage.call("session.ping", {}), barrage.call("session.ping", {})];
  await assert.rejects(barrage.call("session.ping", {}), { reason: "overloaded" });
  const refused = waiting.map((call) => assert.rejects(call, { reason: "unavailable" }));
  barrage.close();
  await Promise.all(refused);
});

Deno.test("[C15] a call without an answer fails with timeout, waiting for a connection included", async () => {
  const { barrage, clock, network } = await openClient({ timeoutMs: 1_000 });
  const sent = barrage.call("session.ping", {});
  const late = assert.rejects(sent, { reason: "timeout" });
  await clock.advance(1_000);
  await late;
  await network.newest.drop();
  const queued = barrage.call("session.ping", {}, { timeoutMs: 100 });
  const expired = assert.rejects(queued, { reason: "timeout" });
  await clock.advance(100);
  await expired;
});

Deno.test("[C16] an error reply becomes a BarrageCallError with reason, retryAfterMs and path", async () => {
  const { room, network } = await insideRoom();
  const call = room.say("");
  const failed = assert.rejects(call, (error) => {
    assert(error instanceof BarrageCallError);
    assert.deepEqual([error.reason, error.retryAfterMs, error.path], ["rate_limited", 800, "params.text"]);
    return true;
  });
  await network.newest.fail("room.say", "rate_limited", { retryAfterMs: 800, path: "params.text" });
  await failed;
});

Deno.test("[C17] say carries an id and is sent again with the same id after a reconnect, once the room is joined", async () => {
  const client = await insideRoom();
  const said = client.room.say("前方高能", { style: { color: "#33ccff" } });
  const first = client.network.newest.last("room.say").params;
  assert.match(String(first.id), /^[0-9a-z]{16}$/);
  await client.network.newest.drop();
  await client.clock.advance(500);
  const socket = client.network.newest;
  await socket.accept();
  assert(!socket.methods.includes("room.say"));
  await socket.reply("room.join", joinedAt(10));
  assert.deepEqual(socket.last("room.say").params, first);
  await socket.reply("room.say", { accepted: true });
  await said;
});

Deno.test("[C17] say waits for its room however often the join has to be repeated, and holds up no other call", async () => {
  const client = await insideRoom();
  await client.network.newest.drop();
  await client.clock.advance(500);
  const socket = client.network.newest;
  await socket.accept();
  const said = client.room.say("hi");
  await socket.fail("room.join", "timeout");
  await client.clock.advance(250);
  await socket.fail("room.join", "timeout");
  const ping = client.barrage.call("session.ping", {});
  assert(!socket.methods.includes("room.say"));
  await socket.reply("session.ping", { now: 0 });
  await ping;
  await client.clock.advance(2_000);
  await socket.reply("room.join", joinedAt(10));
  await socket.reply("room.say", { accepted: true });
  await said;
});

Deno.test("[C17] say is repeated once per link when the outcome is unknown, then the error is shown", async () => {
  const { room, clock, network } = await insideRoom();
  const said = room.say("hi");
  const failed = assert.rejects(said, { reason: "unavailable" });
  await network.newest.fail("room.say", "moved");
  await clock.advance(250);
  await network.newest.fail("room.say", "unavailable");
  await failed;
  const ids = network.newest.received.filter((one) => one.method === "room.say").map((one) => one.params.id);
  assert.equal(ids.length, 2);
  assert.equal(ids[0], ids[1]);
});

Deno.test("[C17] say is not repeated on rate_limited", async () => {
  const { room, clock, network } = await insideRoom();
  const failed = assert.rejects(room.say("hi"), { reason: "rate_limited" });
  await network.newest.fail("room.say", "rate_limited", { retryAfterMs: 10 });
  await failed;
  await clock.advance(1_000);
  assert.equal(network.newest.methods.filter((method) => method === "room.say").length, 1);
});

Deno.test("[C35] say that may have been carried out fails with timeout when a repetition of it is refused", async () => {
  const { room, clock, network } = await insideRoom();
  const doubtful = assert.rejects(room.say("one"), { reason: "timeout" });
  await network.newest.fail("room.say", "timeout");
  await clock.advance(250);
  await network.newest.fail("room.say", "overloaded");
  await doubtful;
  const certain = assert.rejects(room.say("two"), { reason: "overloaded" });
  await network.newest.fail("room.say", "moved");
  await clock.advance(250);
  await network.newest.fail("room.say", "overloaded");
  await certain;
});

Deno.test("[C35] say that was lost with its link fails with timeout when a repetition of it is refused", async () => {
  const client = await insideRoom();
  const failed = assert.rejects(client.room.say("hi"), { reason: "timeout" });
  await client.network.newest.drop();
  await client.clock.advance(500);
  const socket = client.network.newest;
  await socket.accept();
  await socket.reply("room.join", joinedAt(10));
  await socket.fail("room.say", "rate_limited", { retryAfterMs: 10 });
  await failed;
});

Deno.test("[C18] a call that may not be repeated fails when its link is lost", async () => {
  const client = await openClient();
  const call = client.barrage.call("room.leave", { room: ROOM });
  const failed = assert.rejects(call, { reason: "unavailable" });
  const socket = await reconnect(client);
  await failed;
  assert(!socket.methods.includes("room.leave"));
});

Deno.test("[C73] an error that answers a call is told as refused, also where the call is tried again", async () => {
  const { barrage, network, clock } = await openClient();
  const refused: string[] = [];
  barrage.on("refused", ({ reason }) => refused.push(reason));
  const call = barrage.call("ai.models", {}, { repeatable: true });
  await settle();
  await network.newest.fail("ai.models", "moved", { retryAfterMs: 2_000 });
  assert.deepEqual(refused, ["moved"]);
  await clock.advance(2_000);
  await network.newest.reply("ai.models", { models: [] });
  assert.deepEqual(await call, { models: [] });
  assert.deepEqual(refused, ["moved"]);
});
