import { deepEqual, equal, ok } from "node:assert/strict";
import { SYSTEM } from "actors/runtime/caller.ts";
import { OWNER, ROOM, RoomStage, type StageProcess, viewer } from "tests/support/room_stage.ts";

function attend(process: StageProcess, node: string, viewers: number) {
  return process.room(SYSTEM).attend({ node, viewers, tickMs: 100 });
}

Deno.test("[M50] online is the sum of what the nodes reported last", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const online = async () => (await process.room(OWNER).info({})).online;
  equal(await online(), 0);
  equal((await attend(process, "a", 5)).online, 5);
  equal((await attend(process, "b", 7)).online, 12);
  equal((await attend(process, "a", 1)).online, 8);
  equal((await attend(process, "b", 0)).online, 1);
  equal(await online(), 1);
  equal((await process.room(OWNER).join({})).online, 1);
  equal(process.directory.onlineOf(ROOM), 1);
});

Deno.test("[M50] a report is answered with where the room stands", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await process.say(viewer(1), "one");
  const { epoch, offset } = await process.room(OWNER).join({});
  deepEqual(await attend(process, "a", 3), { epoch, offset, online: 3 });
  equal(offset, 1);
});

Deno.test("[M51] a node silent for half a minute no longer counts, even when nobody else reports", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await attend(process, "a", 5);
  await stage.pass(20_000);
  await attend(process, "b", 7);
  await stage.pass(10_001);
  equal((await process.room(OWNER).info({})).online, 7);
  await stage.pass(20_000);
  equal((await process.room(OWNER).info({})).online, 0);
  equal((await process.room(OWNER).join({})).online, 0);
});

Deno.test("[M51] a room that has left memory counts nobody", async () => {
  const { stage, process } = await RoomStage.withRoom({ runtime: { idleMs: 60_000 } });
  await using _ = stage;
  await attend(process, "a", 5);
  equal(process.directory.onlineOf(ROOM), 5);
  await stage.pass(100);
  await stage.jump(60_000);
  equal(process.directory.onlineOf(ROOM), 0);
});

Deno.test("[M52] a changed online count alone makes a frame at most once a second, and the last one is told", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  for (let n = 1; n <= 50; n++) {
    await attend(process, "a", n);
    await stage.pass(100);
  }
  await stage.pass(1_000);
  const told = watcher.frames.map(({ live }) => live?.online);
  ok(told.length >= 5 && told.length <= 7, `${told.length} frames in six seconds`);
  equal(told[0], 1);
  equal(told.at(-1), 50);
  for (const frame of watcher.frames) deepEqual([frame.from, frame.to, frame.items], [1, 0, []]);
  await attend(process, "a", 50);
  await stage.pass(5_000);
  equal(watcher.frames.length, told.length);
});

Deno.test("[M52] a frame of items carries the online count when it has changed", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  await attend(process, "a", 3);
  await stage.pass(10);
  await attend(process, "a", 4);
  await process.say(viewer(1), "one");
  await stage.run(process.say(viewer(1), "two"));
  await stage.pass(2_000);
  deepEqual(
    watcher.frames.map(({ items, live }) => [items.length, live?.online]),
    [[0, 3], [1, 4], [1, undefined]],
  );
});

Deno.test("[M52] the online count is told although the tick meant for it was lost behind a slow turn", async () => {
  const { stage, process } = await RoomStage.withRoom({ room: { memoryItems: 1, recentItems: 1 } });
  await using _ = stage;
  const watcher = await stage.watch();
  for (let n = 0; n < 4; n++) await stage.run(process.say(viewer(n), `text ${n}`));
  await attend(process, "a", 1);
  await stage.pass(100);
  await attend(process, "a", 2);
  const release = process.storage.hold("rooms");
  const slow = process.room(OWNER).join({ resume: { epoch: 1, offset: 1 } });
  slow.catch(() => {});
  await stage.pass(8_000);
  release();
  await stage.settle();
  await attend(process, "a", 3);
  await stage.pass(1_000);
  equal(watcher.frames.at(-1)?.live?.online, 3);
});
