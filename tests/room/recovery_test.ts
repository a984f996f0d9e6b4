import { deepEqual, equal, ok } from "node:assert/strict";
import type { Item } from "protocol/items.ts";
import type { Joined } from "protocol/rooms.ts";
import { OWNER, RoomStage, type StageProcess, viewer } from "tests/support/room_stage.ts";

const LIMITS = { memoryItems: 10, recentItems: 4, recoverMaxItems: 20 };

/** Items with counts of 1 to 3. */
async function talk(stage: RoomStage, process: StageProcess, name: string, items: number): Promise<void> {
  const says: Promise<unknown>[] = [];
  for (let n = 0; n < items; n++) {
    for (let user = 0; user <= n % 3; user++) says.push(process.say(viewer(n * 3 + user), `${name} ${n}`));
  }
  await stage.run(Promise.all(says));
  await stage.pass(200);
}

function sum(items: readonly Item[]): number {
  return items.reduce((total, { count }) => total + count, 0);
}

function checkResumed(joined: Joined, offset: number, all: readonly Item[], limits: typeof LIMITS): void {
  const { recent, recovered, dropped } = joined;
  const missed = all.filter((item) => item.offset > offset);
  if (missed.length <= Math.max(limits.recoverMaxItems, limits.recentItems)) {
    deepEqual([recovered, dropped], [true, undefined], `resumed at ${offset}`);
    deepEqual(recent, missed);
  } else {
    equal(recovered, false, `resumed at ${offset}`);
    deepEqual(recent, missed.slice(-limits.recentItems));
    equal((dropped?.say ?? 0) + sum(recent), sum(missed));
  }
}

Deno.test("[M70] a newcomer gets the tail and is not recovered", async () => {
  for (const recentItems of [0, 1, 4]) {
    const { stage, process } = await RoomStage.withRoom({ room: { ...LIMITS, recentItems } });
    await using _ = stage;
    deepEqual((await process.room(OWNER).join({})).recent, []);
    await talk(stage, process, "text", 30);
    const all = (await stage.stored()).map(({ item }) => item);
    const { recent, recovered, dropped, offset } = await process.room(OWNER).join({});
    deepEqual(recent, all.slice(all.length - recentItems));
    deepEqual([recovered, dropped, offset], [false, undefined, all.length]);
  }
});

for (const [name, change] of [["usual limits", {}], ["no recovery", { recoverMaxItems: 0 }]] as const) {
  Deno.test(`[M71] whoever resumes gets exactly what is missing, or a tail and its exact rest; ${name}`, async () => {
    const limits = { ...LIMITS, ...change };
    const { stage, process } = await RoomStage.withRoom({ room: limits });
    await using _ = stage;
    await talk(stage, process, "early", 25);
    const earlier = await process.room(OWNER).join({});
    let server = await stage.restart(process);
    await talk(stage, server, "later", 25);
    const all = (await stage.stored()).map(({ item }) => item);
    for (let life = 0; life < 2; life++) {
      const { epoch } = await server.room(OWNER).join({});
      ok(epoch > earlier.epoch);
      for (let offset = 0; offset <= all.length; offset++) {
        for (const known of [epoch, earlier.epoch, 0]) {
          const joined = await server.room(OWNER).join({ resume: { epoch: known, offset } });
          deepEqual([joined.epoch, joined.offset], [epoch, all.length]);
          checkResumed(joined, offset, all, limits);
        }
      }
      server = await stage.restart(server);
    }
  });
}

Deno.test("[M72] a position ahead of the room is from another history: the tail, not recovered", async () => {
  const { stage, process } = await RoomStage.withRoom({ room: LIMITS });
  await using _ = stage;
  await talk(stage, process, "text", 10);
  const { epoch, offset, recent } = await process.room(OWNER).join({});
  for (const resume of [{ epoch, offset: offset + 1 }, { epoch: epoch + 1, offset: 3 }]) {
    const joined = await process.room(OWNER).join({ resume });
    deepEqual([joined.recovered, joined.dropped, joined.recent], [false, undefined, recent]);
  }
});

Deno.test("[M73] over trimmed history nobody is told he has recovered, and no count is invented", async () => {
  const hour = 3_600_000;
  const { stage, process } = await RoomStage.withRoom({ room: { ...LIMITS, retentionMs: hour } });
  await using _ = stage;
  await talk(stage, process, "old", 12);
  const old = (await stage.stored()).length;
  const total = sum((await stage.stored()).map(({ item }) => item));
  await stage.jump(hour * 0.9);
  await talk(stage, process, "new", 12);
  for (let n = 0; (await stage.stored())[0]?.item.offset === 1; n++) {
    ok(n < 20, "nothing was trimmed");
    await stage.jump(hour / 10);
    await talk(stage, process, `newer ${n}`, 1);
  }
  const kept = (await stage.stored()).map(({ item }) => item);
  const trimmed = kept[0]!.offset - 1;
  ok(trimmed >= old);
  for (let life = 0, server = process; life < 2; life++, server = await stage.restart(server)) {
    const { epoch, offset } = await server.room(OWNER).join({});
    const resume = (after: number) => server.room(OWNER).join({ resume: { epoch, offset: after } });
    equal((await resume(offset)).recovered, true);
    const early = await resume(0);
    equal(early.recovered, false);
    const everything = (await stage.stored()).at(-1)!.total;
    equal((early.dropped?.say ?? 0) + sum(early.recent), everything);
    ok(everything > total);
    const inside = await resume(3);
    deepEqual([inside.recovered, inside.dropped], [false, undefined]);
    const edge = await resume(trimmed);
    checkResumed(edge, trimmed, kept, LIMITS);
  }
});
