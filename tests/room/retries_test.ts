import { deepEqual, equal, rejects } from "node:assert/strict";
import { SaidIds } from "actors/room/said_ids.ts";
import { BarrageError } from "protocol/errors.ts";
import { RoomStage, viewer } from "tests/support/room_stage.ts";

const ACCEPTED = { accepted: true };

async function counts(stage: RoomStage): Promise<number[]> {
  return (await stage.stored()).map(({ item }) => item.count);
}

Deno.test("[M30] the same id again in the same tick waits with the first and counts once", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { sayBurst: 1, sayPerSecond: 0.05 });
  await using _ = stage;
  await process.say(viewer(9), "first");
  const [say, retry] = [process.say(viewer(1), "hello", "a"), process.say(viewer(1), "hello", "a")];
  deepEqual(await stage.run(Promise.all([say, retry])), [ACCEPTED, ACCEPTED]);
  deepEqual(await counts(stage), [1, 1]);
});

Deno.test("[M30] the same id again after the tick is accepted at once and takes nothing from the rate", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { sayBurst: 2, sayPerSecond: 0.05 });
  await using _ = stage;
  await process.say(viewer(1), "hello", "a");
  for (let n = 0; n < 5; n++) deepEqual(await process.say(viewer(1), "hello", "a"), ACCEPTED);
  await stage.run(process.say(viewer(1), "more", "b"));
  deepEqual(await counts(stage), [1, 1]);
});

Deno.test("[M31] after a crash a retry is accepted and counts once, whether or not the first was stored", async () => {
  for (const kind of ["refuse", "lose_answer"] as const) {
    const { stage, process } = await RoomStage.withRoom();
    await using _ = stage;
    await process.say(viewer(9), "first");
    process.storage.faultNext({ kind, error: new BarrageError("timeout") });
    const says = [process.say(viewer(1), "hello", "a"), process.say(viewer(2), "HELLO", "a")];
    for (const say of says) say.catch(() => {});
    await stage.pass(100);
    for (const say of says) await rejects(say, { reason: "timeout" });
    const retries = [process.say(viewer(1), "hello", "a"), process.say(viewer(2), "HELLO", "a")];
    await stage.run(Promise.all(retries));
    const sum = (await counts(stage)).reduce((a, b) => a + b, 0);
    equal(sum, 3, kind);
  }
});

Deno.test("[M32] after a restart of the node a retry counts once, far beyond what the room keeps in memory", async () => {
  const { stage, process } = await RoomStage.withRoom({ room: { memoryItems: 10, recentItems: 5 } });
  await using _ = stage;
  const say = (server: typeof process, n: number) => server.say(viewer(n % 500), `text ${n}`, `id-${n}`);
  const numbers = Array.from({ length: 2_500 }, (_, n) => n);
  for (let start = 0; start < numbers.length; start += 500) {
    await stage.run(Promise.all(numbers.slice(start, start + 500).map((n) => say(process, n))));
  }
  const before = await counts(stage);
  const server = await stage.restart(process);
  for (let start = 0; start < numbers.length; start += 500) {
    await stage.run(Promise.all(numbers.slice(start, start + 500).map((n) => say(server, n))));
  }
  deepEqual(await counts(stage), before);
  await stage.run(say(server, 2_500));
  equal((await counts(stage)).length, before.length + 1);
});

Deno.test("[F6] a retry counts once when the room's next owner has a clock two hours ahead, or behind", async () => {
  for (const skew of [7_200_000, -7_200_000]) {
    const { stage, process } = await RoomStage.withRoom();
    await using _ = stage;
    await process.say(viewer(1), "hello", "a");
    stage.clock.skew = skew;
    const server = await stage.restart(process);
    await stage.run(server.say(viewer(2), "other", "b"));
    await stage.run(server.say(viewer(1), "hello", "a"));
    deepEqual((await stage.stored()).map(({ item }) => item.text), ["hello", "other"]);
  }
});

Deno.test("[M33] ids belong to their users: two users may choose the same one", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await process.say(viewer(1), "mine", "a");
  await stage.run(process.say(viewer(2), "also mine", "a"));
  const server = await stage.restart(process);
  await server.say(viewer(3), "me too", "a");
  await server.say(viewer(2), "also mine", "a");
  deepEqual((await stage.stored()).map(({ item }) => item.text), ["mine", "also mine", "me too"]);
});

Deno.test("[M34] ids are remembered up to a number and an age, the oldest is forgotten first", () => {
  const said = new SaidIds(3, 1_000);
  const known = () => ["a", "b", "c", "d", "e"].filter((id) => said.has("user", id));
  for (const [at, id] of ["a", "b", "c", "d"].entries()) said.add("user", id, at);
  deepEqual(known(), ["b", "c", "d"]);
  said.add("user", "e", 1_002);
  deepEqual(known(), ["d", "e"]);
});
