import assert from "node:assert/strict";
import { settle } from "./support/fake_clock.ts";
import { frame, insideRoom, item, joinedAt, openClient, reconnect, ROOM } from "./support/client.ts";

Deno.test("[C20] a reconnect joins the room again from the last position", async () => {
  const client = await insideRoom(10);
  await client.network.newest.notify("room.frame", frame(11, 12));
  const socket = await reconnect(client);
  assert.deepEqual(socket.last("room.join").params, { room: ROOM, resume: { epoch: 1, offset: 12 } });
  await socket.reply("room.join", joinedAt(14, { recent: [item(13), item(14)] }));
  await socket.notify("room.frame", frame(15, 15));
  assert.deepEqual(client.seen, [11, 12, 13, 14, 15]);
});

Deno.test("[C21] an item is shown once, whatever comes twice", async () => {
  const { network, seen } = await insideRoom(10);
  await network.newest.notify("room.frame", frame(11, 13));
  await network.newest.notify("room.frame", frame(11, 13));
  await network.newest.notify("room.frame", frame(12, 15));
  assert.deepEqual(seen, [11, 12, 13, 14, 15]);
});

Deno.test("[C21] frames that overtake the reply to a join are held until it is there", async () => {
  const client = await insideRoom(10);
  const socket = await reconnect(client);
  await socket.notify("room.frame", frame(12, 13));
  await socket.notify("room.frame", frame(14, 14));
  assert.deepEqual(client.seen, []);
  await socket.reply("room.join", joinedAt(12, { recent: [item(11), item(12)] }));
  assert.deepEqual(client.seen, [11, 12, 13, 14]);
});

Deno.test("[C22] a hole that nobody accounts for makes the room join again from before it", async () => {
  const { network, seen } = await insideRoom(10);
  await network.newest.notify("room.frame", frame(14, 15));
  assert.deepEqual(seen, []);
  assert.deepEqual(network.newest.last("room.join").params.resume, { epoch: 1, offset: 10 });
  await network.newest.reply("room.join", joinedAt(15, { recent: [11, 12, 13, 14, 15].map(item) }));
  assert.deepEqual(seen, [11, 12, 13, 14, 15]);
});

Deno.test("[C22] a frame without items that is ahead of us is a hole, one at our position is not", async () => {
  const { room, network } = await insideRoom(10);
  const online: number[] = [];
  room.on("online", (count) => online.push(count));
  await network.newest.notify("room.frame", frame(11, 10, { live: { online: 7 } }));
  assert.deepEqual(online, [7]);
  assert.equal(network.newest.methods.filter((method) => method === "room.join").length, 1);
  await network.newest.notify("room.frame", frame(15, 14, { live: { online: 8 } }));
  assert.equal(network.newest.methods.filter((method) => method === "room.join").length, 2);
});

Deno.test("[C23] what was lost for good is told with its exact count", async () => {
  const client = await insideRoom(10);
  const gaps: unknown[] = [];
  client.room.on("gap", (gap) => gaps.push(gap));
  const socket = await reconnect(client);
  await socket.reply(
    "room.join",
    joinedAt(900, { recovered: false, dropped: { say: 888 }, recent: [item(900)] }),
  );
  assert.deepEqual(gaps, [{ dropped: { say: 888 } }]);
  assert.deepEqual(client.seen, [900]);
});

Deno.test("[C24] what the server leaves out is counted and is not a hole", async () => {
  const { room, network, seen } = await insideRoom(10);
  let dropped = 0;
  room.on("dropped", (counts) => dropped += counts.say ?? 0);
  await network.newest.notify("room.frame", frame(11, 14, { items: [item(13)], dropped: { say: 3 } }));
  await network.newest.notify("room.frame", frame(31, 30, { dropped: { say: 40 } }));
  await network.newest.notify("room.frame", frame(31, 31));
  assert.equal(dropped, 43);
  assert.deepEqual(seen, [13, 31]);
  assert.equal(network.newest.methods.filter((method) => method === "room.join").length, 1);
});

Deno.test("[C25] frames of an owner that has been replaced are ignored", async () => {
  const { network, seen } = await insideRoom(10);
  await network.newest.notify("room.frame", frame(11, 11, { epoch: 2 }));
  await network.newest.notify("room.frame", frame(12, 12, { epoch: 1 }));
  await network.newest.notify("room.frame", frame(12, 12, { epoch: 2 }));
  assert.deepEqual(seen, [11, 12]);
});

Deno.test("[C26] a pause holds across a reconnect", async () => {
  const client = await insideRoom();
  const paused = client.room.pause();
  await client.network.newest.reply("room.pause", {});
  await paused;
  const socket = await reconnect(client);
  await socket.reply("room.join", joinedAt(10));
  assert.deepEqual(socket.methods, ["session.hello", "room.join", "room.pause"]);
});

Deno.test("[C27] a first join that fails rejects and is not repeated", async () => {
  const client = await openClient();
  const room = client.barrage.room(ROOM);
  const refused = assert.rejects(room.join(), { reason: "not_found" });
  await client.network.newest.fail("room.join", "not_found");
  await refused;
  assert.equal(room.state.status, "outside");
  const socket = await reconnect(client);
  assert(!socket.methods.includes("room.join"));
});

Deno.test("[C27] a later join is tried again after a failure that may pass, and given up after one that may not", async () => {
  const client = await insideRoom();
  const socket = await reconnect(client);
  await socket.fail("room.join", "overloaded", { retryAfterMs: 2_000 });
  await client.clock.advance(2_500);
  assert.equal(socket.methods.filter((method) => method === "room.join").length, 2);
  await socket.fail("room.join", "not_found");
  await client.clock.advance(60_000);
  assert.equal(socket.methods.filter((method) => method === "room.join").length, 2);
  assert.equal(client.room.state.status === "outside" && client.room.state.error?.reason, "not_found");
});

Deno.test("[C28] a room that was left is not joined again", async () => {
  const client = await insideRoom();
  const left = client.room.leave();
  await client.network.newest.reply("room.leave", {});
  await left;
  const socket = await reconnect(client);
  assert.deepEqual(socket.methods, ["session.hello"]);
});

Deno.test("[C29] the end of a room is told", async () => {
  const { room, network } = await insideRoom(10);
  let ended = false;
  room.on("ended", () => ended = true);
  await network.newest.notify("room.frame", frame(11, 10, { state: "ended" }));
  await settle();
  assert(ended);
});
