import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { SYSTEM } from "actors/runtime/caller.ts";
import { BarrageError } from "protocol/errors.ts";
import { OWNER, RoomStage, viewer } from "tests/support/room_stage.ts";

function track(promise: Promise<unknown>): { readonly settled: boolean } {
  const state = { settled: false };
  const done = () => {
    state.settled = true;
  };
  promise.then(done, done);
  return state;
}

Deno.test("[M40] nothing is acknowledged or published before it is stored", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  const release = process.storage.hold("lane");
  const say = process.say(viewer(1), "hello");
  const state = track(say);
  await stage.pass(1_000);
  deepEqual([state.settled, watcher.frames.length, (await stage.stored()).length], [false, 0, 0]);
  release();
  deepEqual(await say, { accepted: true });
  await stage.settle();
  deepEqual([watcher.texts, (await stage.stored()).length], [["hello"], 1]);
});

Deno.test("[M41] when a commit fails its callers are told, nothing is published and no offset is lost", async () => {
  const errors = [
    [new Error("constraint"), "unavailable"],
    [new BarrageError("unavailable"), "unavailable"],
    [new BarrageError("overloaded"), "overloaded"],
  ] as const;
  for (const [error, reason] of errors) {
    const { stage, process } = await RoomStage.withRoom();
    await using _ = stage;
    const watcher = await stage.watch();
    await process.say(viewer(1), "one");
    process.storage.faultNext({ kind: "refuse", error });
    const lost = [process.say(viewer(2), "lost"), process.say(viewer(3), "lost too")];
    for (const say of lost) say.catch(() => {});
    await stage.pass(100);
    for (const say of lost) await rejects(say, { reason });
    equal(process.node.counters.restarts, 1);
    await stage.run(process.say(viewer(4), "two"));
    await stage.settle();
    deepEqual(watcher.items.map(({ offset, text }) => [offset, text]), [[1, "one"], [2, "two"]]);
    deepEqual((await stage.stored()).map(({ item, total }) => [item.offset, total]), [[1, 1], [2, 2]]);
  }
});

Deno.test("[M41] a commit whose answer is lost leaves no hole: the next frame follows what was stored", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  await process.say(viewer(1), "one");
  await stage.pass(100);
  process.storage.faultNext({ kind: "lose_answer", error: new BarrageError("timeout") });
  await rejects(process.say(viewer(2), "two"), { reason: "timeout" });
  await stage.run(process.say(viewer(3), "three"));
  await stage.settle();
  deepEqual(watcher.items.map(({ offset, text }) => [offset, text]), [[1, "one"], [3, "three"]]);
  const { items } = await process.room(OWNER).messages({ after: 0, limit: 10 });
  deepEqual(items.map(({ offset, text }) => [offset, text]), [[1, "one"], [2, "two"], [3, "three"]]);
});

Deno.test("[M42] a room that a newer owner has taken publishes nothing and writes nothing; what it had not stored is sent on", async () => {
  await using stage = await RoomStage.open();
  const old = await stage.start({ alone: false });
  await old.room(OWNER).create({ title: "Stage" });
  await old.say(viewer(1), "one");
  const waiting = [old.say(viewer(1), "too late"), old.say(viewer(2), "too late as well")];
  for (const say of waiting) say.catch(() => {});
  const owner = await stage.start();
  await owner.say(viewer(3), "two");
  const watcher = await stage.watch();
  await stage.pass(100);
  for (const say of waiting) await rejects(stage.run(say), { reason: "timeout" });
  equal(watcher.frames.length, 0);
  equal(old.node.drops.of("commit", "fenced"), 1);
  await stage.run(owner.say(viewer(3), "three"));
  await rejects(stage.run(old.say(viewer(1), "nobody here")), { reason: "timeout" });
  deepEqual((await stage.stored()).map(({ item }) => item.text), ["one", "two", "three"]);
  equal(watcher.frames.length, 1);
  deepEqual(watcher.texts, ["three"]);
});

Deno.test("[M43] a planned stop stores, publishes and answers what waits for the tick", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  await process.say(viewer(1), "one");
  const waiting = Promise.all([process.say(viewer(2), "two"), process.say(viewer(3), "three")]);
  const answered = track(waiting);
  await stage.run(process.node.stop(5_000));
  ok(answered.settled);
  deepEqual(await waiting, [{ accepted: true }, { accepted: true }]);
  await stage.settle();
  deepEqual(watcher.texts, ["one", "two", "three"]);
  deepEqual((await stage.stored()).map(({ item }) => item.text), ["one", "two", "three"]);
});

Deno.test("[M43] what waits for a tick is stored when the room leaves memory before it, even if its caller gave up", async () => {
  const options = { room: { tickMaxMs: 60_000 }, runtime: { callTimeoutMs: 200, idleMs: 500 } };
  const { stage, process } = await RoomStage.withRoom(options);
  await using _ = stage;
  const watcher = await stage.watch();
  await process.room(SYSTEM).attend({ node: "a", viewers: 1, tickMs: 20_000 });
  await stage.pass(10);
  await process.say(viewer(1), "one");
  await rejects(stage.run(process.say(viewer(2), "two")), { reason: "timeout" });
  await stage.pass(3_000);
  equal(process.node.stats()[0]?.active, 0);
  deepEqual(watcher.texts, ["one", "two"]);
  deepEqual((await stage.stored()).map(({ item }) => item.text), ["one", "two"]);
});
