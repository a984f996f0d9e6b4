import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Caller } from "actors/runtime/caller.ts";
import { BarrageError } from "protocol/errors.ts";
import { MuteUser } from "protocol/rooms.ts";
import { OWNER, person, ROOM, RoomStage, ulid, viewer } from "tests/support/room_stage.ts";

const LOUD = viewer(1);
const loud = person(1).id;
const MODERATOR = viewer(2);
const moderator = person(2).id;
const OPERATOR: Caller = { ...viewer(5), standing: "operator" } as Caller;

async function refusal(call: Promise<unknown>): Promise<BarrageError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof BarrageError) return error;
    throw error;
  }
  throw new Error("The call was not refused");
}

async function moderated(options?: Parameters<typeof RoomStage.withRoom>[0]) {
  const opened = await RoomStage.withRoom(options);
  await opened.process.room(OWNER).appoint({ user: moderator });
  return opened;
}

Deno.test("[M101] who is muted is told for how long, is heard when that has passed, and speaks elsewhere", async () => {
  const { stage, process } = await moderated();
  await using _ = stage;
  const other = ulid(1_000_001);
  await process.room(OWNER, other).create({ title: "Another" });
  const mute = await process.room(MODERATOR).mute({ user: loud, forMs: 60_000 });
  deepEqual(mute, { user: loud, until: stage.clock.now() + 60_000 });
  await stage.pass(20_000);
  const { reason, details } = await refusal(process.say(LOUD, "hey"));
  deepEqual([reason, details.retryAfterMs], ["muted", 40_000]);
  await stage.run(process.room(LOUD, other).say({ text: "hey" }));
  await stage.run(process.say(viewer(3), "hello"));
  await stage.pass(mute.until - stage.clock.now() - 1);
  equal((await refusal(process.say(LOUD, "hey"))).details.retryAfterMs, 1);
  await stage.pass(1);
  await stage.run(process.say(LOUD, "hey"));
  deepEqual((await stage.stored()).map(({ item }) => item.text), ["hello", "hey"]);
});

Deno.test("[M101] a mute lasts from 1 s to 30 days", () => {
  const takes = (forMs: number) => MuteUser.safeParse({ forMs }).success;
  deepEqual([999, 1_000, 2_592_000_000, 2_592_000_001, 1_000.5].map(takes), [
    false,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("[M101] who is unmuted speaks at once; muting again replaces", async () => {
  const { stage, process } = await moderated();
  await using _ = stage;
  await process.room(MODERATOR).mute({ user: loud, forMs: 60_000 });
  await process.room(OWNER).mute({ user: loud, forMs: 5_000 });
  equal((await refusal(process.say(LOUD, "hey"))).details.retryAfterMs, 5_000);
  await process.room(MODERATOR).unmute({ user: loud });
  await process.room(MODERATOR).unmute({ user: loud });
  await stage.run(process.say(LOUD, "hey"));
});

Deno.test("[M102] a mute is stored before it is answered, and outlives a kill of the node", async () => {
  const { stage, process } = await moderated();
  await using _ = stage;
  await process.room(OWNER).mute({ user: loud, forMs: 60_000 });
  const next = await stage.restart(process);
  await stage.pass(10_000);
  equal((await refusal(next.say(LOUD, "hey"))).details.retryAfterMs, 50_000);
  deepEqual((await next.room(MODERATOR).mutes({})).mutes.map(({ user }) => user), [loud]);
});

Deno.test("[M102] a mute that could not be stored is none", async () => {
  const { stage, process } = await moderated();
  await using _ = stage;
  process.storage.faultNext({ kind: "refuse", error: new BarrageError("unavailable") });
  await rejects(process.room(OWNER).mute({ user: loud, forMs: 60_000 }), { reason: "unavailable" });
  await stage.run(process.say(LOUD, "hey"));
});

Deno.test("[M103] nobody mutes the owner; moderators neither mute nor unmute each other", async () => {
  const { stage, process } = await moderated();
  await using _ = stage;
  await process.room(OWNER).appoint({ user: person(3).id });
  const mute = { user: moderator, forMs: 60_000 };
  for (const caller of [MODERATOR, OPERATOR]) {
    await rejects(process.room(caller).mute({ ...mute, user: person(999_999).id }), { reason: "forbidden" });
  }
  await rejects(process.room(viewer(3)).mute(mute), { reason: "forbidden" });
  await process.room(OWNER).mute(mute);
  equal((await refusal(process.say(MODERATOR, "hey"))).reason, "muted");
  await rejects(process.room(viewer(3)).unmute({ user: moderator }), { reason: "forbidden" });
  await rejects(process.room(MODERATOR).unmute({ user: moderator }), { reason: "forbidden" });
  await process.room(OPERATOR).unmute({ user: moderator });
  await stage.run(process.say(MODERATOR, "hey"));
});

Deno.test("[M103] a mute does not bind an operator, but whoever is none any more", async () => {
  const { stage, process } = await moderated();
  await using _ = stage;
  await process.room(MODERATOR).mute({ user: person(5).id, forMs: 60_000 });
  await process.say(OPERATOR, "hey");
  await rejects(process.say(viewer(5), "hey"), { reason: "muted" });
});

Deno.test("[M104] what was said before the mute is heard, and its retry is acknowledged", async () => {
  const { stage, process } = await moderated();
  await using _ = stage;
  const watcher = await stage.watch();
  await process.say(viewer(3), "first");
  const waiting = process.say(LOUD, "before", "mine");
  await process.room(MODERATOR).mute({ user: loud, forMs: 60_000 });
  await waiting;
  await stage.settle();
  deepEqual(watcher.texts, ["first", "before"]);
  deepEqual(await process.say(LOUD, "before", "mine"), { accepted: true });
  equal((await refusal(process.say(LOUD, "after", "other"))).reason, "muted");
});

Deno.test("[M105] a room keeps so many mutes; those that have run out make room", async () => {
  const { stage, process } = await moderated({ room: { mutesMax: 2 } });
  await using _ = stage;
  const mute = (n: number, forMs: number) => process.room(MODERATOR).mute({ user: person(n).id, forMs });
  await mute(11, 10_000);
  await mute(12, 60_000);
  await rejects(mute(13, 60_000), { reason: "conflict" });
  await mute(12, 50_000);
  await stage.pass(10_000);
  await mute(13, 60_000);
  const kept = (await stage.storage.rooms.read(ROOM))?.mutes.map(({ user }) => user);
  deepEqual(kept, [person(12).id, person(13).id]);
});

Deno.test("[M105] a danmaku refused by a mute is counted", async () => {
  const { stage, process } = await moderated();
  await using _ = stage;
  await process.room(MODERATOR).mute({ user: loud, forMs: 60_000 });
  await rejects(process.say(LOUD, "hey"), { reason: "muted" });
  deepEqual([...process.node.drops.entries()], [["room", "muted", 1]]);
});
