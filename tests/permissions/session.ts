import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { sessionActor, type SessionVerb, type SessionVerbs } from "actors/session/definition.ts";
import { roleOf, SESSION_ROLES } from "actors/session/permissions.ts";
import { type Seat, sessionFactory } from "actors/session/session.ts";
import { guest, OWNER, person, ROOM, RoomStage, ulid, viewer } from "tests/support/room_stage.ts";
import type { KindTable, OpenActor, Row } from "./kind_table.ts";

const SELF = OWNER;
const SESSION = ulid(77);

const CALLERS = {
  system: SYSTEM,
  "operator on the bus": { kind: "operator", name: "Olga" },
  operator: { ...viewer(4), standing: "operator" } as Caller,
  self: SELF,
  "self, signed in elsewhere": { ...SELF, session: ulid(78) } as Caller,
  viewer: viewer(1),
  guest: guest(2),
  service: { kind: "service", user: person(3), scopes: ["rooms", "messages", "accounts"] },
  anonymous: ANONYMOUS,
} satisfies Readonly<Record<string, Caller>>;
type Name = keyof typeof CALLERS;

const ONESELF: Row<Name> = { may: ["self"], unauthenticated: [] };

const ROWS: Readonly<Record<SessionVerb, Row<Name>>> = {
  join: ONESELF,
  leave: ONESELF,
  pause: ONESELF,
  unpause: ONESELF,
  say: ONESELF,
  mute: ONESELF,
  unmute: ONESELF,
  kick: { may: ["system", "operator on the bus", "operator"], unauthenticated: [] },
};

const room = ROOM;
const user = person(9).id;

const CALLS: Readonly<Record<SessionVerb, (session: Ref<SessionVerbs>) => Promise<unknown>>> = {
  join: (session) => session.join({ room }),
  leave: (session) => session.leave({ room }),
  pause: (session) => session.pause({ room }),
  unpause: (session) => session.unpause({ room }),
  say: (session) => session.say({ room, text: "hello" }),
  mute: (session) => session.mute({ room, user, forMs: 1_000 }),
  unmute: (session) => session.unmute({ room, user }),
  kick: (session) => session.kick({}),
};

async function open(): Promise<OpenActor<Name>> {
  const { stage, process } = await RoomStage.withRoom();
  const acts: string[] = [];
  const act = (name: string) => () => void acts.push(name);
  const seat: Seat = { begin() {}, pause: act("pause"), unpause: act("unpause"), leave: act("leave") };
  const socket = {
    enter: () => Promise.resolve(seat),
    online: (_room: string, counted: number) => counted,
    seated() {},
    kick: act("kick"),
    ended() {},
  };
  process.node.host(sessionActor);
  process.node.spawn(sessionActor, SESSION, sessionFactory({ caller: SELF, roomsMax: 9, socket }));
  await process.node.ref(sessionActor, SESSION, SELF).join({ room });
  return {
    call: (verb, name) => CALLS[verb as SessionVerb](process.node.ref(sessionActor, SESSION, CALLERS[name])),
    state: async () => [[...acts], await stage.storage.rooms.read(ROOM), await stage.stored()],
    async [Symbol.asyncDispose]() {
      process.node.retire(sessionActor, SESSION);
      await stage[Symbol.asyncDispose]();
    },
  };
}

export const sessionTable: KindTable<Name> = {
  definition: sessionActor,
  callers: Object.keys(CALLERS) as Name[],
  roles: {
    known: SESSION_ROLES,
    played: Object.values<Caller>(CALLERS).map((caller) => roleOf(caller, SELF)),
  },
  rows: ROWS,
  open,
};
