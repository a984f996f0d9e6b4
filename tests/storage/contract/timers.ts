import assert from "node:assert/strict";
import type { OpenStorage } from "./opened.ts";
import { createRooms, fence, timer } from "./records.ts";

export function testTimers(name: string, open: OpenStorage): void {
  Deno.test(`[D21] ${name}: a timer set again replaces the one of the same name`, async () => {
    await using opened = await open();
    const { timers, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    const input = { text: "抽奖 🎁", winners: [1, 2], none: null };
    const again = timer("draw", { generation: 2, dueAt: 300, verb: "draw", input, shard: 8 });
    await lane.commit(fence(1), [timers.set(timer("draw")), timers.set(timer("other"))]);
    await lane.commit(fence(1), [timers.set(again)]);
    assert.deepEqual(await timers.due([7, 8], 1_000, 10), {
      timers: [timer("other"), again],
      nextAt: undefined,
    });
    const earlier = timer("draw", { generation: 1, dueAt: 50 });
    await lane.commit(fence(1), [timers.set(earlier), timers.cancel("room", earlier.key, "other")]);
    assert.deepEqual(await timers.due([7, 8], 1_000, 10), { timers: [earlier], nextAt: undefined });
  });

  Deno.test(`[D22] ${name}: an old delivery cannot end a timer that was set again`, async () => {
    await using opened = await open();
    const { timers, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    await lane.commit(fence(1), [timers.set(timer("draw", { generation: 2 }))]);
    await lane.commit(fence(1), [timers.done(timer("draw", { generation: 1 }))]);
    assert.equal((await timers.due([7], 1_000, 10)).timers.length, 1);
    await lane.commit(fence(1), [timers.done(timer("draw", { generation: 2 }))]);
    assert.equal((await timers.due([7], 1_000, 10)).timers.length, 0);
  });

  Deno.test(`[D23] ${name}: due timers come earliest first, only of the shards asked for`, async () => {
    await using opened = await open();
    const { timers, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    const [c, a, b] = [
      timer("c", { dueAt: 300 }),
      timer("a", { dueAt: 100 }),
      timer("b", { dueAt: 200, shard: 9 }),
    ];
    const foreign = timer("foreign", { dueAt: 150, shard: 10 });
    await lane.commit(fence(1), [c, a, b, foreign].map((one) => timers.set(one)));
    assert.deepEqual(await timers.due([7, 9], 99, 10), { timers: [], nextAt: 100 });
    assert.deepEqual(await timers.due([7, 9], 200, 10), { timers: [a, b], nextAt: 300 });
    assert.deepEqual(await timers.due([7, 9], 300, 2), { timers: [a, b], nextAt: 300 });
    assert.deepEqual(await timers.due([7, 9], 300, 3), { timers: [a, b, c], nextAt: undefined });
    assert.deepEqual(await timers.due([11], 300, 3), { timers: [], nextAt: undefined });
    assert.deepEqual(await timers.due([], 300, 3), { timers: [], nextAt: undefined });
  });

  Deno.test(`[D24] ${name}: a timer is finished only under its shard's present epoch and its own generation`, async () => {
    await using opened = await open();
    const { timers, lane, ownership } = opened.storage;
    await createRooms(opened.storage, 1);
    const node = await ownership.register({ id: "a", address: "", version: "1", ttlMs: 60_000 });
    assert.deepEqual(await ownership.claim(node, [7]), new Map([[7, 1]]));
    const draw = timer("draw", { generation: 3 });
    await lane.commit(fence(1), [timers.set(draw)]);
    await timers.finish(draw, 2);
    await timers.finish(draw, 0);
    await timers.finish({ ...draw, generation: 2 }, 1);
    assert.deepEqual((await timers.due([7], 1_000, 10)).timers, [draw]);
    await timers.finish(draw, 1);
    assert.deepEqual((await timers.due([7], 1_000, 10)).timers, []);
  });
}
