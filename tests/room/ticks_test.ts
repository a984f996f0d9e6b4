import { deepEqual, equal } from "node:assert/strict";
import { SYSTEM } from "actors/runtime/caller.ts";
import { Say } from "protocol/rooms.ts";
import { OWNER, person, RoomStage, viewer } from "tests/support/room_stage.ts";

Deno.test("[M20] the first danmaku after quiet goes out at once, those after it with the next tick", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  for (const round of ["a", "b"]) {
    await process.say(viewer(1), `${round} first`);
    const later = [2, 3].map((n) => process.say(viewer(n), `${round} ${n}`));
    await stage.pass(99);
    deepEqual(watcher.texts.slice(-1), [`${round} first`]);
    await stage.pass(1);
    deepEqual(watcher.texts.slice(-2), [`${round} 2`, `${round} 3`]);
    await Promise.all(later);
    await stage.pass(100);
  }
  equal(watcher.withItems.length, 4);
});

Deno.test("[M20] under load there is one frame per tick", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  const says: Promise<unknown>[] = [];
  for (let n = 0; n < 100; n++) {
    says.push(process.say(viewer(n), `text ${n}`));
    await stage.pass(10);
  }
  await stage.run(Promise.all(says));
  await stage.settle();
  equal(watcher.items.length, 100);
  equal(watcher.withItems.length, 11);
});

Deno.test("[M21] equal text in one tick is one item: the first one's text, style and user, a count, two others", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  await process.say(viewer(9), "wow");
  const style = { color: "#33ccff" };
  const says = [
    process.room(viewer(1)).say(Say.parse({ text: "WOW", style })),
    process.room(viewer(1)).say(Say.parse({ text: "wow" })),
    process.room(viewer(2)).say(Say.parse({ text: "ｗｏｗ", style: { color: "#000000" } })),
    process.room(viewer(3)).say(Say.parse({ text: "Wow" })),
    process.room(viewer(2)).say(Say.parse({ text: "wow" })),
    process.room(viewer(4)).say(Say.parse({ text: "wow" })),
    process.room(viewer(4)).say(Say.parse({ text: "w o w" })),
  ];
  await stage.run(Promise.all(says));
  await stage.settle();
  deepEqual(watcher.items.map(({ id: _id, at: _at, ...item }) => item), [
    { kind: "say", offset: 1, user: person(9), text: "wow", count: 1 },
    {
      kind: "say",
      offset: 2,
      user: person(1),
      others: [person(2), person(3)],
      text: "WOW",
      count: 6,
      style,
    },
    { kind: "say", offset: 3, user: person(4), text: "w o w", count: 1 },
  ]);
  deepEqual((await stage.stored()).map(({ item }) => item), watcher.items);
  deepEqual((await stage.stored()).map(({ total }) => total), [1, 7, 8]);
});

Deno.test("[M22] items stand in the order in which their texts were first said", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const texts = ["c", "a", "b", "a", "d", "c", "a"];
  await process.say(viewer(99), "first");
  await stage.run(Promise.all(texts.map((text, n) => process.say(viewer(n), text))));
  const said = (await stage.stored()).map(({ item }) => `${item.offset} ${item.text} x${item.count}`);
  deepEqual(said, ["1 first x1", "2 c x2", "3 a x3", "4 b x1", "5 d x1"]);
  const ids = (await stage.stored()).map(({ item }) => item.id);
  deepEqual([...ids].sort(), ids);
});

Deno.test("[M23] a tick lasts as long as the slowest node asks, within the bounds, while that node is there", async () => {
  const { stage, process } = await RoomStage.withRoom({ room: { tickMs: 100, tickMaxMs: 1_000 } });
  await using _ = stage;
  const watcher = await stage.watch();
  const attend = (node: string, tickMs: number, viewers = 1) =>
    process.room(SYSTEM).attend({ node, viewers, tickMs });
  const tickLength = async () => {
    await stage.pass(2_000);
    await process.say(viewer(1), `start ${stage.clock.now()}`);
    const said = process.say(viewer(2), `end ${stage.clock.now()}`);
    await stage.settle();
    const before = watcher.items.length;
    let ms = 0;
    for (; watcher.items.length === before; ms += 10) await stage.pass(10);
    await said;
    return ms;
  };
  equal(await tickLength(), 100);
  await attend("a", 300);
  await attend("b", 400);
  equal(await tickLength(), 400);
  await attend("b", 200);
  equal(await tickLength(), 300);
  await attend("a", 60_000);
  equal(await tickLength(), 1_000);
  await attend("a", 1, 0);
  await attend("b", 1);
  equal(await tickLength(), 100);
  await attend("b", 500);
  await stage.pass(31_000);
  equal(await tickLength(), 100);
});

Deno.test("[M24] a tick of many items is several frames of at most frameItems, without a gap", async () => {
  const { stage, process } = await RoomStage.withRoom({ room: { frameItems: 10 } });
  await using _ = stage;
  const watcher = await stage.watch();
  await process.say(viewer(99), "first");
  await process.room(SYSTEM).attend({ node: "a", viewers: 5, tickMs: 100 });
  const says = Array.from({ length: 25 }, (_, n) => process.say(viewer(n), `text ${n}`));
  await stage.run(Promise.all(says));
  await stage.settle();
  deepEqual(
    watcher.frames.map(({ from, to, items, live }) => [from, to, items.length, live?.online]),
    [[1, 1, 1, undefined], [2, 11, 10, 5], [12, 21, 10, undefined], [22, 26, 5, undefined]],
  );
  deepEqual(watcher.items.map(({ offset }) => offset), Array.from({ length: 26 }, (_, n) => n + 1));
});

Deno.test("[M25] the epoch in frames and answers grows with every restart", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  let server = process;
  for (let n = 0; n < 3; n++) {
    await server.say(viewer(1), `life ${n}`);
    const { epoch } = await server.room(OWNER).join({});
    await stage.settle();
    equal(watcher.frames.at(-1)?.epoch, epoch);
    server = await stage.restart(server);
  }
  const epochs = watcher.frames.map(({ epoch }) => epoch);
  equal(new Set(epochs).size, 3);
  deepEqual(epochs, [...epochs].sort((a, b) => a - b));
});

Deno.test("[M26] a tick that was lost behind a slow turn does not silence the room", async () => {
  const { stage, process } = await RoomStage.withRoom({ room: { memoryItems: 1, recentItems: 1 } });
  await using _ = stage;
  for (let n = 0; n < 4; n++) await stage.run(process.say(viewer(n), `text ${n}`));
  for (const slow of ["lane", "rooms"] as const) {
    await stage.pass(1_000);
    await process.say(viewer(1), `${slow} at once`);
    process.say(viewer(2), `${slow} waits for the tick`).catch(() => {});
    await stage.settle();
    const release = process.storage.hold(slow);
    const turn = slow === "lane"
      ? process.room(OWNER).update({ title: "Slow" })
      : process.room(OWNER).join({ resume: { epoch: 1, offset: 1 } });
    turn.catch(() => {});
    await stage.pass(7_000);
    release();
    await stage.settle();
    await stage.run(process.say(viewer(3), `${slow} over`), 1_000);
    await stage.run(process.say(viewer(4), `${slow} heard`), 1_000);
    await stage.run(process.say(viewer(5), `${slow} heard too`), 1_000);
  }
  const texts = (await stage.stored()).map(({ item }) => item.text);
  for (const slow of ["lane", "rooms"]) {
    equal(texts.filter((text) => text === `${slow} waits for the tick`).length, 1);
  }
});
