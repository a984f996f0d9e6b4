import { threadActor, type ThreadVerb, type ThreadVerbs } from "actors/ai/thread/definition.ts";
import { rolesOf, THREAD_ROLES } from "actors/ai/thread/permissions.ts";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { AiStage } from "tests/support/ai_stage.ts";
import { guest, person, ulid, viewer } from "tests/support/room_stage.ts";
import type { KindTable, OpenActor, Row } from "./kind_table.ts";

const CALLERS = {
  system: SYSTEM,
  "operator on the bus": { kind: "operator", name: "Olga" },
  operator: { ...viewer(4), standing: "operator" } as Caller,
  owner: viewer(1),
  member: viewer(5),
  guest: guest(2),
  service: { kind: "service", user: person(3), scopes: ["ai"] },
  anonymous: ANONYMOUS,
} satisfies Readonly<Record<string, Caller>>;
type Name = keyof typeof CALLERS;

const OWN: Row<Name> = { may: ["owner"] };
const ROWS: Readonly<Record<ThreadVerb, Row<Name>>> = { ask: OWN, history: OWN, forget: OWN };

const THREAD = ulid(7_001);

const CALLS: Readonly<Record<ThreadVerb, (thread: Ref<ThreadVerbs>) => Promise<unknown>>> = {
  ask: (thread) => thread.ask({ answer: ulid(2), text: "And then?" }),
  history: (thread) => thread.history({ limit: 10 }),
  forget: (thread) => thread.forget({}),
};

async function open(): Promise<OpenActor<Name>> {
  const stage = await AiStage.open();
  const { node } = await stage.start();
  await stage.run(node.ref(threadActor, THREAD, viewer(1)).ask({ answer: ulid(1), text: "Hello?" }));
  (await stage.call(1)).finish();
  await stage.pass(500);
  return {
    call: (verb, name) => stage.run(CALLS[verb as ThreadVerb](node.ref(threadActor, THREAD, CALLERS[name]))),
    state: async () => [
      await stage.storage.threads.read(THREAD),
      await stage.storage.threads.turns(THREAD, { after: 0, limit: 10 }),
    ],
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

export const threadTable: KindTable<Name> = {
  definition: threadActor,
  callers: Object.keys(CALLERS) as Name[],
  roles: {
    known: THREAD_ROLES,
    played: Object.values<Caller>(CALLERS).flatMap((caller) => rolesOf(caller, person(1).id)),
  },
  rows: ROWS,
  open,
};
