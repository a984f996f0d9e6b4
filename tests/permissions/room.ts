import { roomActor, type RoomVerb } from "actors/room/definition.ts";
import { rolesOf, ROOM_ROLES } from "actors/room/permissions.ts";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Scope } from "protocol/api_keys.ts";
import {
  guest,
  OWNER,
  person,
  ROOM,
  RoomStage,
  type StageProcess,
  viewer,
} from "tests/support/room_stage.ts";
import type { KindTable, OpenActor, Row } from "./kind_table.ts";

function service(...scopes: Scope[]): Caller {
  return { kind: "service", user: person(3), scopes };
}

const CALLERS = {
  system: SYSTEM,
  "operator on the bus": { kind: "operator", name: "Olga" },
  operator: { ...viewer(4), standing: "operator" } as Caller,
  owner: OWNER,
  moderator: viewer(7),
  viewer: viewer(1),
  guest: guest(2),
  "service for nothing here": service("accounts", "keys", "audit"),
  "service for rooms": service("rooms"),
  "service for messages": service("messages"),
  anonymous: ANONYMOUS,
} satisfies Readonly<Record<string, Caller>>;
type Name = keyof typeof CALLERS;

const NAMES = Object.keys(CALLERS) as Name[];
const EVERYONE: Row<Name> = { may: NAMES };
const USERS = ["operator", "owner", "moderator", "viewer", "guest"] as const;
const CHIEFS: Row<Name> = { may: ["operator on the bus", "operator", "owner", "service for rooms"] };
const MODERATORS: Row<Name> = { may: [...CHIEFS.may, "moderator"] };
const RUNTIME: Row<Name> = { may: ["system"], unauthenticated: [] };

const ROWS: Readonly<Record<RoomVerb, Row<Name>>> = {
  create: { may: [...USERS, "service for rooms"] },
  info: EVERYONE,
  update: CHIEFS,
  remove: CHIEFS,
  appoint: CHIEFS,
  dismiss: CHIEFS,
  mute: MODERATORS,
  unmute: MODERATORS,
  mutes: MODERATORS,
  assistant: MODERATORS,
  setAssistant: CHIEFS,
  removeAssistant: MODERATORS,
  join: EVERYONE,
  say: { may: [...USERS, "service for messages"] },
  messages: EVERYONE,
  attend: RUNTIME,
  tick: RUNTIME,
  trim: RUNTIME,
  assist: RUNTIME,
  heard: RUNTIME,
};

const CALLS: Readonly<Record<RoomVerb, (process: StageProcess, caller: Caller) => Promise<unknown>>> = {
  create: (process, caller) => process.room(caller).create({ title: "Mine" }),
  info: (process, caller) => process.room(caller).info({}),
  update: (process, caller) => process.room(caller).update({ title: "Renamed" }),
  remove: (process, caller) => process.room(caller).remove({}),
  appoint: (process, caller) => process.room(caller).appoint({ user: person(9).id }),
  dismiss: (process, caller) => process.room(caller).dismiss({ user: person(7).id }),
  mute: (process, caller) => process.room(caller).mute({ user: person(9).id, forMs: 1_000 }),
  unmute: (process, caller) => process.room(caller).unmute({ user: person(8).id }),
  mutes: (process, caller) => process.room(caller).mutes({}),
  assistant: (process, caller) => process.room(caller).assistant({}),
  setAssistant: (process, caller) =>
    process.room(caller).setAssistant({ name: "Bot", instructions: "", enabled: true }),
  removeAssistant: (process, caller) => process.room(caller).removeAssistant({}),
  join: (process, caller) => process.room(caller).join({}),
  say: (process, caller) => process.say(caller, "hello"),
  messages: (process, caller) => process.room(caller).messages({ after: 0, limit: 10 }),
  attend: (process, caller) => process.room(caller).attend({ node: "a", viewers: 1, tickMs: 100 }),
  tick: (process, caller) => process.room(caller).tick({}),
  trim: (process, caller) => process.room(caller).trim({}),
  assist: (process, caller) => process.room(caller).assist({ wake: false }),
  heard: (process, caller) => process.room(caller).heard({ kind: "crowded" }),
};

async function open(): Promise<OpenActor<Name>> {
  const { stage, process } = await RoomStage.withRoom();
  await process.room(OWNER).appoint({ user: person(7).id });
  await process.room(OWNER).mute({ user: person(8).id, forMs: 60_000 });
  return {
    call: (verb, name) => CALLS[verb as RoomVerb](process, CALLERS[name]),
    state: async () => [await stage.storage.rooms.read(ROOM), await stage.stored()],
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

const room = { owner: person(999_999), moderators: [person(7).id] };

export const roomTable: KindTable<Name> = {
  definition: roomActor,
  callers: NAMES,
  roles: {
    known: ROOM_ROLES,
    played: Object.values<Caller>(CALLERS).flatMap((caller) => rolesOf(caller, room)),
  },
  rows: ROWS,
  open,
};
