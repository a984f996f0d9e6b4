import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { SYSTEM } from "actors/runtime/caller.ts";
import { DEFAULT_ROOM_SETTINGS } from "protocol/rooms.ts";
import { OWNER, person, ROOM, RoomStage, viewer } from "tests/support/room_stage.ts";

const GONE = { reason: "gone" };
const NOT_FOUND = { reason: "not_found" };

Deno.test("[M1] a new room is live, belongs to its maker and has the default settings but for those given", async () => {
  await using stage = await RoomStage.open();
  const process = await stage.start();
  const made = await process.room(OWNER).create({ title: "Finals", settings: { textMax: 30 } });
  deepEqual(made, {
    id: ROOM,
    title: "Finals",
    owner: person(999_999),
    state: "live",
    settings: { ...DEFAULT_ROOM_SETTINGS, textMax: 30 },
    online: 0,
    moderators: [],
    createdAt: stage.clock.now(),
  });
  deepEqual(await process.room(viewer(1)).info({}), made);
  const restarted = await stage.restart(process);
  deepEqual(await restarted.room(viewer(1)).info({}), made);
});

Deno.test("[M1] an id is taken once, also after a restart", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await rejects(process.room(viewer(2)).create({ title: "Mine" }), { reason: "conflict" });
  const restarted = await stage.restart(process);
  await rejects(restarted.room(viewer(2)).create({ title: "Mine" }), { reason: "conflict" });
  equal((await restarted.room(OWNER).info({})).title, "Stage");
});

Deno.test("[M3] an update changes what it names, at once and for good", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { textMax: 30 });
  await using _ = stage;
  const room = process.room(OWNER);
  const before = await room.info({});
  deepEqual(await room.update({ title: "Semi-finals" }), { ...before, title: "Semi-finals" });
  const after = await room.update({ settings: { sayBurst: 3 } });
  deepEqual(after, { ...before, title: "Semi-finals", settings: { ...before.settings, sayBurst: 3 } });
  deepEqual(await room.update({}), after);
  const restarted = await stage.restart(process);
  deepEqual(await restarted.room(OWNER).info({}), after);
});

Deno.test("[M4] an ended room can be read but not entered, spoken in or changed, also after a restart", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await process.say(viewer(1), "hello");
  const ended = await process.room(OWNER).update({ state: "ended" });
  deepEqual([ended.state, ended.endedAt], ["ended", stage.clock.now()]);
  for (let life = 0, server = process; life < 2; life++, server = await stage.restart(server)) {
    const room = server.room(OWNER);
    await rejects(server.say(viewer(1), "more"), GONE);
    await rejects(room.join({}), GONE);
    await rejects(room.update({ title: "Again" }), GONE);
    deepEqual(await room.info({}), ended);
    deepEqual((await room.messages({ after: 0, limit: 10 })).items.map(({ text }) => text), ["hello"]);
  }
});

Deno.test("[M4] the end comes after everything said before it, in a frame of its own", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  await process.say(viewer(1), "first");
  const waiting = process.say(viewer(1), "last words");
  await process.room(OWNER).update({ state: "ended" });
  deepEqual(await waiting, { accepted: true });
  await stage.settle();
  deepEqual(watcher.texts, ["first", "last words"]);
  const end = watcher.frames.at(-1)!;
  deepEqual([end.state, end.from, end.to, end.items], ["ended", 3, 2, []]);
  equal(watcher.frames.filter(({ state }) => state !== undefined).length, 1);
});

Deno.test("[M5] a deleted room is gone for everybody, with everything said in it and its timer", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  await process.say(viewer(1), "hello");
  const farFuture = stage.clock.now() + 1e10;
  const timers = async () => (await stage.storage.timers.due(shards, farFuture, 10)).timers;
  const shards = Array.from({ length: 256 }, (_, n) => n);
  equal((await timers()).length, 1);
  const waiting = process.say(viewer(1), "last words");
  deepEqual(await process.room(OWNER).remove({}), {});
  deepEqual(await waiting, { accepted: true });
  await stage.settle();
  equal(watcher.frames.at(-1)?.state, "ended");
  deepEqual(await stage.stored(), []);
  deepEqual(await timers(), []);
  for (let life = 0, server = process; life < 2; life++, server = await stage.restart(server)) {
    const room = server.room(OWNER);
    for (
      const call of [
        room.info({}),
        room.join({}),
        room.messages({ after: 0, limit: 1 }),
        room.remove({}),
        room.update({ title: "Back" }),
        server.say(viewer(1), "hello?"),
        server.room(SYSTEM).trim({}),
      ]
    ) await rejects(call, GONE);
    await rejects(room.create({ title: "Again" }), { reason: "conflict" });
  }
});

Deno.test("[M5] an ended room can be deleted and keeps the time of its end", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const { endedAt } = await process.room(OWNER).update({ state: "ended" });
  await stage.pass(5_000);
  await process.room(OWNER).remove({});
  const record = await stage.storage.rooms.read(ROOM);
  deepEqual([record?.state, record?.endedAt], ["deleted", endedAt]);
  ok(endedAt !== undefined);
});

Deno.test("[M6] a room that never was is not found, whether or not the directory is filled", async () => {
  await using stage = await RoomStage.open();
  for (const filled of [false, true]) {
    const process = await stage.start({ filled });
    const room = process.room(OWNER);
    for (
      const call of [
        room.info({}),
        room.join({}),
        room.remove({}),
        room.messages({ after: 0, limit: 1 }),
        room.update({ title: "No" }),
        process.say(viewer(1), "hello?"),
        process.room(SYSTEM).attend({ node: "n", viewers: 1, tickMs: 100 }),
        process.room(SYSTEM).trim({}),
      ]
    ) await rejects(call, NOT_FOUND);
    process.kill();
  }
});

Deno.test("[M7] a quiet room leaves memory and comes back as it was", async () => {
  const { stage, process } = await RoomStage.withRoom({ runtime: { idleMs: 60_000 } });
  await using _ = stage;
  await process.say(viewer(1), "hello");
  const before = await process.room(OWNER).join({});
  await stage.jump(60_000);
  equal(process.node.stats()[0]?.active, 0);
  deepEqual(await process.room(OWNER).join({}), before);
  await process.say(viewer(1), "again");
  deepEqual((await stage.stored()).map(({ item }) => item.offset), [1, 2]);
});
