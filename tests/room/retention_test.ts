import { deepEqual, equal, ok } from "node:assert/strict";
import { OWNER, ROOM, RoomStage, viewer } from "tests/support/room_stage.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LIMITS = { room: { retentionMs: HOUR / 2 }, runtime: { idleMs: 2 * MINUTE } };
const SHARDS = Array.from({ length: 256 }, (_, n) => n);

async function timers(stage: RoomStage): Promise<string[]> {
  const { timers } = await stage.storage.timers.due(SHARDS, stage.clock.now() + 100 * HOUR, 10);
  return timers.map(({ name }) => name);
}

/** Half an hour of retention and at most an hour between two trims. */
async function outlive(stage: RoomStage): Promise<void> {
  for (let passed = 0; passed <= 1.5 * HOUR; passed += 10 * MINUTE) await stage.jump(10 * MINUTE);
}

Deno.test("[M60] what is older than the retention is removed within an hour; head and total stay", async () => {
  const { stage, process } = await RoomStage.withRoom(LIMITS);
  await using _ = stage;
  for (const text of ["one", "two", "three"]) await stage.run(process.say(viewer(1), text));
  const before = await process.room(OWNER).join({});
  await outlive(stage);
  deepEqual(await stage.stored(), []);
  const record = await stage.storage.rooms.read(ROOM);
  deepEqual([record?.head, record?.total], [3, 3]);
  const after = await process.room(OWNER).join({});
  deepEqual([before.offset, after.offset, after.recent], [3, 3, []]);
  const server = await stage.restart(process);
  equal((await server.room(OWNER).join({})).offset, 3);
  await server.say(viewer(1), "four");
  deepEqual((await stage.stored()).map(({ item, total }) => [item.offset, total]), [[4, 4]]);
});

Deno.test("[M61] the timer outlives a restart, ends when nothing is left, and the next danmaku sets it again", async () => {
  const { stage, process } = await RoomStage.withRoom(LIMITS);
  await using _ = stage;
  deepEqual(await timers(stage), []);
  await process.say(viewer(1), "one");
  deepEqual(await timers(stage), ["trim"]);
  const server = await stage.restart(process);
  await outlive(stage);
  deepEqual([(await stage.stored()).length, await timers(stage)], [0, []]);
  await server.say(viewer(1), "two");
  deepEqual(await timers(stage), ["trim"]);
});

Deno.test("[M61] a room that speaks now and then, leaving memory in between, is trimmed all the same", async () => {
  const { stage, process } = await RoomStage.withRoom(LIMITS);
  await using _ = stage;
  for (let n = 0; n < 24; n++) {
    await stage.run(process.say(viewer(1), `text ${n}`));
    await stage.jump(10 * MINUTE);
    const oldest = (await stage.stored())[0]!.item.at;
    ok(stage.clock.now() - oldest < 1.5 * HOUR + MINUTE, `an item is ${stage.clock.now() - oldest} ms old`);
  }
  ok(process.node.counters.passivations > 12);
  const items = (await stage.stored()).map(({ item }) => item.offset);
  deepEqual(items, Array.from({ length: items.length }, (_, n) => 24 - items.length + n + 1));
});

Deno.test("[M62] what the retention has removed is gone from memory too", async () => {
  const { stage, process } = await RoomStage.withRoom({ ...LIMITS, runtime: { idleMs: 100 * HOUR } });
  await using _ = stage;
  for (let n = 0; n < 5; n++) await stage.run(process.say(viewer(1), `old ${n}`));
  await stage.jump(25 * MINUTE);
  await stage.run(process.say(viewer(1), "new"));
  for (let n = 0; (await stage.stored())[0]?.item.offset === 1; n++) {
    ok(n < 20, "nothing was trimmed");
    await stage.run(process.say(viewer(1), `newer ${n}`));
    await stage.jump(5 * MINUTE);
  }
  const kept = (await stage.stored()).map(({ item }) => item);
  const { items } = await process.room(OWNER).messages({ after: 0, limit: 100 });
  deepEqual(items, kept);
  deepEqual((await process.room(OWNER).join({})).recent, kept);
});

Deno.test("[M63] history comes in pages by offset, the same from memory and from the store", async () => {
  const { stage, process } = await RoomStage.withRoom({ room: { memoryItems: 10, recentItems: 5 } });
  await using _ = stage;
  for (let start = 0; start < 60; start += 20) {
    const says = Array.from({ length: 20 }, (_, n) => process.say(viewer(start + n), `text ${start + n}`));
    await stage.run(Promise.all(says));
  }
  const all = (await stage.stored()).map(({ item }) => item);
  equal(all.length, 60);
  for (const limit of [1, 7, 60, 1_000]) {
    const read = [];
    for (let after: number | undefined = 0; after !== undefined;) {
      const page: { items: typeof all; next?: number | undefined } = await process.room(OWNER).messages({
        after,
        limit,
      });
      ok(page.items.length <= limit);
      read.push(...page.items);
      after = page.next;
    }
    deepEqual(read, all);
  }
  deepEqual(await process.room(OWNER).messages({ after: 60, limit: 10 }), { items: [] });
  deepEqual(await process.room(OWNER).messages({ after: 1e9, limit: 10 }), { items: [] });
});
