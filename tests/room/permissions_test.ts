import { deepEqual, equal } from "node:assert/strict";
import { roomActor, type RoomVerb } from "actors/room/definition.ts";
import { MAY, type RoomRole } from "actors/room/permissions.ts";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import { BarrageError } from "protocol/errors.ts";
import {
  guest,
  OWNER,
  person,
  ROOM,
  RoomStage,
  type StageProcess,
  viewer,
} from "tests/support/room_stage.ts";

const CALLERS: Readonly<Record<RoomRole, Caller>> = {
  system: SYSTEM,
  operator: { kind: "operator", name: "Olga" },
  owner: OWNER,
  viewer: viewer(1),
  guest: guest(2),
  service: { kind: "service", user: person(3), scopes: [] },
  anonymous: ANONYMOUS,
};

type Outcome = "ok" | "conflict" | "forbidden" | "unauthenticated";
type Row = Readonly<Record<RoomRole, Outcome>>;

const ALL: Row = {
  system: "ok",
  operator: "ok",
  owner: "ok",
  viewer: "ok",
  guest: "ok",
  service: "ok",
  anonymous: "ok",
};
const USERS: Row = {
  ...ALL,
  system: "forbidden",
  operator: "forbidden",
  service: "forbidden",
  anonymous: "unauthenticated",
};
const CHIEFS: Row = {
  system: "forbidden",
  operator: "ok",
  owner: "ok",
  viewer: "forbidden",
  guest: "forbidden",
  service: "forbidden",
  anonymous: "unauthenticated",
};
const RUNTIME: Row = {
  system: "ok",
  operator: "forbidden",
  owner: "forbidden",
  viewer: "forbidden",
  guest: "forbidden",
  service: "forbidden",
  anonymous: "forbidden",
};

const TABLE: Readonly<Record<RoomVerb, Row>> = {
  // The room exists already: who may create gets as far as that.
  create: { ...USERS, owner: "conflict", viewer: "conflict", guest: "conflict" },
  info: ALL,
  update: CHIEFS,
  remove: CHIEFS,
  join: ALL,
  say: USERS,
  messages: ALL,
  attend: RUNTIME,
  tick: RUNTIME,
  trim: RUNTIME,
};

const CALLS: Readonly<Record<RoomVerb, (process: StageProcess, caller: Caller) => Promise<unknown>>> = {
  create: (process, caller) => process.room(caller).create({ title: "Mine" }),
  info: (process, caller) => process.room(caller).info({}),
  update: (process, caller) => process.room(caller).update({ title: "Renamed" }),
  remove: (process, caller) => process.room(caller).remove({}),
  join: (process, caller) => process.room(caller).join({}),
  say: (process, caller) => process.say(caller, "hello"),
  messages: (process, caller) => process.room(caller).messages({ after: 0, limit: 10 }),
  attend: (process, caller) => process.room(caller).attend({ node: "a", viewers: 1, tickMs: 100 }),
  tick: (process, caller) => process.room(caller).tick({}),
  trim: (process, caller) => process.room(caller).trim({}),
};

async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof BarrageError) return error.reason;
    throw error;
  }
}

Deno.test("[M2] the table of verbs and roles is complete", () => {
  deepEqual(Object.keys(TABLE).sort(), Object.keys(roomActor.verbs).sort());
  const roles = new Set(Object.values(MAY).flat());
  deepEqual(Object.keys(CALLERS).sort(), [...roles].sort());
});

for (const [verb, row] of Object.entries(TABLE) as [RoomVerb, Row][]) {
  Deno.test(`[M2] who may ${verb}, and why others may not`, async () => {
    for (const [role, expected] of Object.entries(row) as [RoomRole, Outcome][]) {
      const { stage, process } = await RoomStage.withRoom();
      await using _ = stage;
      const before = await stage.storage.rooms.read(ROOM);
      equal(await outcome(CALLS[verb](process, CALLERS[role])), expected, `${role} calls ${verb}`);
      if (expected === "ok") continue;
      deepEqual(await stage.storage.rooms.read(ROOM), before, `${role} changed the room by ${verb}`);
      deepEqual(await stage.stored(), [], `${role} said something by ${verb}`);
    }
  });
}
