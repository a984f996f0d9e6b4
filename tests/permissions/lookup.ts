import { lookupActor, lookupKey, type LookupVerbs } from "actors/lookup/definition.ts";
import { LOOKUP_ROLES, roleOf } from "actors/lookup/permissions.ts";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import { ReadStage } from "tests/support/read_stage.ts";
import { guest, person, ulid, viewer } from "tests/support/room_stage.ts";
import type { KindTable, OpenActor, Row } from "./kind_table.ts";

const CALLERS = {
  system: SYSTEM,
  "operator on the bus": { kind: "operator", name: "Olga" },
  operator: { ...viewer(4), standing: "operator" } as Caller,
  member: viewer(1),
  guest: guest(2),
  service: { kind: "service", user: person(3), scopes: ["rooms", "accounts"] },
  anonymous: ANONYMOUS,
} satisfies Readonly<Record<string, Caller>>;
type Name = keyof typeof CALLERS;

const ROWS: Readonly<Record<keyof LookupVerbs, Row<Name>>> = {
  get: { may: ["system"], unauthenticated: [] },
};

const ROOM = ulid(1);

async function open(): Promise<OpenActor<Name>> {
  const stage = await ReadStage.open(["a"]);
  await stage.createRoom(ROOM, "v1");
  const { runtime } = stage.node("a");
  return {
    call: (_verb, name) =>
      stage.run(
        runtime.ref(lookupActor, lookupKey("room", ROOM), CALLERS[name]).get({ id: ROOM, maxAgeMs: 0 }),
      ),
    // Looking up changes nothing but what has been asked of the store.
    state: () => Promise.resolve(stage.queries),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

export const lookupTable: KindTable<Name> = {
  definition: lookupActor,
  callers: Object.keys(CALLERS) as Name[],
  roles: { known: LOOKUP_ROLES, played: Object.values<Caller>(CALLERS).map(roleOf) },
  rows: ROWS,
  open,
};
