import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Caller } from "actors/runtime/caller.ts";
import { guest, OWNER, person, ROOM, RoomStage, viewer } from "tests/support/room_stage.ts";

const OPERATOR: Caller = { ...viewer(5), standing: "operator" } as Caller;
const SERVICE: Caller = {
  kind: "service",
  user: { ...person(6), name: "Bot" },
  scopes: ["rooms", "messages"],
};

Deno.test("[M100] the owner appoints and dismisses moderators, who are shown, also after a restart", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await process.room(OWNER).appoint({ user: person(1).id });
  const { moderators } = await process.room(OWNER).appoint({ user: person(2).id });
  deepEqual(moderators, [person(1).id, person(2).id]);
  const next = await stage.restart(process);
  deepEqual((await next.room(viewer(9)).info({})).moderators, moderators);
  await next.room(OWNER).dismiss({ user: person(1).id });
  deepEqual((await stage.storage.rooms.read(ROOM))?.moderators, [person(2).id]);
  await rejects(next.room(viewer(1)).mutes({}), { reason: "forbidden" });
});

Deno.test("[M100] appointing or dismissing again changes and writes nothing; the owner cannot be appointed", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await process.room(OWNER).appoint({ user: person(1).id });
  const { units } = stage.storage.lane.stats;
  deepEqual((await process.room(OWNER).appoint({ user: person(1).id })).moderators, [person(1).id]);
  deepEqual((await process.room(OWNER).dismiss({ user: person(2).id })).moderators, [person(1).id]);
  equal(stage.storage.lane.stats.units, units);
  await rejects(process.room(OWNER).appoint({ user: person(999_999).id }), { reason: "conflict" });
});

Deno.test("[M100] a room has at most 50 moderators", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  for (let n = 1; n <= 50; n++) await process.room(OWNER).appoint({ user: person(n).id });
  await rejects(process.room(OWNER).appoint({ user: person(51).id }), { reason: "conflict" });
  await process.room(OWNER).dismiss({ user: person(7).id });
  equal((await process.room(OWNER).appoint({ user: person(51).id })).moderators.length, 50);
});

Deno.test("[M100] an ended room keeps its moderators and mutes as they are", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await process.room(OWNER).appoint({ user: person(1).id });
  await process.room(OWNER).mute({ user: person(2).id, forMs: 60_000 });
  await process.room(OWNER).update({ state: "ended" });
  const room = process.room(OWNER);
  const before = await stage.storage.rooms.read(ROOM);
  for (
    const call of [
      room.appoint({ user: person(3).id }),
      room.dismiss({ user: person(1).id }),
      room.mute({ user: person(3).id, forMs: 1_000 }),
      room.unmute({ user: person(2).id }),
    ]
  ) await rejects(call, { reason: "gone" });
  deepEqual(await stage.storage.rooms.read(ROOM), before);
});

Deno.test("[M100] a guest who moderates may speak where guests may not", async () => {
  const { stage, process } = await RoomStage.withRoom({}, { guestsMaySay: false });
  await using _ = stage;
  await rejects(process.say(guest(1), "hello"), { reason: "forbidden" });
  await process.room(OWNER).appoint({ user: person(1).id });
  await stage.run(process.say(guest(1), "hello"));
});

Deno.test("[U2] a user who is an operator does in any room what operators do, and speaks as himself", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const watcher = await stage.watch();
  await process.say(OPERATOR, "be nice");
  await stage.settle();
  deepEqual(watcher.items[0]?.user, person(5));
  await process.room(OPERATOR).appoint({ user: person(1).id });
  equal((await process.room(OPERATOR).update({ title: "Renamed" })).title, "Renamed");
  await process.room(OPERATOR).remove({});
  await rejects(process.room(OWNER).info({}), { reason: "gone" });
});

Deno.test("[U3] a service owns the room that it opens, and speaks under its key's name", async () => {
  await using stage = await RoomStage.open();
  const process = await stage.start();
  const { owner } = await process.room(SERVICE).create({ title: "Of a bot" });
  deepEqual(owner, { id: person(6).id, name: "Bot" });
  const watcher = await stage.watch();
  await process.say(SERVICE, "beep");
  await stage.settle();
  deepEqual(watcher.items[0]?.user, owner);
});

Deno.test("[U3] each scope of a key opens what it names and nothing else", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  const mute = { user: person(1).id, forMs: 1_000 };
  const talks: Caller = { ...SERVICE, scopes: ["messages"] } as Caller;
  await process.say(talks, "beep");
  await rejects(process.room(talks).mute(mute), { reason: "forbidden" });
  const keeps: Caller = { ...SERVICE, scopes: ["rooms"] } as Caller;
  await process.room(keeps).mute(mute);
  await rejects(process.say(keeps, "beep"), { reason: "forbidden" });
});
